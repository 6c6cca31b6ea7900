"""The local command, interrupted or short of what it needs: messages, exit codes, and nothing left behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from infra.local.cloud import LocalCloud
from tapeline.errors import PortTakenError
from tests.integration.http_server import PictureServer
from tests.integration.test_run_command import ROOT, command, environment, local_clouds

EXAMPLES: Final = ROOT / "examples"
TABLE: Final = EXAMPLES / "test.csv"
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def started(tmp_path: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Start ``run`` on the examples, with a temporary folder of its own."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        command("run", "--cloud", "local", TABLE, "--images", EXAMPLES / "images", *arguments),
        cwd=ROOT,
        env=environment(scratch),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def nothing_is_left(tmp_path: Path) -> bool:
    scratch = tmp_path / "scratch"
    deadline = time.monotonic() + 5
    while local_clouds(scratch) and time.monotonic() < deadline:
        time.sleep(0.05)
    return local_clouds(scratch) == [] and list(scratch.iterdir()) == []


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"expected {text!r}, the process ended with {process.wait()}")


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("moment", ["deploying", "the run has"])
def test_each_signal_ends_what_was_started(tmp_path: Path, number: signal.Signals, moment: str) -> None:
    with started(tmp_path, "--out", tmp_path / "out") as process:
        wait_for(process, moment)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.endswith("tapeline: interrupted; everything that was started has been ended\n")
    assert "Traceback" not in said
    assert nothing_is_left(tmp_path)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("delay", [0.15, 0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 5.0])
def test_signals_that_keep_coming_break_into_nothing(tmp_path: Path, delay: float) -> None:
    with started(tmp_path, "--out", tmp_path / "out") as process:
        time.sleep(delay)
        for turn in range(2000):
            process.send_signal(SIGNALS[turn % 3])
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.01)
                break
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert nothing_is_left(tmp_path)


def test_an_interrupt_while_a_class_is_defined_has_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(
        "import sys\n"
        "from infra.command import cli, main\n"
        "cli.run_command = lambda _: exec('raise KeyboardInterrupt')\n"
        "sys.exit(main.main([]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(["layers/tapeline", "functions", ".", str(tmp_path)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr == "tapeline: interrupted; everything that was started has been ended\n"


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    script = (
        "import os, signal\n"
        "from infra.local import interrupts\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "interrupts.install()\n"
        "os.kill(os.getpid(), signal.SIGHUP)\n"
        "with interrupts.held():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('held', flush=True)\n"
        "print('not reached', flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "held\n"
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_a_terminal_that_goes_away_is_no_reason_to_leave_anything(tmp_path: Path) -> None:
    with started(tmp_path, "--out", tmp_path / "out") as process:
        wait_for(process, "deploying")
        assert process.stderr is not None
        process.stderr.close()
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 130
        process.stderr = None
    assert nothing_is_left(tmp_path)


def test_output_that_nobody_reads_is_no_traceback(tmp_path: Path) -> None:
    with started(tmp_path, "--out", tmp_path / "out") as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert nothing_is_left(tmp_path)


def test_a_cloud_that_dies_is_a_message(tmp_path: Path) -> None:
    with started(tmp_path, "--out", tmp_path / "out") as process:
        wait_for(process, "the run has")
        for pid in local_clouds(tmp_path / "scratch"):
            if pid != process.pid and "ministack.app" in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "expected the local cloud to" in said
    assert "local-cloud.log" in said
    assert "Traceback" not in said
    assert nothing_is_left(tmp_path)


@pytest.mark.parametrize("out", ["file", "file/out", "file/a/b"])
def test_a_file_where_the_folder_should_be_is_wrong_usage(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("mine")
    with started(tmp_path, "--out", tmp_path / out) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"{tmp_path / 'file'} is a file" in said
    assert (tmp_path / "file").read_text() == "mine"
    assert nothing_is_left(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_message(tmp_path: Path) -> None:
    with started(tmp_path, "--out", "/proc/nothing/here") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "tapeline: expected to use files and sockets at /proc/nothing" in said
    assert "Traceback" not in said
    assert nothing_is_left(tmp_path)


def in_a_small_file_system(kilobytes: int) -> list[str]:
    """The beginning of a command that runs with a file system of its own at its first argument."""
    mount = f'mount -t tmpfs -o size={kilobytes}k none "$0" && exec "$@"'
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount]


def can_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    attempt = [*in_a_small_file_system(64), str(folder), "true"]
    return subprocess.run(attempt, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(("full", "kilobytes"), [("out", 4), ("out", 8), ("scratch", 64)])
def test_a_full_disk_is_a_message(tmp_path: Path, full: str, kilobytes: int) -> None:
    for name in ("out", "scratch"):
        (tmp_path / name).mkdir()
    if not can_mount(tmp_path / full):
        pytest.skip("needs unshare, and the permission to mount a tmpfs")
    watch = 'folder="$0"; "$@"; status=$?; ls -A "$folder"; exit $status'
    images = EXAMPLES / "images"
    run = command("run", "--cloud", "local", TABLE, "--images", images, "--out", tmp_path / "out")
    done = subprocess.run(
        [
            *in_a_small_file_system(kilobytes),
            str(tmp_path / full),
            "sh",
            "-c",
            watch,
            str(tmp_path / full),
            *run,
        ],
        cwd=ROOT,
        env=environment(tmp_path / "scratch"),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].startswith("tapeline: expected ")
    assert re.search("No space left on device|expected [0-9]+ MiB of space", done.stderr)
    assert "Traceback" not in done.stderr
    # No half of a table, neither under its name nor under another.
    assert not [name for name in done.stdout.split() if name.endswith(".partial")]
    if full == "scratch":
        assert done.stdout == ""
    assert nothing_is_left(tmp_path)


def test_a_taken_port_is_not_another_cloud_s(tmp_path: Path) -> None:
    # Whoever listens there would answer in the local cloud's place.
    with PictureServer() as other:
        port = other.address[1]
        with pytest.raises(PortTakenError, match=f"expected port {port} of 127.0.0.1 to be free"):
            LocalCloud(port=port).__enter__()
        assert other.total == 0
