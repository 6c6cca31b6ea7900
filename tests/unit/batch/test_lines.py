import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.lines import MAX_ROW_BYTES, InputLines
from tapeline.errors import RejectedInputError


def cut(body: bytes, sizes: list[int]) -> Iterator[bytes]:
    start = 0
    for size in sizes:
        yield body[start : start + size]
        start += size
    yield body[start:]


@given(st.text("a\rß\n\u2028\x85\x0b", max_size=20), st.lists(st.integers(0, 5), max_size=12))
def test_lines_are_those_of_a_file_that_python_opens_without_translation(text: str, sizes: list[int]) -> None:
    body = text.encode()
    assert list(InputLines(cut(body, sizes))) == list(io.TextIOWrapper(io.BytesIO(body), "utf-8", newline=""))


@pytest.mark.parametrize("marks", [0, 1, 2, 3])
def test_byte_order_marks_are_left_out_at_the_beginning_only(marks: int) -> None:
    body = ("\ufeff" * marks + "a\n\ufeffb\n").encode()
    assert list(InputLines([body])) == ["a\n", "\ufeffb\n"]


def test_the_line_of_a_byte_that_is_not_utf_8_is_counted_at_each_line_end() -> None:
    with pytest.raises(RejectedInputError, match=r"the byte 0xe9 \(line 4\)"):
        list(InputLines([b"a\rb\r\nc\n\xe9\n"]))


def test_a_row_has_its_first_line_and_its_size() -> None:
    lines = InputLines([b"a\nbb\r\ncc"])
    next(lines)
    lines.begin_row()
    list(lines)
    assert (lines.row_start, lines.row_bytes) == (2, 6)


@pytest.mark.parametrize("size", [4096, MAX_ROW_BYTES])
def test_a_row_may_have_as_many_bytes_as_allowed(size: int) -> None:
    piece = b"x" * size
    whole = [piece] * (MAX_ROW_BYTES // size)
    (line,) = InputLines(whole)
    assert len(line) == MAX_ROW_BYTES
    with pytest.raises(RejectedInputError, match="rows of at most 1048576 bytes"):
        list(InputLines([*whole, b"\n"]))
