import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.shard_results import (
    PictureResult,
    RowAnswer,
    ShardStats,
    dump_shard_result,
    load_shard_result,
)
from tapeline.errors import CorruptObjectError, ErrorCode
from tests.unit.batch.helpers import stats

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
POINTS = st.tuples(FLOATS, FLOATS)
ANSWERS = st.builds(
    RowAnswer,
    position=st.integers(0, 10**9),
    prediction=TEXT,
    confidence=FLOATS,
    stated=FLOATS,
    text=TEXT,
    box=st.none() | st.tuples(POINTS, POINTS, POINTS, POINTS),
    runners_up=st.lists(st.tuples(TEXT, FLOATS, TEXT), max_size=2).map(tuple),
    error_code=st.none() | st.sampled_from(ErrorCode),
    error=TEXT,
)
PICTURES = st.builds(
    PictureResult,
    rows=st.lists(ANSWERS, min_size=1, max_size=3).map(tuple),
    labels=st.lists(st.tuples(TEXT, FLOATS), max_size=2).map(tuple),
    milliseconds=st.dictionaries(TEXT, FLOATS, max_size=2),
)


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[begin : begin + size] for begin in range(0, len(body), size))


@given(st.lists(PICTURES, max_size=3), st.integers(1, 50))
def test_a_shard_result_comes_back_however_it_is_cut(pictures: list[PictureResult], size: int) -> None:
    header = stats(model_hashes={"weights.h5": "0" * 64}, cold_start=True)
    found, streamed = load_shard_result(pieces(dump_shard_result(header, pictures), size))
    assert found == header
    assert list(streamed) == pictures


def test_whole_numbers_are_read_as_what_the_fields_are() -> None:
    box = ((0, 0), (1, 0), (1, 1), (0, 1))
    answer = RowAnswer(0, confidence=1, stated=1, box=box)
    _, pictures = load_shard_result([dump_shard_result(stats(seconds=1), [PictureResult((answer,))])])
    (row,) = next(pictures).rows
    assert row.box is not None
    assert {type(value) for point in row.box for value in point} == {float}
    assert isinstance(row.confidence, float)
    assert isinstance(row.stated, float)


def test_a_number_that_json_does_not_have_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dump_shard_result(stats(), [PictureResult((RowAnswer(0, confidence=math.nan),))])


@pytest.mark.parametrize("body", [b"", b"\n\n", b"{}\n", b"no json", b"\xff"])
def test_something_else_than_a_shard_result_is_reported(body: bytes) -> None:
    with pytest.raises(CorruptObjectError, match="expected a shard result"):
        load_shard_result([body])


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{}", "rows: Field required"),
        (b'{"rows":[{"position":1,"error_code":"bad_luck"}]}', r"rows\.0\.error_code: .*'bad_luck'"),
        (b'{"rows":[{"position":1,"box":[[0,0]]}]}', r"rows\.0\.box"),
        (b'{"rows":[{"pos', "Invalid JSON"),
    ],
)
def test_a_broken_line_is_reported_when_it_is_reached(line: bytes, problem: str) -> None:
    good = PictureResult((RowAnswer(0),))
    header, pictures = load_shard_result([dump_shard_result(stats(), [good]) + line])
    assert isinstance(header, ShardStats)
    assert next(pictures) == good
    with pytest.raises(
        CorruptObjectError, match=f"expected a shard result.*{problem}.*delete the shard result"
    ):
        next(pictures)
