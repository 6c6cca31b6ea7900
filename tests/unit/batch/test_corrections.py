"""Persons' answers: how they are written, and the outputs with them in."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.training.ground_truth import read_ground_truth
from tapeline.batch import keys
from tapeline.batch.correct import CorrectionOutcome, correct_runs
from tapeline.batch.corrections import (
    Correction,
    corrections_key,
    dump_corrections,
    load_corrections,
    parse_answer,
)
from tapeline.batch.documents import RunDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.reducer import reduce_run
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.entities import UNITS_BY_ENTITY, EntitySet
from tapeline.entity_file import parse_entities
from tapeline.errors import CorrectionError, CorruptObjectError, ErrorCode, ObjectMissingError
from tapeline.ports import ObjectStore
from tests.unit.batch.helpers import SOURCE, output, put_result, start
from tests.unit.fakes import Executions, MemoryStore

DROPPED = InputObject("drop", "corrections/my review.csv", "v9")
INPUT = b"index,image_link,entity_name\n" + b"".join(
    f"i{number},https://example.com/{number}.jpg,width\n".encode() for number in range(5)
)


class Run:
    """A reduced run with five rows: three unsure, a sure one, and one with an error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drop, self.results, self.executions, outcome = start(INPUT)
        self.name = outcome.run
        answers = [RowAnswer(number, f"{number + 1} inch", 0.5 + 0.1 * number, 0.9) for number in range(3)]
        answers.append(RowAnswer(3, "4 inch", 0.99, 0.99))
        answers.append(RowAnswer(4, error_code=ErrorCode.TIMEOUT, error="late"))
        put_result(self.results, self.name, "00000", PictureResult(tuple(answers)))
        self.executions.payloads.clear()
        self.reduce()

    def reduce(self) -> None:
        reduce_run(self.name, self.drop, self.results, self.folder, threshold=0.9)

    def correct(self, body: str) -> CorrectionOutcome:
        self.drop.objects[DROPPED.key] = body.encode()
        return correct_runs(DROPPED, self.drop, self.results, self.executions)

    def fill(self, answers: dict[str, str]) -> str:
        """Return review.csv with answers by index."""
        header, *lines = self.results.read(f"results/test/{self.name}/review.csv").decode().splitlines()
        column = header.split(",").index("answer")
        filled = []
        for line in lines:
            cells = line.split(",")
            cells[column] = answers.get(cells[0], cells[column])
            filled.append(",".join(cells))
        return "\n".join([header, *filled, ""])

    def predictions(self) -> list[str]:
        return [row["prediction"] for row in output(self.results, self.name, "test_out.csv")]

    def refused(self) -> list[dict[str, str]]:
        return output(self.results, self.name, keys.REFUSED_CORRECTIONS)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


@pytest.mark.parametrize(
    ("text", "entity", "expected"),
    [
        ("12.5 cm", "width", "12.5 centimetre"),
        (" 12,5cm ", "width", "12.5 centimetre"),
        ("12.5 centimetre", "depth", "12.5 centimetre"),
        ("5'6\"", "height", "66 inch"),
        ("1/2 lb", "item_weight", "0.5 pound"),
        ("8 fl oz", "item_volume", "8 fluid ounce"),
        ("8 oz", "item_weight", "8 ounce"),
        ("230V", "voltage", "230 volt"),
        ("right", "width", "1 inch"),
        ("RIGHT", "width", "1 inch"),
        ("None", "width", ""),
    ],
)
def test_an_answer_may_be_spelled_in_many_ways(text: str, entity: str, expected: str) -> None:
    assert parse_answer(text, entity, "1 inch") == expected


@pytest.mark.parametrize(
    ("text", "entity"),
    [("5 kg", "width"), ("5", "width"), ("cm", "width"), ("5 cm 6 cm", "width"), ("about 5 cm", "width"),
     ("5 cm wide", "width"), ("0 cm", "width"), ("-5 cm", "width"), ("right!", "width"), ("5 cm", "colour")],
)  # fmt: skip
def test_anything_else_is_refused_with_what_was_expected(text: str, entity: str) -> None:
    with pytest.raises(CorrectionError, match=r"expected .* received"):
        parse_answer(text, entity, "1 inch")


def test_corrections_of_a_run_go_by_its_own_entities_and_columns(tmp_path: Path) -> None:
    run = Run(tmp_path)
    key = keys.run_document_key(run.name)
    mine = EntitySet(parse_entities('[width_of_box]\nkind = "count"', "mine.toml"))
    document = replace(RunDocument.load(run.results.read(key)), entities=mine, keep_columns=True)
    run.results.objects[key] = document.dump()
    run.drop.objects[SOURCE.key] = INPUT.replace(b"width", b"width_of_box")
    run.reduce()
    assert run.correct(run.fill({"i0": "12 pcs", "i1": "5 cm"})).refused == 1
    assert "with a unit of width_of_box (piece)" in run.refused()[0]["problem"]
    run.reduce()
    first = output(run.results, run.name, "test_out.csv")[0]
    assert first == {
        "index": "i0",
        "image_link": "https://example.com/0.jpg",
        "entity_name": "width_of_box",
        "prediction": "12 piece",
    }


@given(st.text(max_size=40), st.sampled_from(sorted(UNITS_BY_ENTITY)))
def test_any_text_is_an_answer_or_refused(text: str, entity: str) -> None:
    try:
        found = parse_answer(text, entity, "")
    except CorrectionError:
        return
    assert not found or found.partition(" ")[2] in UNITS_BY_ENTITY[entity]
    assert parse_answer(found or "none", entity, "") == found


CELLS = st.text(max_size=10)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), max_size=5))
def test_corrections_come_back_with_any_cells(rows: list[tuple[str, str, str, str, str]]) -> None:
    corrections = {number: Correction(number, *cells) for number, cells in enumerate(rows)}
    try:
        body = dump_corrections(corrections)
    except UnicodeEncodeError:
        return  # Input is UTF-8: it has no lone surrogates.
    assert load_corrections(body) == corrections


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2\n", b"row\nx\n", b"\xff", b'"'])
def test_something_else_than_corrections_is_reported(body: bytes) -> None:
    with pytest.raises(CorruptObjectError, match=r"put an earlier version of corrections\.csv back"):
        load_corrections(body)


def test_a_filled_in_review_changes_its_rows_and_nothing_else(run: Run) -> None:
    before = run.predictions()
    assert run.correct(run.fill({"i0": '"7,5 cm"', "i1": "right", "i2": "none"})).taken == {run.name: 3}
    assert run.refused() == []
    (started,) = run.executions.payloads.items()
    assert started[0].startswith(f"{run.name}-")
    assert json.loads(started[1])["shards"] == 0
    run.reduce()
    assert run.predictions() == ["7.5 centimetre", "2 inch", "", *before[3:]]
    details = output(run.results, run.name, "details.csv")
    assert [row["decision"] for row in details] == ["corrected", "confirmed", "corrected", "", ""]
    assert [row["confidence"] for row in details] == ["1", "1", "", "0.99", ""]
    report = json.loads(run.results.read(f"results/test/{run.name}/report.json"))
    assert (report["review"]["confirmed"], report["review"]["corrected"]) == (1, 2)
    assert (report["answered"], report["empty"], report["errors"]) == (3, 1, 1)
    # What was decided stands in review.csv, which can be dropped again as it is.
    answers = {row["index"]: row["answer"] for row in output(run.results, run.name, "review.csv")}
    assert answers == {"i0": "7.5 centimetre", "i1": "right", "i2": "none"}
    assert run.correct(run.fill({})).taken == {run.name: 3}
    run.reduce()
    assert run.predictions() == ["7.5 centimetre", "2 inch", "", *before[3:]]
    assert [row["decision"] for row in output(run.results, run.name, "details.csv")][:3] == [
        "corrected",
        "confirmed",
        "corrected",
    ]


def test_each_row_that_cannot_be_taken_is_told_and_the_others_are_taken(run: Run) -> None:
    header, *lines = run.fill({"i0": "5 kg", "i1": "6 cm", "i2": "7 cm"}).splitlines()
    twice = lines[1].replace("6 cm", "8 cm")
    unknown = lines[2].removesuffix(",2") + ",99"
    again = lines[2]
    outcome = run.correct("\n".join([header, *lines, twice, unknown, again]))
    assert (outcome.taken, outcome.refused) == ({run.name: 1}, 4)
    problems = {(row["index"], row["answer"]): row["problem"] for row in run.refused()}
    assert set(problems) == {("i0", "5 kg"), ("i1", "6 cm"), ("i1", "8 cm"), ("i2", "7 cm")}
    assert "with a unit of width (centimetre, " in problems["i0", "5 kg"]
    assert "received it with 2 answers" in problems["i1", "6 cm"]
    assert "received row 99, which it hasn't got" in problems["i2", "7 cm"]
    run.reduce()
    assert run.predictions()[:3] == ["1 inch", "2 inch", "7 centimetre"]
    # Put right, the refused rows are dropped as they are.
    body = run.results.read(f"results/test/{run.name}/{keys.REFUSED_CORRECTIONS}").decode()
    assert run.correct(body.replace("5 kg", "5 in").replace("8 cm", "6 cm")).taken == {run.name: 2}
    run.reduce()
    assert run.predictions()[:3] == ["5 inch", "6 centimetre", "7 centimetre"]


def test_semicolons_and_byte_order_marks_of_spreadsheets_are_no_matter(run: Run) -> None:
    body = run.fill({"i0": "9.5 cm"}).replace(",", ";").replace("\n", "\r\n")
    assert run.correct(f"\ufeff{body.replace('9.5', '9,5')}").taken == {run.name: 1}
    run.reduce()
    assert run.predictions()[0] == "9.5 centimetre"


def test_a_row_with_an_error_and_a_sure_one_can_be_corrected_too(run: Run) -> None:
    run.correct(f"run,row,answer\n{run.name},4,3 m\n{run.name},3,none\n")
    run.reduce()
    assert run.predictions() == ["1 inch", "2 inch", "3 inch", "", "3 metre"]
    assert output(run.results, run.name, "errors.csv") == []


@pytest.mark.parametrize(
    ("body", "received"),
    [("", "none named answer, run, row"), ("a,answer\n1,2\n", "none named run, row"),
     ('run,row,answer\n"', "a record that can't be read")],
)  # fmt: skip
def test_a_file_that_is_no_review_is_rejected(body: str, received: str, run: Run) -> None:
    outcome = run.correct(body)
    assert outcome.rejected is not None
    assert received in outcome.rejected
    document = json.loads(run.results.read(keys.rejection_key(DROPPED)))
    assert document["error"] == "rejected_input"


def test_rows_of_unknown_runs_are_told_beside_the_dropped_files_name(run: Run) -> None:
    outcome = run.correct("run,row,answer,note\nother-1,0,5 cm,=1\n,,6 cm,\nother-1,1,,\n")
    assert (outcome.taken, outcome.refused) == ({}, 2)
    keys_written = [key for key in run.results.objects if key.endswith(keys.REFUSED_CORRECTIONS)]
    assert keys_written == [f"results/my-review/{DROPPED.run}/{keys.REFUSED_CORRECTIONS}"]
    assert run.executions.payloads == {}


def test_corrections_are_ground_truth(run: Run, tmp_path: Path) -> None:
    run.correct(run.fill({"i0": "9 cm", "i1": "right", "i2": "none"}))
    document = RunDocument.load(run.results.read(keys.run_document_key(run.name)))
    path = tmp_path / "corrections.csv"
    path.write_bytes(run.results.read(corrections_key(document)))
    rows = read_ground_truth(path)
    assert [(row.index, row.source, row.split, row.says_nothing) for row in rows] == [
        ("i0", "review", "train", False),
        ("i1", "review", "train", False),
        ("i2", "review", "train", True),
    ]
    assert [str(next(iter(row.answers)).value) for row in rows[:2]] == ["9", "2"]
    with path.open(newline="") as file:
        assert [row["decision"] for row in csv.DictReader(file)] == ["corrected", "confirmed", "corrected"]


def test_somebody_elses_corrections_are_kept(run: Run) -> None:
    run.correct(run.fill({"i0": "9 cm"}))

    class Busy(MemoryStore):
        """Another writer comes first, once."""

        def write_tagged(self, key: str, body: bytes, tag: str, *, content_type: str) -> str | None:
            if "1,i1" not in self.objects[key].decode():
                self.objects[key] = dump_corrections(
                    {
                        **load_corrections(self.objects[key]),
                        1: Correction(1, "i1", "l", "width", "2 inch", ""),
                    }
                )
            return super().write_tagged(key, body, tag, content_type=content_type)

    store = Busy()
    store.objects = run.results.objects
    run.results = store
    run.correct(run.fill({"i0": "", "i2": "8 cm"}))
    run.reduce()
    assert run.predictions()[:3] == ["9 centimetre", "", "8 centimetre"]


def test_corrections_that_come_while_outputs_are_written_are_in_them(run: Run) -> None:
    class Late(MemoryStore):
        """A correction comes after the first reading."""

        late = False

        def read_tagged(self, key: str) -> tuple[bytes, str]:
            found = super().read_tagged(key)
            if not self.late:
                self.late = True
                correction = Correction(0, "i0", "l", "width", "1 inch", "5 inch")
                self.objects[key] = dump_corrections({0: correction})
            return found

    store = Late()
    store.objects = run.results.objects
    run.results = store
    run.reduce()
    assert run.predictions()[0] == "5 inch"


def test_a_person_who_goes_on_deciding_does_not_keep_the_outputs_from_being_written(run: Run) -> None:
    class Busy(MemoryStore):
        """Has another decision at each reading."""

        number = 0

        def read_tagged(self, key: str) -> tuple[bytes, str]:
            self.number += 1
            correction = Correction(0, "i0", "l", "width", "1 inch", f"{self.number} inch")
            self.objects[key] = dump_corrections({0: correction})
            return super().read_tagged(key)

    store = Busy()
    store.objects = run.results.objects
    run.results = store
    run.reduce()
    assert run.predictions()[0] == f"{store.number - 1} inch"


def test_a_version_that_is_gone_is_an_error(run: Run) -> None:
    results: ObjectStore = run.results
    with pytest.raises(ObjectMissingError):
        correct_runs(InputObject("drop", "corrections/none.csv", "v"), run.drop, results, Executions())
    assert SOURCE.run == run.name
