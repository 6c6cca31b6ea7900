SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CSV    ?= examples/test.csv
IMAGES ?= $(if $(filter examples/test.csv,$(CSV)),examples/images,)
OUT    ?= out
ROWS   ?= ground_truth.csv
MODELS ?= .cache/models
WEIGHTS := resnet50_weights_tf_dim_ordering_tf_kernels.h5
# local: through template.yaml in the local cloud; empty: in the command's own process.
CLOUD  ?= local
# process: Inference runs as a process of this machine; docker: in its image.
ENGINE ?= process
# Where set: Predict starts from snapshots (docs/aws.md, "Fast from cold").
SNAPSTART ?=
TEMPLATE := $(if $(SNAPSTART),template-snapstart.yaml,template.yaml)
# An environment in samconfig.toml.
ENV ?= default
# Pictures are read by as many workers at once as there are processors.
WORKERS ?= $(shell nproc)
# Processes that share the tests, file by file. Each starts a local cloud of its own.
TEST_PROCESSES ?= 2

PYTHON_VERSION := $(shell cat .python-version)
VENV := .venv
PY   := PYTHONPATH=layers/tapeline:functions:. $(VENV)/bin/python
SAM  := .venv-sam/bin/sam
export SAM_CLI_TELEMETRY := 0

# pyenv's shims exist for versions that aren't selected, so each candidate has to say its version.
define FIND_PYTHON
for candidate in "$${PYTHON:-}" python$(PYTHON_VERSION) python3 python; do \
  if [ -n "$$candidate" ] && [ "$$("$$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$(PYTHON_VERSION)" ]; then \
    echo "$$candidate"; exit 0; \
  fi; \
done; \
echo "Tapeline needs Python $(PYTHON_VERSION), the version of its Lambda image, and found none." >&2; \
echo "Install it (pyenv install $(PYTHON_VERSION), uv python install $(PYTHON_VERSION), or your system's package)," >&2; \
echo "or say where it is: make PYTHON=/path/to/python$(PYTHON_VERSION) ..." >&2; \
exit 1
endef

# $(call INSTALL,FOLDER,LOCK): an environment with what a lock names, made or brought up to date.
define INSTALL
python="$$($(FIND_PYTHON))"; \
echo "tapeline: installing $(2) into $(1) (a minute or two, once)" >&2; \
[ -x $(1)/bin/python ] || "$$python" -m venv --clear $(1); \
$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(2) 2> >(grep -v '^WARNING: Location' >&2); \
cp $(2) $(1)/installed.txt
endef

# Where there are weights that aren't converted yet.
CONVERT = [ ! -f "$(MODELS)/$(WEIGHTS)" ] || [ -f "$(MODELS)/resnet50/made_from.json" ] \
  || $(MAKE) --no-print-directory converted

.PHONY: help
help: ## Show this help
	@echo "make TARGET [CSV=examples/test.csv] [IMAGES=examples/images] [OUT=out] [ENGINE=docker] [ENV=prod]"
	@echo
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  \1|\2/' | column -t -s '|'

.PHONY: run
run: $(VENV)/local weights $(if $(filter docker,$(ENGINE)),build) ## Answer CSV on this machine: no AWS account, no Docker (ENGINE=docker: in the image)
	@$(PY) -m tapeline run "$(CSV)" --out "$(OUT)" --models "$(MODELS)" --workers $(WORKERS) --exit-zero \
	  $(if $(CLOUD),--cloud $(CLOUD) --engine $(ENGINE)) $(if $(IMAGES),--images "$(IMAGES)") $(RUN_ARGS)

.PHONY: serve
serve: $(VENV)/local weights ## Serve the API and its page on this machine until Ctrl-C
	@$(PY) -m tapeline serve --models "$(MODELS)" --workers $(WORKERS) \
	  $(if $(IMAGES),--images "$(IMAGES)") $(if $(PORT),--port $(PORT))

.PHONY: estimate
estimate: $(VENV)/local ## Say what CSV would take on AWS: rows, pictures, refused rows, minutes, dollars (REPORT=out/report.json)
	@$(PY) -m tapeline estimate "$(CSV)" $(if $(REPORT),--report "$(REPORT)")

# Only a conversion needs TensorFlow: its environment is made where there are weights to convert.
.PHONY: review
review: $(VENV)/local weights ## Serve the page to review the run whose outputs are in OUT, until Ctrl-C
	@$(PY) -m tapeline review --out "$(OUT)" --models "$(MODELS)" --workers $(WORKERS) $(if $(RUN),--run "$(RUN)") \
	  $(if $(IMAGES),--images "$(IMAGES)") $(if $(PORT),--port $(PORT))

.PHONY: correct
correct: $(VENV)/local ## Take CSV, a filled-in review.csv, into the outputs in OUT
	@$(PY) -m tapeline correct "$(CSV)" --out "$(OUT)"

.PHONY: models
models: $(VENV)/local ## Fetch, check and convert the ResNet50 weights, or say why they can't be had
	@$(PY) -m tapeline models --models "$(MODELS)" --no-convert
	@$(CONVERT)

# What goes on without the weights asks for them once a day.
.PHONY: weights
weights: $(VENV)/local
	@$(PY) -m tapeline models --models "$(MODELS)" --no-convert --optional
	@$(CONVERT)

.PHONY: converted
converted: .venv-convert/convert
	@PYTHONPATH=layers/tapeline:. .venv-convert/bin/python -m infra.image.resnet50 --cache "$(MODELS)"

.PHONY: wheel
wheel: $(VENV)/dev ## Build the distribution into dist
	@$(VENV)/bin/python -m build --wheel --no-isolation --outdir dist . > /dev/null && ls dist/*.whl

.PHONY: figures
figures: $(VENV)/dev ## Renew what quick commands print in the documents; half a minute
	@$(PY) -m infra.figures

.PHONY: docs
docs: $(VENV)/dev ## Build the documents as a site into build/site, with warnings as errors
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet

.PHONY: command-help
command-help: $(VENV)/dev ## Renew docs/command.md from the command's help
	@$(PY) -m infra.command.help_page > docs/command.md.new && mv docs/command.md.new docs/command.md

.PHONY: cloud
cloud: $(VENV)/local weights ## Start a local cloud that stays up, for sam local and the AWS CLI
	@$(PY) -m tapeline cloud --models "$(MODELS)"

.PHONY: build
build: .venv-sam/sam weights ## Build what is deployed: the layer, the functions, the image (needs Docker)
	@if [ -f "$(MODELS)/$(WEIGHTS)" ]; then \
	  parameters="ResNet50=present ModelFiles=$(MODELS)"; \
	else \
	  parameters="ResNet50=absent"; echo "tapeline: building the image without ResNet50" >&2; \
	fi; \
	$(PY) -m infra.image.base --check || echo "tapeline: building on whatever the base image's tag names now" >&2; \
	$(if $(SNAPSTART),$(PY) -m infra.snapstart > $(TEMPLATE);) \
	PATH="$$PWD/$(VENV)/bin:$$PATH" $(SAM) build --template $(TEMPLATE) --config-env $(ENV) --parameter-overrides $$parameters

.PHONY: deploy
deploy: build ## Build, then deploy to the AWS account of your credentials (ENV=prod: as prod)
	@$(SAM) deploy --config-env $(ENV) $(DEPLOY_ARGS)

.PHONY: destroy
destroy: .venv-sam/sam ## Delete the stack; the buckets and what is in them remain
	@$(SAM) delete --config-env $(ENV)

.PHONY: logs
logs: .venv-sam/sam ## Follow the functions' logs
	@$(SAM) logs --config-env $(ENV) --tail

.PHONY: train
train: $(VENV)/dev ## Train the ranker on ROWS with ground truth, one file or several, with their pictures in IMAGES
	@$(PY) -m tapeline train $(ROWS) --images "$(IMAGES)" $(TRAIN_ARGS)

.PHONY: evaluate
evaluate: $(VENV)/dev ## Score ROWS with ground truth, with their pictures in IMAGES; an HTML page goes to OUT
	@$(PY) -m tapeline evaluate "$(ROWS)" --images "$(IMAGES)" --out "$(OUT)" $(EVALUATE_ARGS)

.PHONY: quantise
quantise: .venv-quantise/quantise ## Make the OCR models anew, with the train split of ROWS, and their pictures in IMAGES, as samples
	@PYTHONPATH=layers/tapeline:. .venv-quantise/bin/python -m infra.quantise "$(ROWS)" --images "$(IMAGES)"

.PHONY: test
test: $(VENV)/dev ## Run all tests that need neither Docker nor AWS
	@PYTHONPATH= $(VENV)/bin/python -m pytest -n $(TEST_PROCESSES) --dist loadfile -m "not (container or e2e or alone)" $(PYTEST_ARGS)
	@PYTHONPATH= TAPELINE_E2E=local $(VENV)/bin/python -m pytest -m "e2e or alone" $(PYTEST_ARGS)

.PHONY: test-container
test-container: $(VENV)/dev .venv-sam/sam ## Run the tests of the image and of the SAM commands, with a Docker Engine
	@PYTHONPATH= $(VENV)/bin/python -m pytest -m container $(PYTEST_ARGS)

.PHONY: test-e2e
test-e2e: $(VENV)/dev $(if $(LOCAL),,build) ## Deploy to the AWS account of your credentials, prove it, delete it, print what it cost (LOCAL=1: to the local cloud)
	@PYTHONPATH= TAPELINE_E2E=$(if $(LOCAL),local,aws) $(VENV)/bin/python -m pytest -m e2e -s $(PYTEST_ARGS)

.PHONY: lint
lint: $(VENV)/dev ## Check style and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

.PHONY: format
format: $(VENV)/dev ## Bring the code into form
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

.PHONY: validate
validate: .venv-sam/sam ## Check template.yaml with the SAM CLI and cfn-lint
	@AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint

.PHONY: benchmark
benchmark: $(VENV)/dev ## Run up to 5,000,000 rows through FanOut and Reducer; print seconds, memory and scratch space
	@$(PY) -m benchmarks.scale $(BENCHMARK_ARGS)

.PHONY: benchmark-run
benchmark-run: $(VENV)/dev ## Run a CSV through the local cloud with Inference stubbed; print seconds and peak memory
	@$(PY) -m benchmarks.full_size $(BENCHMARK_ARGS)

.PHONY: cold-start
cold-start: $(VENV)/dev ## Time the image's cold start, and weigh it; after make build
	@$(PY) -m benchmarks.cold_start $(BENCHMARK_ARGS)

.PHONY: benchmark-workers
benchmark-workers: $(VENV)/dev ## Compare memory sizes, threads and reading processes of the image; ROWS and IMAGES, or the examples
	@$(PY) -m benchmarks.worker_shape $(if $(wildcard $(ROWS)),"$(ROWS)" "$(IMAGES)") $(BENCHMARK_ARGS)

.PHONY: benchmark-api
benchmark-api: $(VENV)/dev ## Ask a served API (TAPELINE_URL, TAPELINE_API_KEY) 200 times; print p50 and p95
	@$(PY) -m benchmarks.api_load $(BENCHMARK_ARGS)

.PHONY: benchmark-lines
benchmark-lines: $(VENV)/dev ## Compare drawn lines with the notes of labelled ROWS, with their pictures in IMAGES
	@$(PY) -m benchmarks.dimension_lines "$(ROWS)" "$(IMAGES)" $(BENCHMARK_ARGS)

.PHONY: benchmark-reading
benchmark-reading: $(VENV)/dev ## Time ROWS' pictures in IMAGES from bytes to answers (BENCHMARK_ARGS="--before CHECKOUT")
	@$(PY) -m benchmarks.reading "$(ROWS)" --images "$(IMAGES)" $(BENCHMARK_ARGS)

.PHONY: benchmark-own
benchmark-own: $(VENV)/dev ## Score two entities of products.toml, by words and after training, with the labelled pictures in IMAGES
	@$(PY) -m benchmarks.own_entities --images "$(IMAGES)"

.PHONY: soak
soak: $(VENV)/dev ## Answer runs for MINUTES (30) while workers are killed, the store fails and pictures are hostile
	@$(PY) -m benchmarks.soak $(if $(MINUTES),--minutes $(MINUTES)) $(BENCHMARK_ARGS)

.PHONY: mutants
mutants: $(VENV)/dev ## Decode and read 1,000 damaged pictures of each format; print errors and the slowest
	@$(PY) -m benchmarks.mutants $(BENCHMARK_ARGS)

.PHONY: openapi
openapi: $(VENV)/dev ## Renew docs/openapi.json from the endpoints
	@$(PY) -m infra.openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

.PHONY: lock
lock: $(VENV)/dev ## Renew the locks from pyproject.toml
	@for group in inference convert quantise local dev sam container; do \
	  $(VENV)/bin/uv pip compile --quiet --group pyproject.toml:$$group --universal --python-version $(PYTHON_VERSION) \
	    --generate-hashes --no-annotate --custom-compile-command "make lock" --output-file requirements/$$group.txt; \
	done
	@for group in inference convert; do \
	  $(VENV)/bin/uv pip compile --quiet --group pyproject.toml:$$group --python-platform aarch64-manylinux_2_34 \
	    --only-binary :all: --python-version $(PYTHON_VERSION) --generate-hashes --no-annotate \
	    --custom-compile-command "make lock" --output-file requirements/$$group-arm64.txt; \
	done
	@$(VENV)/bin/uv pip compile --quiet --group pyproject.toml:layer --universal --python-version $(PYTHON_VERSION) \
	  --generate-hashes --no-annotate --custom-compile-command "make lock" --output-file layers/tapeline/requirements.txt

.PHONY: stand-in
stand-in: $(VENV)/dev .venv-sam/sam ## Have the base image where it can't be pulled: as root, with Docker and debootstrap
	@$(PY) -m tests.container.base_image .venv-sam

.PHONY: base-image
base-image: $(VENV)/dev ## Renew the base image's digest in its lock, the Dockerfile and template.yaml
	@$(PY) -m infra.image.base

.PHONY: model-hashes
model-hashes: $(VENV)/dev ## Write the SHA-256 of all model files into infra/models.lock.json, after a check of their MD5
	@$(PY) -m infra.image.models --cache "$(MODELS)" --renew

.PHONY: clean
clean: ## Remove environments, caches and outputs
	@rm -rf .venv .venv-convert .venv-quantise .venv-sam .cache dist .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis out
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The developers' environment holds the local one: whichever is there first serves make run.
$(VENV)/local: requirements/local.txt requirements/dev.txt
	@if ! cmp -s $(VENV)/installed.txt requirements/local.txt && ! cmp -s $(VENV)/installed.txt requirements/dev.txt; then \
	  $(call INSTALL,$(VENV),requirements/local.txt); fi
	@touch $@

$(VENV)/dev: requirements/dev.txt
	@if ! cmp -s $(VENV)/installed.txt requirements/dev.txt; then $(call INSTALL,$(VENV),requirements/dev.txt); fi
	@touch $@

.venv-convert/convert: requirements/convert.txt
	@$(call INSTALL,.venv-convert,requirements/convert.txt)
	@touch $@

.venv-quantise/quantise: requirements/quantise.txt
	@$(call INSTALL,.venv-quantise,requirements/quantise.txt)
	@touch $@

.venv-sam/sam: requirements/sam.txt
	@$(call INSTALL,.venv-sam,requirements/sam.txt)
	@touch $@
