"""A Docker Engine for the tests: the one that answers, or one of their own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30


def answers() -> bool:
    """Say whether the engine that the ``docker`` command talks to is there."""
    try:
        return subprocess.run(["docker", "version"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def docker_engine(data: Path) -> Iterator[None]:
    """Make sure that an engine answers, and end it by its pid if it was started here.

    While it is up, ``DOCKER_HOST`` of this process names it.

    Args:
        data: Where an engine of its own keeps its images, so that the next one has them.

    Raises:
        RuntimeError: None answers, and none can be started.
    """
    if answers():
        yield
        return
    if shutil.which("dockerd") is None or shutil.which("docker") is None or os.geteuid() != 0:
        raise RuntimeError(
            "expected a Docker Engine that answers, or to be root with dockerd installed and start one: "
            "see CONTRIBUTING.md"
        )
    folder = Path(tempfile.mkdtemp(prefix="tapeline-engine-"))
    address, log = f"unix://{folder}/docker.sock", folder / "dockerd.log"
    data.mkdir(parents=True, exist_ok=True)
    command = [
        "dockerd", "--host", address, "--data-root", str(data.resolve()),
        "--exec-root", str(folder / "exec"), "--pidfile", str(folder / "docker.pid"),
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = address
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"expected dockerd to answer, it did not:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
        if before is None:
            del os.environ["DOCKER_HOST"]
        else:
            os.environ["DOCKER_HOST"] = before
        shutil.rmtree(folder, ignore_errors=True)
