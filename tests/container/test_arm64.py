"""What ``Architecture=arm64`` builds, as far as it can be told without running it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.image.prune import prune
from tests.container.conftest import ROOT, sam

# What ``uname -m`` says on arm64, and what its ELF files have as their machine. Source: elf(5), EM_AARCH64.
MACHINE = "aarch64"
ELF_MACHINE = 183

# The newest versions of the C and C++ libraries' symbols that Lambda's image of Python 3.12 has: Amazon Linux
# 2023 has glibc 2.34, and GCC 11's C++ library.
NEWEST = {b"GLIBC_2.": 34, b"GLIBCXX_3.4.": 29}


def libraries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.so*") if path.read_bytes()[:4] == b"\x7fELF"]


def machine(library: Path) -> int:
    return int.from_bytes(library.read_bytes()[18:20], "little")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the image's packages for Lambda's arm64, as pip chooses them there."""
    folder = tmp_path_factory.mktemp("packages")
    platforms = [f"--platform=manylinux_2_{version}_{MACHINE}" for version in (34, 31, 28, 17)]
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes",
            "--no-compile", "--only-binary=:all:", *platforms, f"--platform=manylinux2014_{MACHINE}",
            "--target", folder, "--requirement", ROOT / "requirements/inference-arm64.txt",
        ],
        check=True,
    )  # fmt: skip
    return folder


def test_the_lock_has_packages_that_lambda_s_base_takes(packages: Path) -> None:
    found = libraries(packages)
    assert len(found) > 50
    for path in found:
        assert machine(path) == ELF_MACHINE, path
        body = path.read_bytes()
        for prefix, newest in NEWEST.items():
            versions = re.findall(re.escape(prefix) + rb"(\d+)", body)
            assert max(map(int, versions), default=0) <= newest, path


def test_what_answering_does_not_need_is_found_there_too(packages: Path) -> None:
    assert sum(prune(packages, MACHINE).values()) > 50e6
    left = {path.name.split(".")[0] for path in (packages / "openvino/libs").iterdir()}
    assert {"libopenvino", "libopenvino_arm_cpu_plugin", "libopenvino_ir_frontend"} <= left
    assert not [name for name in left if "tensorflow" in name or "onnx" in name]


def test_the_layer_is_built_for_it(tmp_path: Path) -> None:
    done = sam(
        "build", "TapelineLayer", "--build-dir", str(tmp_path), "--parameter-overrides", "Architecture=arm64"
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = libraries(tmp_path / "TapelineLayer")
    assert found
    assert {machine(path) for path in found} == {ELF_MACHINE}
