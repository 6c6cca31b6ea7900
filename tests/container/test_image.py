"""The image on its own, as Lambda runs it: read-only, as some user, with nothing fetched at run time."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.container.conftest import INFERENCE, ROOT, Build, docker

_LARGEST = 700e6  # bytes above the base image


def inside(image: str, *command: str) -> str:
    done = docker("run", "--rm", "--network", "none", "--entrypoint", command[0], image, *command[1:])
    assert done.returncode == 0, done.stderr
    return done.stdout


def answer_kettle(expected: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the smoke step on a picture that isn't in the image, with further options of ``docker run``."""
    return docker(
        "run", "--rm", "--network", "none", *options,
        "--volume", f"{ROOT}/infra/image/smoke.py:/given/image/smoke.py:ro",
        "--volume", f"{ROOT}/infra/models.lock.json:/given/models.lock.json:ro",
        "--volume", f"{ROOT}/examples/images/kettle.jpg:/given/kettle.jpg:ro",
        "--entrypoint", "python", INFERENCE,
        "/given/image/smoke.py", "/given/kettle.jpg", "wattage", expected, "present",
    )  # fmt: skip


def test_it_answers_on_a_read_only_file_system_as_an_unprivileged_user_without_network(build: Build) -> None:
    options = ["--read-only", "--tmpfs", "/tmp:rw,mode=1777", "--user", "993:990"]  # noqa: S108
    done = answer_kettle("2200 watt", *options)
    assert done.returncode == 0, done.stderr
    assert "telemetry" not in done.stderr
    answer = json.loads(done.stdout)
    assert answer["wattage"] == "2200 watt"
    assert all(re.fullmatch(r"class_\d+", label) for label in answer["labels"])


def test_a_wrong_answer_fails_the_smoke_step(build: Build) -> None:
    done = answer_kettle("3000 watt")
    assert done.returncode == 1
    assert "expected '3000 watt' and 5 labels, received '2200 watt' and 5" in done.stderr


def test_the_build_answered_a_picture(build: Build) -> None:
    answer = json.loads(inside(INFERENCE, "cat", "/opt/tapeline/smoke.json"))
    assert answer["item_volume"] == "750 millilitre"
    assert len(answer["labels"]) == 5


def test_what_answering_does_not_need_is_gone(build: Build) -> None:
    files = inside(INFERENCE, "find", "/opt/python", "/var/task", "/opt/tapeline", "-type", "f").splitlines()
    assert not [path for path in files if path.endswith((".h", ".pyx", ".pxd", ".pyi", ".h5", ".a"))]
    packages = {path.split("/")[3] for path in files if path.startswith("/opt/python/")}
    assert not packages & {"tensorflow", "keras", "onnxruntime", "rapidocr", "nncf", "openvino_telemetry"}
    assert not packages & {"pip", "pandas", "pytest", "boto3_stubs"}
    assert {"openvino", "cv2", "numpy", "PIL"} <= packages
    assert [path for path in files if path.startswith("/var/task/")]
    assert not [path for path in files if "Dockerfile" in path or "/tests/" in path]


def test_all_code_is_compiled_for_whoever_imports_it(build: Build) -> None:
    script = (
        "import importlib.util, pathlib, sys\n"
        "for root in ('/opt/python', '/var/task'):\n"
        "    for path in pathlib.Path(root).rglob('*.py'):\n"
        "        cached = pathlib.Path(importlib.util.cache_from_source(path))\n"
        "        try: compile(path.read_bytes(), path, 'exec')\n"
        "        except SyntaxError: continue\n"
        # PEP 552: flags 1 say that the source is neither looked at nor compared.
        "        if not cached.exists() or cached.read_bytes()[4:8] != b'\\x01\\0\\0\\0': print(path)\n"
    )
    assert inside(INFERENCE, "python", "-W", "ignore", "-c", script) == ""


def test_a_start_compiles_nothing_of_the_standard_library_either(build: Build) -> None:
    done = docker(
        "run", "--rm", "--network", "none", "--read-only", "--workdir", "/var/task",
        "--entrypoint", "python", INFERENCE, "-v", "-c", "import inference.app, tapeline.worker.loading",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    read = re.findall(r"^# code object from '?([^'\n]+)", done.stderr, re.MULTILINE)
    assert len(read) > 200
    assert not [path for path in read if path.endswith(".py")]


def test_it_is_no_larger_than_promised(build: Build, base: str) -> None:
    sizes = [
        int(docker("image", "inspect", "--format", "{{.Size}}", name).stdout) for name in (INFERENCE, base)
    ]
    assert sizes[0] - sizes[1] <= _LARGEST


@pytest.fixture
def spoiled(weights: Path) -> str:
    """Return a lock whose hash of the weights isn't theirs."""
    lock = json.loads((weights / "models.lock.json").read_text())
    for name in ("md5", "sha256"):
        lock["files"][0][name] = "0" * len(lock["files"][0][name])
    path = weights / "spoiled.lock.json"
    path.write_text(json.dumps(lock))
    return path.relative_to(ROOT).as_posix()


def test_a_wrong_hash_fails_the_build(build: Build, base: str, weights: Path, spoiled: str) -> None:
    done = docker(
        "build", "--force-rm", "--file", ROOT / "functions/inference/Dockerfile", "--target", "models",
        "--build-arg", f"BASE_IMAGE={base}",
        "--build-arg", f"MODEL_FILES={weights.relative_to(ROOT).as_posix()}",
        "--build-arg", f"MODELS_LOCK={spoiled}", ROOT,
    )  # fmt: skip
    assert done.returncode != 0
    assert re.search(r"resnet50_weights\S+: expected .*0000.*received", done.stdout + done.stderr)


def test_a_model_that_can_not_be_fetched_fails_the_build(build: Build, base: str, weights: Path) -> None:
    lock = (weights / "models.lock.json").relative_to(ROOT).as_posix()
    done = docker(
        "build", "--force-rm", "--file", ROOT / "functions/inference/Dockerfile", "--target", "models",
        "--build-arg", f"BASE_IMAGE={base}",
        "--build-arg", f"MODELS_LOCK={lock}", ROOT,
    )  # fmt: skip
    assert done.returncode != 0
    assert "models.invalid" in done.stdout + done.stderr
