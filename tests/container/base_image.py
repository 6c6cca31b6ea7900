"""A stand-in for Lambda's Python base image, for machines that can't pull the real one.

Debian in place of Amazon Linux, with what the base image promises in the same places: CPython under
``/var/lang``, the runtime interface client under ``/var/runtime``, the code's folder ``/var/task``, an
entry point that takes the handler's name, and the runtime interface emulator. The project's Dockerfile
is built on it as it is.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
NAME: Final = "public.ecr.aws/lambda/python:3.12"
# The name under which sam local looks for it.
LOCAL_NAME: Final = f"{NAME}-x86_64"

_SUITE: Final = "bookworm"
# What CPython and the wheels link to; Amazon Linux has the same under other names.
_PACKAGES: Final = (
    "ca-certificates", "libssl3", "libffi8", "zlib1g", "libbz2-1.0", "liblzma5", "libreadline8",
    "libsqlite3-0", "libgomp1", "libstdc++6", "libuuid1", "libexpat1",
)  # fmt: skip
_UNUSED: Final = (
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
    "__pycache__",
    "*.a",
    "config-3.*",
)
_EMULATOR: Final = "samcli/local/rapid/aws-lambda-rie-x86_64"

_ENTRY_POINT: Final = """\
#!/bin/sh
set -e
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" >&2
  exit 142
fi
export _HANDLER="$1"
if [ -z "$AWS_LAMBDA_RUNTIME_API" ]; then
  exec /usr/local/bin/aws-lambda-rie /var/lang/bin/python -m awslambdaric "$1"
fi
exec /var/lang/bin/python -m awslambdaric "$1"
"""
# SAM CLI and the emulator start this file with the handler in _HANDLER.
_BOOTSTRAP: Final = """\
#!/bin/sh
exec /var/lang/bin/python -m awslambdaric "$_HANDLER"
"""
_CONFIGURATION: Final = (
    "ENV LANG=en_US.UTF-8",
    "ENV TZ=:/etc/localtime",
    "ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/opt/lib",
    "ENV LAMBDA_TASK_ROOT=/var/task",
    "ENV LAMBDA_RUNTIME_DIR=/var/runtime",
    "WORKDIR /var/task",
    'ENTRYPOINT ["/lambda-entrypoint.sh"]',
)


def present() -> bool:
    """Say whether the engine has the base image already."""
    return (
        subprocess.run(["docker", "image", "inspect", NAME], check=False, capture_output=True).returncode == 0
    )


def pull() -> bool:
    """Pull the real base image; say whether that worked."""
    return (
        subprocess.run(["docker", "pull", "--quiet", NAME], check=False, capture_output=True).returncode == 0
    )


def build_stand_in(sam: Path) -> None:
    """Make the stand-in and give it the base image's name.

    Args:
        sam: The environment that has the SAM CLI, whose wheel carries the emulator.

    Raises:
        subprocess.CalledProcessError: A step failed; its output is on standard error.
        RuntimeError: Something that it is made of isn't on this machine.
    """
    emulator = next(sam.glob(f"lib/python*/site-packages/{_EMULATOR}"), None)
    if emulator is None:
        raise RuntimeError(f"expected the SAM CLI's emulator under {sam}, found none: run `make build` first")
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise RuntimeError(
            f"expected to pull {NAME}, which failed, or to be root with debootstrap and make a stand-in: "
            "see CONTRIBUTING.md"
        )
    with tempfile.TemporaryDirectory(prefix="tapeline-base-") as folder:
        root = Path(folder) / "root"
        _run("debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", _SUITE, root)
        _copy_python(root)
        _install_runtime(root)
        _install(root / "usr/local/bin/aws-lambda-rie", emulator.read_bytes())
        _install(root / "lambda-entrypoint.sh", _ENTRY_POINT.encode())
        _install(root / "var/runtime/bootstrap", _BOOTSTRAP.encode())
        (root / "var/task").mkdir(parents=True, exist_ok=True)
        configuration = [*_CONFIGURATION, *_trust(root)]
        for path in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"):
            shutil.rmtree(root / path, ignore_errors=True)
        archive = Path(folder) / "root.tar"
        _run("tar", "--create", "--numeric-owner", "--file", archive, "--directory", root, ".")
        changes = [word for line in configuration for word in ("--change", line)]
        _run("docker", "import", *changes, archive, NAME)
        _run("docker", "tag", NAME, LOCAL_NAME)


def _copy_python(root: Path) -> None:
    """Copy the interpreter that runs this, without what Lambda's doesn't have either."""
    source, target = Path(sys.base_prefix), root / "var/lang"
    if not (source / "lib/python3.12/os.py").is_file() or source == Path("/usr"):
        raise RuntimeError(
            f"expected a Python 3.12 in a folder of its own (pyenv, uv), received {source}: a stand-in can't "
            "be made of it"
        )
    for part in ("bin", "include", "lib"):
        shutil.copytree(
            source / part,
            target / part,
            symlinks=True,
            ignore=shutil.ignore_patterns(*_UNUSED, "site-packages"),
        )
    packages = Path("lib/python3.12/site-packages")
    (target / packages).mkdir()
    for path in (source / packages).glob("pip*"):
        shutil.copytree(path, target / packages / path.name, ignore=shutil.ignore_patterns("__pycache__"))
    for script in (target / "bin").iterdir():
        if script.is_file() and not script.is_symlink() and script.read_bytes().startswith(b"#!"):
            body = script.read_bytes().partition(b"\n")[2]
            script.write_bytes(b"#!/var/lang/bin/python3.12\n" + body)
    loader = root / "etc/ld.so.conf.d/python.conf"
    loader.write_text("/var/lang/lib\n", encoding="utf-8")
    _run("ldconfig", "-r", root)


def _install_runtime(root: Path) -> None:
    lock = ROOT / "requirements/container.txt"
    _run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes",
        "--target", root / "var/runtime", "--requirement", lock,
    )  # fmt: skip
    # The real runtime finds itself and the layers without a variable, which functions may set anew.
    path = root / "var/lang/lib/python3.12/site-packages/runtime.pth"
    path.write_text("/var/runtime\n/opt/python/lib/python3.12/site-packages\n/opt/python\n", encoding="utf-8")


def _trust(root: Path) -> list[str]:
    """Trust what this machine trusts: behind a proxy with a certificate of its own, pip needs it."""
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if bundle.is_file():
        shutil.copyfile(bundle, root / bundle.relative_to("/"))
    return [f"ENV {name}={bundle}" for name in ("PIP_CERT", "SSL_CERT_FILE")]


def _install(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    path.chmod(0o755)


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, stdout=sys.stderr)


def ensure(sam: Path) -> str:
    """Have the base image: the one that is there, the real one, or a stand-in; say which it is."""
    if present():
        return "was there already"
    if pull():
        return "was pulled"
    build_stand_in(sam)
    return "is a stand-in: good for trying things out, and for nothing that is deployed"


if __name__ == "__main__":
    print(f"{NAME} {ensure(Path(sys.argv[1]))}")
