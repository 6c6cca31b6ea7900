import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.tables import (
    MAX_CELL_LENGTH,
    TableWriter,
    escape_cell,
    fit_cells,
    join_cells,
    restore_cell,
    unfit_cells,
)

# Made of what matters to the rules, so that their combinations come up.
CELLS = st.text(st.sampled_from(" '\"=+-@\t\r\n,;1.eaß\0\uff1d"), max_size=8)


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("http://e.com")',
        "+1+1",
        "-2-3",
        "-",
        "-5 %",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1+1",
        "\uff0b1",
        "\uff0d1",
        "\uff20A1",
        "'=1",
        "''=1",
        "+1e",
        "-1.2.3",
        "-\u0661",
        "-1\n",
    ],
)
def test_a_formula_is_escaped_and_comes_back(cell: str) -> None:
    assert escape_cell(cell) == f"'{cell}"
    assert restore_cell(escape_cell(cell)) == cell


@pytest.mark.parametrize(
    "cell",
    ["", "a", "a=1", " =1", "12", "-12", "+12.5", "-.5", "-1.", "-1e5", "+1E-05", "'", "'a", "''", "[[0]]"],
)
def test_text_and_plain_numbers_are_left_as_they_are(cell: str) -> None:
    assert escape_cell(cell) == cell
    assert restore_cell(cell) == cell


@given(CELLS)
def test_each_cell_has_one_escaped_form(cell: str) -> None:
    escaped = escape_cell(cell)
    assert restore_cell(escaped) == cell
    assert len(escaped) <= len(cell) + 1


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=6))
def test_what_is_written_is_read_by_csv_and_pandas(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    writer = TableWriter(file)
    for row in rows:
        writer.write_row(row)
    body = file.getvalue()
    assert list(csv.reader(io.StringIO(body, newline=""), strict=True)) == rows
    table = pd.read_csv(io.BytesIO(body.encode()), header=None, dtype=str, na_filter=False)
    assert table.to_numpy().tolist() == rows


def test_only_cells_that_need_quotes_have_them_and_lines_end_with_lf() -> None:
    file = io.StringIO(newline="")
    writer = TableWriter(file)
    writer.write_row(["a b", "", "x\ry", "=1"])
    writer.write_escaped(["1,5", 'say "a"', "x\r\n", "=1"])
    assert file.getvalue() == 'a b,,"x\ry",=1\n"1,5","say ""a""","x\r\n",\'=1\n'


@given(st.lists(CELLS, min_size=4, max_size=6))
def test_a_row_that_is_too_long_is_made_to_fit_and_comes_back(cells: list[str]) -> None:
    fitted = fit_cells(cells, 3)
    assert len(fitted) == 3
    assert unfit_cells(fitted) == cells


@given(st.lists(CELLS, min_size=1, max_size=2))
def test_a_row_that_is_too_short_has_empty_cells(cells: list[str]) -> None:
    fitted = fit_cells(cells, 3)
    assert fitted == [*cells, *[""] * (3 - len(cells))]
    assert unfit_cells(fitted) == fitted


def test_a_row_that_fits_is_left_as_it_is() -> None:
    assert fit_cells(["a", "b,c"], 2) == ["a", "b,c"]


@pytest.mark.parametrize("last", ["", "corrected", '"a" b', "a\nb", "a\rb", '"'])
def test_a_last_cell_that_is_not_several_is_left_as_it_is(last: str) -> None:
    assert unfit_cells(["x", last]) == ["x", last]


def test_surplus_cells_are_joined_as_in_a_line_of_csv() -> None:
    assert fit_cells(["1", "2", "3,4", 'a"', "\r"], 2) == ["1", '2,"3,4","a""","\r"']
    assert join_cells(["", ""]) == ","


def test_the_longest_cell_can_be_read_by_csv_even_where_it_is_escaped() -> None:
    assert csv.field_size_limit() == MAX_CELL_LENGTH + 1
