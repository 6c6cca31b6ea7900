import csv
import io
from collections.abc import Iterator
from itertools import chain, repeat

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.lines import MAX_ROW_BYTES
from tapeline.batch.rows import MAX_BLANK_LINES, Row, RowReader
from tapeline.batch.tables import MAX_CELL_LENGTH
from tapeline.errors import RejectedInputError

HEADER = ["index", "image_link", "group_id", "entity_name"]
CELLS = st.text(st.characters(codec="utf-8"), max_size=12)


def read(body: bytes) -> list[Row]:
    return list(RowReader([body]))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf"])
def test_columns_in_any_order_with_others_between(newline: str, mark: bytes) -> None:
    lines = [
        "note,entity_name,image_link",
        '"a, ""b""",height,http://e.com/1',
        "",
        " , width , http://e.com/2 ",
    ]
    rows = read(mark + newline.join(lines).encode())
    assert [(row.position, row.index, row.image_link, row.entity_name) for row in rows] == [
        (0, "0", "http://e.com/1", "height"),
        (1, "1", "http://e.com/2", "width"),
    ]
    assert rows[0].cells == ('a, "b"', "height", "http://e.com/1")


def test_an_index_is_kept_as_it_is() -> None:
    rows = read(b"index,image_link,entity_name\n007,l,e\nx y,l,e\n,l,e\n")
    assert [row.index for row in rows] == ["007", "x y", ""]


@pytest.mark.parametrize(("line", "count"), [("l", 1), ("l,e,more", 3)])
def test_a_line_with_a_wrong_number_of_cells_is_a_row_with_a_problem(line: str, count: int) -> None:
    first, second = read(f"image_link,entity_name\n{line}\nl,e\n".encode())
    assert first.problem is not None
    assert f"received {count}" in first.problem
    assert second.problem is None


@pytest.mark.parametrize(
    ("body", "received", "line"),
    [
        (b"", "an empty file", None),
        (b"\n\n", "an empty file", None),
        (b"a;b\n", "the columns 'a;b'", 1),
        (b"image_link,entity_name,image_link\n", "image_link twice", 1),
        (b"group_id,image_link,entity_name,group_id\n", "group_id twice", 1),
        (b"image_link,entity_name\nl,e\n\xe9,e\n", "the byte 0xe9", 3),
        (b'image_link,entity_name\nl,e\n"l,e\nl,e\n', "a record that can't be read", 3),
    ],
)
def test_an_unusable_file_is_rejected_with_its_line(body: bytes, received: str, line: int | None) -> None:
    with pytest.raises(RejectedInputError) as caught:
        read(body)
    assert caught.value.received.startswith(received)
    assert caught.value.line == line
    assert caught.value.advice in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["Index", " index ", "INDEX", "\tindex", "\ufeffindex", "in\u200bdex", "\uff49ndex", '"\ufeffIndex"'],
)
def test_a_header_that_is_index_but_for_case_and_signs_is_the_index(name: str) -> None:
    (row,) = read(f"{name},Image Link,ENTITY-NAME\n7,l,width\n".encode())
    assert (row.index, row.image_link, row.entity_name) == ("7", "l", "width")


@pytest.mark.parametrize("name", ["indx", "index1", "inedx", "indexes", "Index no", "\u0456ndex", "rindex"])
def test_a_header_that_is_nearly_index_is_refused(name: str) -> None:
    with pytest.raises(RejectedInputError) as caught:
        read(f"image_link,{name},entity_name\nl,7,width\n".encode())
    assert caught.value.received == f"the column {name!r}"
    assert "rename it to index" in caught.value.advice
    # Beside an index, it is another column.
    assert read(f"image_link,{name},entity_name,index\nl,7,width,8\n".encode())[0].index == "8"


@pytest.mark.parametrize("name", ["idx", "id", "row_index", "no", "", "complexion"])
def test_other_columns_are_not_taken_for_the_index(name: str) -> None:
    assert read(f"image_link,{name},entity_name\nl,7,width\n".encode())[0].index == "0"


def test_the_header_comes_back_as_it_is() -> None:
    body = '\ufeff\ufeff Image_Link ,"no, te",entity_name,error\n'.encode()
    assert RowReader([body]).columns == (" Image_Link ", "no, te", "entity_name", "error")


def test_an_errors_csv_comes_back_as_it_was_dropped_first() -> None:
    body = (
        b"error,image_link,error_code,'=note,entity_name,error\n"
        b"e,'=l,timeout,''=n,width,late\n"
        b'e,l,bad_row,n,"width,""x, y""",wrong\n'
        b"e,'=l,corrected,'=n,width,\n"
        b"e,l,timeout,n,width,late,more\n"
        b"e,l\n"
    )
    reader = RowReader([body])
    assert reader.columns == ("error", "image_link", "=note", "entity_name")
    rows = list(reader)
    assert [row.cells for row in rows] == [
        ("e", "=l", "'=n", "width"),
        ("e", "l", "n", "width", "x, y"),
        ("e", "=l", "=n", "width"),
        ("e", "l", "n", "width", "more"),
        ("e", "l"),
    ]
    assert rows[0].image_link == "=l"
    assert [row.problem is None for row in rows] == [True, False, True, False, False]


def test_a_file_with_one_of_the_two_columns_is_no_errors_csv() -> None:
    reader = RowReader([b"image_link,entity_name,error\n'=l,width,timeout\n"])
    assert reader.columns == ("image_link", "entity_name", "error")
    assert next(iter(reader)).cells == ("'=l", "width", "timeout")


def test_only_the_beginning_of_endless_links_and_entities_is_kept() -> None:
    (row,) = read(f"image_link,entity_name\n{'l' * 9999},{'e' * 9999}\n".encode())
    assert (len(row.image_link), len(row.entity_name)) == (2049, 101)
    assert [len(cell) for cell in row.cells] == [9999, 9999]


def test_the_longest_cell_is_read() -> None:
    (row,) = read(f'image_link,entity_name,note\nl,width,"{"ß" * MAX_CELL_LENGTH}"\n'.encode())
    assert len(row.cells[2]) == MAX_CELL_LENGTH


@pytest.mark.parametrize(
    ("tail", "expected", "advice", "line"),
    [
        ("l,width," + "x" * (MAX_CELL_LENGTH + 1), "cells of at most", "shorten it", 3),
        ("l,width," + "x" * (MAX_CELL_LENGTH + 2), "cells of at most", "shorten it", 3),
        ('l,width,"' + "x\n" * MAX_CELL_LENGTH, "cells of at most", "close the quote", 3),
        ("l,width," + "x" * MAX_CELL_LENGTH + ",y", "3 cells as in the header", "quote cells", 3),
        ("x," * MAX_ROW_BYTES, "rows of at most", "end each row", 3),
        ('l,"x\n",' * MAX_ROW_BYTES, "rows of at most", "end each row", 3),
        ("\n" * (MAX_BLANK_LINES + 1), "at most 1000000 blank lines", "remove them", MAX_BLANK_LINES + 3),
    ],
)
def test_what_is_too_large_is_rejected_with_its_own_advice(
    tail: str, expected: str, advice: str, line: int
) -> None:
    body = f"image_link,entity_name,note\nl,width,\n{tail}".encode()
    with pytest.raises(RejectedInputError) as caught:
        read(body)
    assert caught.value.expected.startswith(expected)
    assert advice in caught.value.advice
    assert caught.value.line == line


def test_a_file_without_end_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapeline.batch.lines.MAX_INPUT_BYTES", 10_000)
    chunks = chain([b"image_link,entity_name\n"], repeat(b"l,width\n"))
    with pytest.raises(RejectedInputError, match="a file of at most 10000 bytes") as caught:
        for _ in RowReader(chunks):
            pass
    assert "split the file" in caught.value.advice


def test_a_line_without_end_is_rejected_before_more_of_it_is_read() -> None:
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        yield b"image_link,entity_name\nl,"
        for _ in range(1000):
            taken += 1
            yield b"x" * 65536

    with pytest.raises(RejectedInputError, match="rows of at most 1048576 bytes"):
        list(RowReader(chunks()))
    assert taken == 16


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=8), st.integers(1, 9))
def test_what_csv_and_pandas_write_comes_back_however_it_is_cut(
    table: list[tuple[str, ...]], size: int
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    writer.writerows(table)
    body = file.getvalue().encode()
    rows = list(RowReader(body[start : start + size] for start in range(0, len(body), size)))
    assert [row.cells for row in rows] == table
    assert [row.position for row in rows] == list(range(len(table)))
    assert [row.index for row in rows] == [row[0] for row in table]
    assert len(pd.read_csv(io.BytesIO(body), dtype=str)) == len(rows)
