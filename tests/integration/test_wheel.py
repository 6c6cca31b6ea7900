"""The distribution: built, unpacked and used from a folder of its own."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tapeline import __version__

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def use(installed: Path, folder: Path, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    ).stdout


def test_it_has_the_package_its_types_its_data_and_what_the_local_cloud_needs(installed: Path) -> None:
    package = installed / "tapeline"
    for name in (
        "py.typed",
        "ranking/ranker.json",
        "deployment/template.yaml",
        "deployment/infra/local/job.py",
    ):
        assert (package / name).is_file(), name
    assert not list(installed.rglob("__pycache__"))


def test_its_versions_and_extras_stand_in_one_place(installed: Path) -> None:
    (metadata,) = installed.glob("*.dist-info/METADATA")
    text = metadata.read_text()
    assert f"\nVersion: {__version__}\n" in text
    for extra in ("read", "local", "train"):
        assert f"\nProvides-Extra: {extra}\n" in text
    assert "aws-lambda-powertools" not in "".join(line for line in text.splitlines() if "'read'" in line)


def test_importing_it_imports_nothing_else(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; before = set(sys.modules); import tapeline;"
        "print(tapeline.__file__); print({name.partition('.')[0] for name in set(sys.modules) - before}"
        " - {'tapeline'} - sys.stdlib_module_names)"
    )
    path, others = use(installed, tmp_path, "-c", code).splitlines()
    assert Path(path).parent == installed / "tapeline"
    assert others == "set()"


def test_its_command_runs_outside_of_a_clone(installed: Path, tmp_path: Path) -> None:
    assert "wattage" in use(installed, tmp_path, "-m", "tapeline", "entities")


def test_the_local_cloud_finds_its_template_and_functions(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from infra.local.deployment import TEMPLATE\n"
        "from infra.local.package import package\n"
        "sizes = {}\n"
        "package(TEMPLATE, lambda name, body: sizes.setdefault(name, len(body)) and name, {})\n"
        "print('TapelineLayer.zip' in sizes, min(sizes.values()) > 1000)"
    )
    printed = use(installed, tmp_path, "-c", code, str(installed / "tapeline/deployment"))
    assert printed == "True True\n"
