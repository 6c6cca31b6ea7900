"""``tapeline run`` in its own process: the bytes of the local cloud, killed and resumed as well."""

import csv
import json
import signal
import subprocess
import time
from pathlib import Path

from tapeline.local.out_folder import STATE
from tapeline.local.running import RunResult
from tests.integration.conftest import IMAGES, ROOT
from tests.integration.test_run_command import command, environment, local_clouds

TABLE = ROOT / "examples/test.csv"


def begin(scratch: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    scratch.mkdir(exist_ok=True)
    return subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=environment(scratch),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kept(out: Path) -> int:
    """The pictures whose answers are kept so far."""
    return len(list((out / STATE).glob("results/runs/*/shard_results/*.[0-9]*.jsonl")))


def test_killed_and_resumed_it_writes_the_bytes_of_the_local_cloud(
    example_run: RunResult, tmp_path: Path
) -> None:
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    with begin(scratch, "run", TABLE, "--images", IMAGES, "--out", out, "--workers", "1") as process:
        deadline = time.monotonic() + 300
        while kept(out) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    finished = {path.name: path.stat().st_mtime_ns for path in (out / STATE).rglob("*.0*.jsonl")}
    assert 3 <= len(finished) < 12
    with begin(scratch, "resume", out, "--json") as process:
        printed, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert '"pictures_read": 12' in printed
    assert (out / "test_out.csv").read_bytes() == example_run.predictions.read_bytes()
    assert (out / "errors.csv").read_bytes() == example_run.errors.read_bytes()
    assert comparable(out / "details.csv") == comparable(example_run.files[1])
    assert not (out / STATE).exists()
    deadline = time.monotonic() + 10
    while local_clouds(scratch) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert local_clouds(scratch) == []


def comparable(path: Path) -> list[tuple[str, ...]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            tuple(_without_corners(name, cell) for name, cell in row.items() if name != "milliseconds")
            for row in csv.DictReader(file)
        ]


def _without_corners(name: str, cell: str) -> str:
    # They are kept for unsure rows, and in the shared stack all rows are.
    return json.dumps([other[:3] for other in json.loads(cell)]) if name == "runners_up" and cell else cell
