"""``tapeline run --cloud local``, and the full-size benchmark at a small size."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.full_size import run_stubbed

ROOT = Path(__file__).parents[2]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "tapeline", *map(str, arguments)]


def environment(folder: Path) -> dict[str, str]:
    paths = ("layers/tapeline", "functions", ".")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in paths),
        "TMPDIR": str(folder),
    }


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("run", "--cloud", "local", *arguments),
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def local_clouds(folder: Path) -> list[int]:
    """Processes that a command with this temporary folder left running."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}" in (process / "environ").read_text() and process.name != str(os.getpid()):
                found.append(int(process.name))
        except (OSError, UnicodeDecodeError):
            continue
    return found


def test_the_examples_come_out_as_expected(tmp_path: Path) -> None:
    examples = ROOT / "examples"
    out = tmp_path / "out"
    done = run(tmp_path, examples / "test.csv", "--images", examples / "images", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "24 rows on 12 pictures" in done.stdout
    assert "tapeline: " not in done.stdout
    with (out / "test_out.csv").open(newline="") as got, (examples / "expected.csv").open(newline="") as want:
        found, expected = list(csv.DictReader(got)), list(csv.DictReader(want))
    assert [row["index"] for row in found] == [row["index"] for row in expected]
    right = sum(a["prediction"] == b["prediction"] for a, b in zip(found, expected, strict=True))
    assert right >= 20
    assert {path.name for path in out.iterdir()} == {
        "test_out.csv",
        "details.csv",
        "errors.csv",
        "review.csv",
        "report.html",
        "report.json",
        ".run",
    }
    assert local_clouds(tmp_path) == []


def test_row_errors_exit_with_3(tmp_path: Path) -> None:
    source = tmp_path / "bad.csv"
    source.write_text("image_link,entity_name\nfile:///etc/passwd,width\n")
    done = run(tmp_path, source, "--out", tmp_path / "out")
    assert done.returncode == 3, done.stderr
    assert "1 bad_link" in done.stdout


def test_a_rejected_file_exits_with_1_and_says_why(tmp_path: Path) -> None:
    source = tmp_path / "bad.csv"
    source.write_text("picture;entity\n1;2\n")
    done = run(tmp_path, source, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "image_link and entity_name" in done.stderr
    assert "picture;entity" in done.stderr


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    done = run(tmp_path, tmp_path / "nowhere.csv")
    assert done.returncode == 2
    assert "does not exist" in done.stderr


def test_ctrl_c_exits_with_130_and_leaves_nothing_running(tmp_path: Path) -> None:
    examples = ROOT / "examples"
    images = examples / "images"
    with subprocess.Popen(
        command(
            "run", "--cloud", "local", examples / "test.csv", "--images", images, "--out", tmp_path / "out"
        ),
        cwd=ROOT,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "the run has" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(60) == 130, rest
    assert "interrupted" in rest
    deadline = time.monotonic() + 10
    while local_clouds(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert local_clouds(tmp_path) == []
    assert not list(tmp_path.glob("tapeline-cloud-*"))


def test_many_rows_pass_fan_out_and_reducer_in_order_and_little_memory(tmp_path: Path) -> None:
    source = tmp_path / "many.csv"
    with source.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("index", "image_link", "group_id", "entity_name"))
        for number in range(6000):
            # Every third picture comes again much later: its rows are far apart in the file.
            link = f"https://images.example.com/{number if number % 3 else number % 300}.jpg"
            writer.writerow((number * 2, link, 7, "height"))
    result, usages = run_stubbed(source, tmp_path / "out")
    with result.files[0].open(newline="") as file:
        assert [row["index"] for row in csv.DictReader(file)] == [str(number * 2) for number in range(6000)]
    assert max(usages[name].peak_megabytes for name in ("FanOutFunction", "ReducerFunction")) < 512
