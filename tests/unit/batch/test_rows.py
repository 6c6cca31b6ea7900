import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.rows import Row, RowReader
from tapeline.errors import RejectedInputError

HEADER = ["index", "image_link", "group_id", "entity_name"]
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12)


def read(body: bytes) -> list[Row]:
    return list(RowReader([body]))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
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
    assert len(pd.read_csv(io.BytesIO(body), dtype=str)) == len(rows)
