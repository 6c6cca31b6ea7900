"""Remove from a folder of installed packages what the functions in the image don't use.

    python -m infra.image.prune /opt/python

Written for the packages of requirements/inference.txt: each entry says why its files aren't needed to
answer pictures. An entry that matches nothing is an error, so that the list follows the lock. That what
stays is enough is shown by the build's smoke step, which answers a picture with it.
"""

import platform
import shutil
import sys
from pathlib import Path
from typing import Final

# Why files aren't needed -> patterns of their paths in the folder of packages.
UNUSED: Final[dict[str, tuple[str, ...]]] = {
    "headers and libraries to compile against": (
        "numpy/_core/include",
        "numpy/_core/lib",
        "numpy/f2py",
        "numpy/random/_examples",
        "openvino/cmake",
        "openvino/include",
        "openvino/libs/tbb.pc",
        "**/*.a",
        "**/*.pyi",
        "**/*.pxd",
    ),
    "tests of the packages": (
        "certifi/tests",
        "numpy/**/tests",
    ),
    # Of openvino's readers, that of its own format stays: all models are in it.
    "what openvino reads other frameworks' models with": (
        "openvino/frontend/jax",
        "openvino/frontend/onnx",
        "openvino/frontend/paddle",
        "openvino/frontend/pytorch",
        "openvino/frontend/tensorflow",
        "openvino/libs/libopenvino_gguf_frontend.so.*",
        "openvino/libs/libopenvino_jax_frontend.so.*",
        "openvino/libs/libopenvino_onnx_frontend.so.*",
        "openvino/libs/libopenvino_paddle_frontend.so.*",
        "openvino/libs/libopenvino_pytorch_frontend.so.*",
        "openvino/libs/libopenvino_tensorflow_*frontend.so.*",
        "openvino/torch",
    ),
    "openvino for graphics cards, neural processors, and several devices at once": (
        "openvino/libs/cache.json",
        "openvino/libs/libopenvino_auto_batch_plugin.so",
        "openvino/libs/libopenvino_auto_plugin.so",
        "openvino/libs/libopenvino_hetero_plugin.so",
        "openvino/libs/libopenvino_intel_gpu_plugin.so",
        "openvino/libs/libopenvino_intel_npu_plugin.so",
    ),
    # The converter would be imported with openvino, and takes a tenth of a second.
    "openvino for other languages than Python, and its converter": (
        "openvino/libs/libopenvino_c.so.*",
        "openvino/libs/libtbbmalloc_proxy.so.*",
        "openvino/tools",
    ),
    "classifiers for faces": ("cv2/data",),
    "commands": ("bin",),
}

# Of the patterns above, those of files that only the packages for x86-64 have.
_X86_ALONE: Final = frozenset(
    {
        "openvino/libs/cache.json",
        "openvino/libs/libopenvino_gguf_frontend.so.*",
        "openvino/libs/libopenvino_intel_gpu_plugin.so",
        "openvino/libs/libopenvino_intel_npu_plugin.so",
    }
)

# The services that the functions call, as botocore names the folders of their descriptions.
_SERVICES: Final = frozenset({"s3", "stepfunctions"})


def prune(folder: Path, machine: str = platform.machine()) -> dict[str, int]:
    """Remove what isn't used.

    Args:
        folder: What pip's ``--target`` names.
        machine: The processor that the packages are for, as ``uname -m`` has it.

    Returns:
        Reason -> bytes removed for it.

    Raises:
        ValueError: A pattern matches nothing, or botocore's services aren't where they were.
    """
    found = {pattern: list(folder.glob(pattern)) for patterns in UNUSED.values() for pattern in patterns}
    optional = frozenset() if machine == "x86_64" else _X86_ALONE
    if idle := [pattern for pattern, paths in found.items() if not paths and pattern not in optional]:
        raise ValueError(
            f"expected files in {folder} for {idle}, found none: remove them from infra/image/prune.py"
        )
    freed: dict[str, int] = {}
    for reason, patterns in UNUSED.items():
        freed[reason] = sum(_remove(path) for pattern in patterns for path in found[pattern])
    services = [path for path in (folder / "botocore/data").iterdir() if path.is_dir()]
    unused = [path for path in services if path.name not in _SERVICES]
    if missing := _SERVICES - {path.name for path in services}:
        raise ValueError(
            f"expected {sorted(_SERVICES)} in {folder}/botocore/data, received none for {sorted(missing)}: "
            "correct infra/image/prune.py"
        )
    freed["descriptions of AWS services that aren't called"] = sum(_remove(path) for path in unused)
    return freed


def _remove(path: Path) -> int:
    if path.is_dir() and not path.is_symlink():
        size = sum(item.lstat().st_size for item in path.rglob("*") if not item.is_dir())
        shutil.rmtree(path)
        return size
    # A file may have gone with a folder that an earlier match of the same pattern named.
    size = path.lstat().st_size if path.exists() else 0
    path.unlink(missing_ok=True)
    return size


if __name__ == "__main__":
    for reason, size in prune(Path(sys.argv[1])).items():
        print(f"{size / 1e6:7.1f} MB  {reason}")
