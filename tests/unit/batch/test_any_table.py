"""Any table of cells through FanOut, a stub of Inference and the Reducer: every row once, in order."""

import csv
import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapeline.batch import keys
from tapeline.batch.reducer import reduce_run
from tapeline.batch.rows import RowReader
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.batch.shards import Question, load_shard
from tapeline.batch.tables import restore_cell, unfit_cells
from tapeline.errors import ErrorCode
from tests.unit.batch.helpers import SOURCE, put_result, shards, start

# Text of all kinds, and more than by chance of what CSV and spreadsheets read in their own way.
SPECIAL = (
    *(
        "=1+1",
        "+1",
        "-2.5",
        "-2-3",
        "@A1",
        "\t=1",
        "\r",
        "\n=1",
        "\r\n",
        "a\rb",
        "\uff1d1",
        "'=1",
        "''-1",
        "'",
    ),
    *(
        '"',
        '""',
        ",",
        'x, "y"',
        "a\nb",
        " ",
        "\0",
        "\ufeff",
        "NA",
        "null",
        "007",
        "1e5",
        "\u2028",
        "\x1a",
        "#",
    ),
)
CELLS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(SPECIAL)
# Names of unused columns; "x" keeps them from being those of used ones, or nearly index.
OTHER_NAMES = CELLS.map(lambda text: f"{text.lstrip('\ufeff')}xxxxxx")
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@dataclass(frozen=True)
class Table:
    """A table and one of the many ways to write it as CSV."""

    header: list[str]
    rows: list[list[str]]
    body: bytes

    def index_of(self, position: int) -> str:
        if "index" not in self.header:
            return str(position)
        column = self.header.index("index")
        return self.rows[position][column] if column < len(self.rows[position]) else ""

    def padded(self, position: int) -> list[str]:
        cells = self.rows[position]
        return [*cells, *[""] * (len(self.header) - len(cells))]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    optional = draw(st.sets(st.sampled_from(["index", "group_id", "error"])))
    others = draw(st.lists(OTHER_NAMES, max_size=2))
    header = draw(st.permutations(["image_link", "entity_name", *sorted(optional), *others]))
    width = len(header)
    exact = st.lists(CELLS, min_size=width, max_size=width)
    rows = draw(st.lists(exact | exact | st.lists(CELLS, min_size=1, max_size=width + 2), max_size=8))
    newline = draw(LINE_ENDS)
    quote_all = draw(st.booleans())
    lines = [",".join(_quoted(cell, quote_all or len(row) == 1) for cell in row) for row in [header, *rows]]
    marks = "\ufeff" * draw(st.integers(0, 2))
    blank = newline * draw(st.integers(0, 2))
    body = marks + (newline + blank).join(lines) + draw(st.sampled_from(["", newline]))
    return Table(header, rows, body.encode())


def _quoted(cell: str, always: bool) -> str:
    return f'"{cell.replace('"', '""')}"' if always or re.search('[,"\r\n]', cell) else cell


def read_with_csv(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline=""), strict=True))


def read_with_pandas(body: bytes) -> list[list[str]]:
    table = pd.read_csv(io.BytesIO(body), header=None, dtype=str, keep_default_na=False, na_filter=False)
    found: list[list[str]] = table.to_numpy().tolist()
    return found


def answered(question: Question, data: st.DataObject) -> RowAnswer:
    position = question.position
    if question.problem:
        return RowAnswer(position, error_code=ErrorCode.BAD_ROW, error=question.problem)
    if data.draw(st.booleans(), label=f"error in {position}"):
        return RowAnswer(position, error_code=ErrorCode.TIMEOUT, error=data.draw(CELLS, label="message"))
    return RowAnswer(position, "1 volt", 0.5, 0.5, data.draw(CELLS, label="text"))


def run(
    body: bytes, answer: Callable[[Question], RowAnswer], lost: Callable[[str], bool]
) -> tuple[dict[str, bytes], dict[int, RowAnswer]]:
    """Return the outputs by name and the stub's answers by position."""
    drop, results, _, outcome = start(body)
    assert outcome.started, outcome.rejected
    answers: dict[int, RowAnswer] = {}
    for shard in shards(results, outcome.run):
        tasks = load_shard(results.read(keys.shard_key(outcome.run, shard)))
        if not lost(shard):
            found = [PictureResult(tuple(map(answer, task.questions))) for task in tasks]
            answers |= {row.position: row for picture in found for row in picture.rows}
            put_result(results, outcome.run, shard, *found)
    with tempfile.TemporaryDirectory() as folder:
        reduce_run(outcome.run, drop, results, Path(folder))
    return {name: results.read(key) for name, key in keys.output_keys(SOURCE).items()}, answers


@pytest.mark.parametrize("read", [read_with_csv, read_with_pandas])
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(table=tables(), data=st.data())
def test_every_row_comes_back_once_in_order_with_its_cells(
    read: Callable[[bytes], list[list[str]]], table: Table, data: st.DataObject
) -> None:
    found, answers = run(
        table.body,
        lambda question: answered(question, data),
        lambda shard: data.draw(st.booleans(), label=f"lose {shard}"),
    )
    every = range(len(table.rows))
    predictions = {at: answers[at].prediction if at in answers else "" for at in every}
    assert read(found["test_out.csv"]) == [
        ["index", "prediction"],
        *([table.index_of(at), predictions[at]] for at in every),
    ]

    details = read(found["details.csv"])[1:]
    texts = [answers[at].text if at in answers else "" for at in every]
    assert [restore_cell(row[0]) for row in details] == [table.index_of(at) for at in every]
    assert [row[3] for row in details] == list(predictions.values())
    assert [restore_cell(row[6]) for row in details] == texts

    failed = [at for at in every if at not in answers or answers[at].error_code]
    header, *errors = read(found["errors.csv"])
    assert [restore_cell(name) for name in header] == [*table.header, "error_code", "error", "run", "row"]
    own = [[restore_cell(cell) for cell in row[:-4]] for row in errors]
    assert [
        unfit_cells(cells) if row[-4] == "bad_row" else cells for row, cells in zip(errors, own, strict=True)
    ] == [table.padded(at) for at in failed]
    messages = [restore_cell(row[-3]) for row in errors]
    assert [row[-2:] for row in errors] == [[SOURCE.run, str(at)] for at in failed]
    assert all(
        answers[at].error == message for at, message in zip(failed, messages, strict=True) if at in answers
    )

    assert not [cell for row in [header, *details, *errors] for cell in row if runs_as_formula(cell)]


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(table=tables(), data=st.data())
def test_errors_csv_gives_the_original_cells_when_it_is_dropped_in_again(
    table: Table, data: st.DataObject
) -> None:
    first, answers = run(table.body, lambda question: answered(question, data), lambda shard: False)
    failed = [position for position, answer in sorted(answers.items()) if answer.error_code]
    again = RowReader([first["errors.csv"]])
    assert list(again.columns) == table.header
    rows = list(again)
    assert [list(row.cells) for row in rows] == [table.padded(at) for at in failed]
    assert [row.problem is None for row in rows] == [
        len(table.rows[at]) <= len(table.header) for at in failed
    ]
    if "index" in table.header:
        assert [row.index for row in rows] == [table.index_of(at) for at in failed]

    # Once all rows are as wide as the header, or stay too long, nothing changes any more.
    def fail(question: Question) -> RowAnswer:
        code = ErrorCode.BAD_ROW if question.problem else ErrorCode.TIMEOUT
        return RowAnswer(question.position, error_code=code, error="the same")

    second, _ = run(first["errors.csv"], fail, lambda shard: False)
    third, _ = run(second["errors.csv"], fail, lambda shard: False)
    assert third["errors.csv"] == second["errors.csv"]


def runs_as_formula(cell: str) -> bool:
    """Say whether a spreadsheet may run a cell: it begins like a formula, and is no plain number."""
    return bool(re.match("[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]", cell)) and not re.fullmatch(
        "[+-]?[0-9.]+(e[+-]?[0-9]+)?", cell, re.IGNORECASE
    )


def test_a_table_whose_rows_are_all_lost_is_its_errors_csv() -> None:
    body = b"image_link,entity_name,note\r=1,-x,+5\r'=1,'@,-5\r"
    found, _ = run(body, lambda question: RowAnswer(question.position), lambda shard: True)
    assert (
        found["errors.csv"].decode().splitlines()[0] == "image_link,entity_name,note,error_code,error,run,row"
    )
    cells = [row[:3] for row in read_with_csv(found["errors.csv"])[1:]]
    assert cells == [["'=1", "'-x", "+5"], ["''=1", "''@", "-5"]]
    assert [row.cells for row in RowReader([found["errors.csv"]])] == [
        ("=1", "-x", "+5"),
        ("'=1", "'@", "-5"),
    ]
