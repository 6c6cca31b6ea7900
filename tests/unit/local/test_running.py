"""Runs in this process: the same outputs as the steps themselves, stopped and resumed as well."""

import csv
import gzip
import json
import math
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from tapeline.answerer import Answerer
from tapeline.answers import PictureAnswers, PictureQuery
from tapeline.batch.kept_run import FOLDER
from tapeline.batch.table_formats import as_csv
from tapeline.errors import OutFolderError, RejectedInputError
from tapeline.local.out_folder import STATE, check_out_folder
from tapeline.local.running import RunOptions, resume_run, start_run
from tests.unit import fakes

PICTURES = 40


class Counting:
    """Where a run shows its progress."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.finished = False

    def start(self, pictures: int, rows: int) -> None:
        self.pictures, self.rows = pictures, rows

    def update(self, pictures: int, errors: int) -> None:
        self.seen.append(pictures)

    def finish(self) -> None:
        self.finished = True


class Process:
    """In place of a reading process; interrupts the run at some picture."""

    model_hashes: Mapping[str, str] = {}
    read: list[str] = []  # noqa: RUF012
    interrupt_at = math.inf
    lock = threading.Lock()

    def __init__(self) -> None:
        self._answerer = Answerer(fakes.Decoder(), fakes.Reader())

    def answer(self, query: PictureQuery, body: bytes, deadline: float = math.inf) -> PictureAnswers:
        with Process.lock:
            Process.read.append(query.image_link)
            if len(Process.read) >= Process.interrupt_at:
                raise KeyboardInterrupt
        return self._answerer.answer(query, body, deadline)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of pictures in a folder beside it, each with two questions."""
    monkeypatch.setattr("tapeline.local.running.start_local_answerer", lambda *_: Process())
    monkeypatch.setattr(Process, "read", [])
    (tmp_path / "pictures").mkdir()
    path = tmp_path / "test.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("index", "image_link", "entity_name"))
        for number in range(PICTURES):
            (tmp_path / f"pictures/{number}.png").write_bytes(b"%d" % number)
            writer.writerow((2 * number, f"pictures/{number}.png", "item_weight"))
            writer.writerow((2 * number + 1, f"pictures/{number}.png", "voltage"))
        writer.writerow((2 * PICTURES, "pictures/none.png", "width"))
    return path


def answers(out: Path) -> tuple[bytes, bytes]:
    return (out / "test_out.csv").read_bytes(), (out / "errors.csv").read_bytes()


def test_a_run_writes_its_outputs_and_leaves_nothing_else(table: Path, tmp_path: Path) -> None:
    out, progress = tmp_path / "out", Counting()
    result = start_run(RunOptions(table, workers=3), out, progress)
    assert {path.name for path in out.iterdir()} == {FOLDER, *(path.name for path in result.files)}
    assert sorted(path.name for path in result.files) == [
        "details.csv", "errors.csv", "report.html", "report.json", "review.csv", "test_out.csv",
    ]  # fmt: skip
    assert (result.report.rows, result.report.answered, result.report.errors) == (81, PICTURES, 1)
    assert result.report.errors_by_code == {"bad_link": 1}
    with (out / "details.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[2]["image_link"], rows[2]["entity_name"]) == ("pictures/1.png", "item_weight")
    # The bar moves by picture.
    assert progress.seen == list(range(1, PICTURES + 2))
    assert progress.finished
    assert (progress.pictures, progress.rows) == (PICTURES + 1, 81)


@pytest.mark.parametrize("stop_at", [1, 2, 11, 39])
def test_a_stopped_run_goes_on_with_the_same_bytes_and_reads_nothing_twice(
    table: Path, tmp_path: Path, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_run(RunOptions(table, workers=1), tmp_path / "whole", Counting())
    out = tmp_path / "out"
    monkeypatch.setattr(Process, "read", [])
    monkeypatch.setattr(Process, "interrupt_at", stop_at)
    with pytest.raises(KeyboardInterrupt):
        start_run(RunOptions(table, workers=2), out, Counting())
    finished = Process.read[: stop_at - 1]
    assert [path.name for path in out.iterdir()] == [STATE]
    monkeypatch.setattr(Process, "interrupt_at", math.inf)
    monkeypatch.setattr(Process, "read", [])
    resume_run(out, Counting())
    assert not set(Process.read) & set(finished)
    assert answers(out) == answers(tmp_path / "whole")
    assert not (out / STATE).exists()


def test_errors_are_tried_again_and_merged_as_often_as_is_wanted(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = start_run(RunOptions(table, workers=1), out, Counting())
    before = answers(out)
    for number in (1, 2):
        # The same bytes are another run each time.
        again = start_run(RunOptions(first.errors, workers=1), out, Counting())
        assert again.merged
        assert (again.report.run, len(again.report.reruns)) == (first.report.run, number)
        assert answers(out) == before
    (out / "pictures").mkdir()
    (out / "pictures/none.png").write_bytes(b"none")
    last = start_run(RunOptions(first.errors, workers=1), out, Counting())
    assert (last.report.rows, last.report.errors, len(last.report.reruns)) == (81, 0, 3)
    assert not (out / "errors_out.csv").exists()
    with pytest.raises(RejectedInputError, match="there is nothing to try again"):
        check_out_folder(out, first.errors)


def test_a_stopped_merge_goes_on(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    first = start_run(RunOptions(table, workers=1), out, Counting())
    (out / "pictures").mkdir()
    (out / "pictures/none.png").write_bytes(b"none")
    monkeypatch.setattr(Process, "interrupt_at", 1)
    with pytest.raises(KeyboardInterrupt):
        start_run(RunOptions(first.errors), out, Counting())
    monkeypatch.setattr(Process, "interrupt_at", math.inf)
    merged = resume_run(out, Counting())
    assert (merged.merged, merged.report.rows, merged.report.errors) == (True, 81, 0)


def test_a_run_keeps_its_own_entities_for_what_follows(table: Path, tmp_path: Path) -> None:
    out, mine = tmp_path / "out", fakes.write_entities(tmp_path, "load")
    table.write_text("image_link,entity_name\npictures/1.png,load\npictures/none.png,load\n")
    first = start_run(RunOptions(table, keep_columns=True, entities=str(mine)), out, Counting())
    assert first.predictions.read_text().splitlines()[:2] == [
        "image_link,entity_name,prediction",
        "pictures/1.png,load,12.5 kilogram",
    ]
    mine.unlink()
    (out / "pictures").mkdir()
    (out / "pictures/none.png").write_bytes(b"none")
    again = start_run(RunOptions(first.errors), out, Counting())
    assert (again.report.answered, again.report.errors) == (2, 0)
    assert again.report.entities.keys() == {"load"}
    assert again.predictions.read_text().splitlines()[2] == "pictures/none.png,load,12.5 kilogram"


def test_rows_of_an_entity_that_was_not_known_can_be_tried_again_with_it(table: Path, tmp_path: Path) -> None:
    out, mine = tmp_path / "out", fakes.write_entities(tmp_path, "load")
    table.write_text("image_link,entity_name\npictures/1.png,load\n")
    first = start_run(RunOptions(table), out, Counting())
    assert first.report.errors_by_code == {"unknown_entity": 1}
    shutil.copytree(table.parent / "pictures", out / "pictures")
    again = start_run(RunOptions(first.errors, entities=str(mine)), out, Counting())
    assert (again.report.answered, list(again.report.entities)) == (1, ["load"])


def test_an_edited_table_changes_nothing_of_a_stopped_run(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Process, "interrupt_at", 5)
    with pytest.raises(KeyboardInterrupt):
        start_run(RunOptions(table), tmp_path / "out", Counting())
    table.write_text("something else")
    monkeypatch.setattr(Process, "interrupt_at", math.inf)
    assert resume_run(tmp_path / "out", Counting()).report.rows == 81


def test_a_rejected_table_leaves_no_state(table: Path, tmp_path: Path) -> None:
    table.write_text("image_link;entity_name\na;width\n")
    with pytest.raises(RejectedInputError, match="separated by semicolons: save it as CSV with commas"):
        start_run(RunOptions(table), tmp_path / "out", Counting())
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("options", [None, "{}", "no json", json.dumps({"table": 1})])
def test_a_folder_without_a_stopped_run_cannot_go_on(tmp_path: Path, options: str | None) -> None:
    if options is not None:
        (tmp_path / STATE).mkdir()
        (tmp_path / STATE / "options.json").write_text(options)
    with pytest.raises(OutFolderError, match="expected a folder with a stopped run"):
        resume_run(tmp_path, Counting())


def test_options_come_back_as_they_were() -> None:
    options = RunOptions(Path("/a.csv"), Path("/images"), None, 3, ("bucket/prefix/",))
    assert RunOptions.load(options.dump()) == options


@pytest.mark.parametrize("end", [".csv.gz", ".jsonl", ".parquet"])
def test_other_tables_have_the_same_predictions_in_their_own_format(
    table: Path, tmp_path: Path, end: str
) -> None:
    plain = start_run(RunOptions(table, workers=1, keep_columns=True), tmp_path / "plain", Counting())
    other = tmp_path / f"test{end}"
    if end == ".parquet":
        pytest.importorskip("pyarrow")
        pd.read_csv(table).to_parquet(other)
    elif end == ".jsonl":
        pd.read_csv(table).to_json(other, orient="records", lines=True)
    else:
        other.write_bytes(gzip.compress(table.read_bytes()))
    found = start_run(RunOptions(other, workers=1, keep_columns=True), tmp_path / "other", Counting())
    assert found.predictions.name == f"test_out{end}"
    assert b"".join(as_csv([found.predictions.read_bytes()])) == plain.predictions.read_bytes()
    header = plain.predictions.read_text().splitlines()[0]
    assert header == "index,image_link,entity_name,prediction"
    # The two are named after their own inputs.
    assert found.errors.read_text().replace(found.report.run, "") == plain.errors.read_text().replace(
        plain.report.run, ""
    )
