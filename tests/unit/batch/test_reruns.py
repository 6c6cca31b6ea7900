"""A dropped errors.csv: its answers are merged into the run that it came from."""

import csv
import io
import json
from pathlib import Path

import pytest

from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.fan_out import FanOutcome, fan_out
from tapeline.batch.keys import InputObject
from tapeline.batch.reducer import reduce_run
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.errors import ErrorCode
from tests.unit.batch.helpers import SHARDING, output, put_result, start
from tests.unit.fakes import Executions, MemoryStore

INPUT = b"index,image_link,entity_name\na,l0,width\nb,l1,width\nc,l2,width\nd,l3,width\n"


class Runs:
    """A run with two failed rows, and what is dropped after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drop, self.results, self.executions, outcome = start(INPUT)
        self.first = outcome.run
        answers = (
            RowAnswer(0, "1 inch", 0.99, 0.99),
            failed(1),
            RowAnswer(2, "3 inch", 0.99, 0.99),
            failed(3),
        )
        put_result(self.results, self.first, "00000", PictureResult(answers))
        self.reduce(self.first)

    def reduce(self, run: str) -> str | None:
        return reduce_run(run, self.drop, self.results, self.folder, threshold=0.9).origin

    def errors(self, name: str = "") -> bytes:
        return self.results.read(name or f"results/test/{self.first}/errors.csv")

    def drop_again(self, body: bytes, version: str = "v2") -> FanOutcome:
        source = InputObject("drop", f"incoming/{version}/errors.csv", version)
        self.drop.objects[source.key] = body
        return fan_out(source, self.drop, self.results, self.executions, SHARDING)

    def predictions(self) -> list[str]:
        return [row["prediction"] for row in output(self.results, self.first, "test_out.csv")]


def failed(position: int) -> RowAnswer:
    return RowAnswer(position, error_code=ErrorCode.TIMEOUT, error="the server was down")


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_the_answers_are_merged_and_the_outputs_whole(runs: Runs) -> None:
    again = runs.drop_again(runs.errors()).run
    put_result(runs.results, again, "00000", PictureResult((RowAnswer(0, "2 inch", 0.6, 0.7), failed(1))))
    assert runs.reduce(again) == runs.first
    assert runs.reduce(runs.first) is None
    assert runs.predictions() == ["1 inch", "2 inch", "3 inch", ""]
    details = output(runs.results, runs.first, "details.csv")
    assert [row["error_code"] for row in details] == ["", "", "", "timeout"]
    (left,) = output(runs.results, runs.first, "errors.csv")
    assert (left["index"], left["run"], left["row"]) == ("d", runs.first, "3")
    (unsure,) = output(runs.results, runs.first, "review.csv")
    assert (unsure["index"], unsure["run"], unsure["row"]) == ("b", runs.first, "1")
    report = json.loads(runs.results.read(f"results/test/{runs.first}/report.json"))
    assert (report["answered"], report["errors"], report["reruns"]) == (3, 1, [again])
    assert report["shards"]["answered"] == 1
    # The rerun's own errors.csv names the first run too: it can be dropped in turn.
    body = runs.errors(f"results/errors/{again}/errors.csv")
    assert f",{runs.first},3\n".encode() in body
    third = runs.drop_again(body, "v3").run
    put_result(runs.results, third, "00000", PictureResult((RowAnswer(0, "4 inch", 0.99, 0.99),)))
    assert runs.reduce(third) == runs.first
    runs.reduce(runs.first)
    assert runs.predictions() == ["1 inch", "2 inch", "3 inch", "4 inch"]
    assert output(runs.results, runs.first, "errors.csv") == []


def test_a_row_that_was_edited_in_errors_csv_stays_so(runs: Runs) -> None:
    body = runs.errors().replace(b"b,l1,width", b"b,corrected,depth")
    again = runs.drop_again(body).run
    put_result(runs.results, again, "00000", PictureResult((failed(0), RowAnswer(1, "9 inch", 0.2, 0.5))))
    runs.reduce(runs.first)
    (left,) = output(runs.results, runs.first, "errors.csv")
    assert (left["image_link"], left["entity_name"]) == ("corrected", "depth")
    (unsure,) = output(runs.results, runs.first, "review.csv")
    assert unsure["image_link"] == "l3"
    report = json.loads(runs.results.read(f"results/test/{runs.first}/report.json"))
    assert report["entities"]["depth"] == {"answered": 0, "empty": 0, "errors": 1}


def test_other_columns_than_the_runs_change_no_cells(runs: Runs) -> None:
    lines = runs.errors().decode().splitlines()
    body = "\n".join(f"extra,{line}" for line in lines).encode()
    again = runs.drop_again(body).run
    put_result(runs.results, again, "00000", PictureResult((RowAnswer(0, "2 inch", 0.99, 0.99),)))
    runs.reduce(runs.first)
    assert runs.predictions()[1] == "2 inch"
    (left,) = output(runs.results, runs.first, "errors.csv")
    assert left["image_link"] == "l3"


def test_rows_of_two_runs_are_rejected(runs: Runs) -> None:
    body = runs.errors()
    other = body.replace(runs.first.encode(), b"other-1").splitlines(keepends=True)[1]
    outcome = runs.drop_again(body + other)
    assert not outcome.started
    assert outcome.rejected is not None
    assert "drop each run's errors.csv by itself" in outcome.rejected


def test_an_errors_csv_of_a_run_that_is_gone_is_a_run_of_its_own(runs: Runs) -> None:
    body = runs.errors().replace(runs.first.encode(), b"other-1")
    again = runs.drop_again(body)
    document = RunDocument.load(runs.results.read(keys.run_document_key(again.run)))
    assert (again.started, document.origin) == (True, None)
    assert runs.reduce(again.run) is None
    rows = output_of(runs.results, again.run)
    assert [(row["run"], row["row"]) for row in rows] == [(again.run, "0"), (again.run, "1")]


def output_of(results: MemoryStore, run: str) -> list[dict[str, str]]:
    text = results.read(f"results/errors/{run}/errors.csv").decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_that_was_added_to_an_errors_csv_is_answered_in_its_own_run_alone(runs: Runs) -> None:
    added = b"e,l9,width,,,,\n"
    again = runs.drop_again(runs.errors() + added).run
    put_result(
        runs.results,
        again,
        "00000",
        PictureResult((RowAnswer(0, "2 inch", 0.99, 0.99), failed(1), failed(2))),
    )
    assert runs.reduce(again) == runs.first
    runs.reduce(runs.first)
    assert runs.predictions() == ["1 inch", "2 inch", "3 inch", ""]
    assert [row["row"] for row in output_of(runs.results, again)] == ["3", ""]


def test_the_input_of_a_retry_that_is_gone_costs_its_answers_only(runs: Runs) -> None:
    again = runs.drop_again(runs.errors()).run
    put_result(runs.results, again, "00000", PictureResult((RowAnswer(0, "2 inch", 0.99, 0.99),)))
    del runs.drop.objects["incoming/v2/errors.csv"]
    runs.reduce(runs.first)
    assert runs.predictions() == ["1 inch", "", "3 inch", ""]


def test_a_run_is_started_anew_only_for_a_new_version(runs: Runs) -> None:
    body = runs.errors()
    assert runs.drop_again(body).started
    assert not runs.drop_again(body).started
    assert isinstance(runs.executions, Executions)
