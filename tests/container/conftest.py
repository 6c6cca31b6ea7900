"""One engine, one base image and one build for all tests of this folder."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.cloud import LocalCloud
from tests.container import base_image
from tests.container.engine import docker_engine
from tests.random_weights import write_model_files

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
# .dockerignore lets its files into the image's context.
WEIGHTS = CACHE / "models-random"
SAM = ROOT / ".venv-sam"
INFERENCE = "inferencefunction:inference"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.container)


@dataclass(frozen=True)
class Build:
    """What ``sam build`` made.

    Attributes:
        template: The built template.
        models: The same model files, converted for a run outside the image.
    """

    template: Path
    models: Path


def sam_environment(**more: str) -> dict[str, str]:
    """Return the variables of a SAM command: nothing of the caller's AWS configuration is in them."""
    paths = [str(SAM / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    kept = {name: os.environ[name] for name in ("HOME", "DOCKER_HOST", "LANG") if name in os.environ}
    return {
        **kept,
        "PATH": os.pathsep.join(paths),
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": LocalCloud.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **more,
    }


def sam(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a SAM command in the project's folder."""
    return subprocess.run(
        ["sam", *words],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=sam_environment(**environment),
    )


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    with docker_engine(CACHE / "docker"):
        yield


@pytest.fixture(scope="session")
def base(engine: None) -> str:
    base_image.ensure(SAM)
    return base_image.NAME


@pytest.fixture(scope="session")
def weights() -> Path:
    if not (WEIGHTS / "models.lock.json").exists():
        write_model_files(WEIGHTS)
    return WEIGHTS


@pytest.fixture(scope="session")
def build(base: str, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build with random weights: the real ones may be out of reach, and answers don't depend on them."""
    folder = weights.relative_to(ROOT).as_posix()
    # By tag: a stand-in has no digest.
    parameters = [f"BaseImage={base}", f"ModelFiles={folder}", f"ModelsLock={folder}/models.lock.json"]
    done = sam("build", "--parameter-overrides", "ResNet50=present", *parameters)
    assert done.returncode == 0, done.stderr[-5000:]
    models = tmp_path_factory.mktemp("models")
    lock = ["--lock", weights / "models.lock.json", "--from", weights]
    for command in (["infra.image.models", *lock], ["infra.image.resnet50"]):
        subprocess.run(
            [sys.executable, "-m", *command, "--cache", models],
            check=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(["layers/tapeline", "."])},
        )
    return Build(ROOT / ".aws-sam/build/template.yaml", models)


def docker(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a docker command."""
    return subprocess.run(["docker", *map(str, words)], check=False, capture_output=True, text=True)
