"""The commands of docs/review.md, in their order, as the Makefile has them."""

import csv
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from infra.command.cli import cli
from tests.integration.conftest import ROOT
from tests.integration.test_run_command import environment

COMMANDS = re.findall(r"^\$ make (\w+) (.*)$", (ROOT / "docs/review.md").read_text(), re.MULTILINE)


def expanded(target: str, variables: str, *more: str) -> list[str]:
    """The command that make would run, with this interpreter."""
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "-o", "weights", "-o", ".venv/local", "-o", ".venv/dev",
         target, *shlex.split(variables), *more],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = shlex.split(done.stdout.replace("\\\n", " "))
    start = words.index("-m")
    return [sys.executable, *words[start:]]


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        expanded(*arguments), cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 3}, done.stderr
    return done.stdout


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_document_has_the_commands_that_are_run_here() -> None:
    assert [target for target, _ in COMMANDS] == ["run", "review", "correct", "run", "train"]


def test_the_loop_from_a_run_to_corrected_outputs(tmp_path: Path) -> None:
    (_, first), (_, review), (_, correct), (_, again), _ = COMMANDS
    out = tmp_path / "out"
    source = tmp_path / "test.csv"
    lines = (ROOT / "examples/test.csv").read_text().splitlines()
    # Two pictures, one of which is read with doubt, and a row with an error.
    wanted = [line for line in lines if "chair" in line or "kettle" in line]
    source.write_text("\n".join([lines[0], *wanted, "99,file:///etc/passwd,1,width", ""]))
    run(tmp_path, "run", first, f"OUT={out}", f"CSV={source}")
    before = rows(out / "test_out.csv")
    unsure = rows(out / "review.csv")
    assert (out / "report.html").stat().st_size > 5_000

    run_name = rows(out / "errors.csv")[0]["run"]
    decide_on_the_page(tmp_path, out, expanded("review", review, f"OUT={out}", f"RUN={run_name}"))

    filled = tmp_path / "review.csv"
    side = next(number for number, row in enumerate(rows(source)) if row["entity_name"] == "height")
    filled.write_text(f"run,row,answer\n{run_name},{side},5 furlong\n")
    printed = run(tmp_path, "correct", correct, f"OUT={out}", f"CSV={filled}")
    assert f"not taken: row {side}, '5 furlong': expected a number above zero with a unit of" in printed
    assert rows(out / "test_out.csv") == before
    filled.write_text(f"run,row,answer\n{run_name},{side},4.5 cm\n")
    printed = run(tmp_path, "correct", correct, f"OUT={out}", f"CSV={filled}")
    assert "0 rows confirmed, 1 corrected in all" in printed
    after = rows(out / "test_out.csv")
    changed = [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed == [side]
    assert after[side]["prediction"] == "4.5 centimetre"
    assert rows(out / "corrections.csv")[-1]["source"] == "review"

    printed = run(tmp_path, "run", again, f"OUT={out}", f"CSV={out / 'errors.csv'}")
    assert f"merged into the outputs of {run_name}" in printed
    assert rows(out / "test_out.csv") == after
    assert len(rows(out / "details.csv")) == len(after)
    assert len(rows(out / "review.csv")) == len(unsure)


def decide_on_the_page(folder: Path, out: Path, command: list[str]) -> None:
    """Serve the page, have the outputs made anew, and end it by Ctrl-C."""
    old = (out / "report.json").stat().st_mtime_ns
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        url, key = process.stdout.readline().strip(), process.stdout.readline().strip().partition("=")[2]
        with requests.Session() as session:
            session.trust_env = False
            assert "Review" in session.get(url, timeout=60).text
            headers = {"x-api-key": key}
            outputs = url.replace("/review", "/outputs")
            assert "execution" in session.post(outputs, headers=headers, timeout=60).json()
        deadline = time.monotonic() + 60
        while (out / "report.json").stat().st_mtime_ns == old:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_training_takes_the_documents_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((_, variables),) = [found for found in COMMANDS if found[0] == "train"]
    command = expanded("train", variables)
    monkeypatch.chdir(tmp_path)
    for name in ("out", "pictures"):
        Path(name).mkdir()
    for name in ("ground_truth.csv", "out/corrections.csv"):
        Path(name).touch()
    options = cli.commands["train"].make_context("train", command[command.index("train") + 1 :]).params
    assert options["rows"] == (Path("ground_truth.csv"), Path("out/corrections.csv"))
    assert options["images"] == Path("pictures")


@pytest.mark.parametrize("command", ["review", "correct"])
def test_a_folder_without_a_run_is_told(command: str, tmp_path: Path) -> None:
    filled = tmp_path / "review.csv"
    filled.write_text("run,row,answer\n")
    arguments = [str(filled)] if command == "correct" else []
    done = subprocess.run(
        [sys.executable, "-m", "tapeline", command, *arguments, "--out", str(tmp_path)],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "name the folder that `tapeline run` wrote, with --out" in done.stderr
