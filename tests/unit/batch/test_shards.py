import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.rows import Row
from tapeline.batch.shards import (
    PictureTask,
    Question,
    RowGroups,
    dump_manifest,
    dump_shard,
    load_shard,
    remainder_name,
    shard_name,
    shard_size,
)
from tapeline.errors import CorruptObjectError

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
QUESTIONS = st.builds(Question, st.integers(0, 10**9), TEXT, st.none() | TEXT)
TASKS = st.builds(PictureTask, TEXT, st.lists(QUESTIONS, min_size=1, max_size=3).map(tuple))


def row(position: int, link: str, entity: str = "width", problem: str | None = None) -> Row:
    return Row(position, str(position), link, entity, (), problem)


@given(st.integers(1, 200_000), st.integers(1, 1000), st.integers(1, 1000))
def test_a_shard_is_never_larger_than_allowed_and_all_workers_get_one(
    pictures: int, workers: int, largest: int
) -> None:
    size = shard_size(pictures, workers=workers, largest=largest)
    assert 1 <= size <= largest
    assert size <= 4 or math.ceil(pictures / size) <= max(workers, math.ceil(pictures / largest))


def test_rows_are_grouped_by_picture_in_order_of_their_first_row() -> None:
    groups = RowGroups()
    for given_row in (row(0, "b"), row(1, "a"), row(2, "b", "height"), row(3, "a", problem="short")):
        groups.add(given_row)
    assert (groups.rows, len(groups)) == (4, 2)
    assert list(groups) == [
        PictureTask("b", (Question(0, "width"), Question(2, "height"))),
        PictureTask("a", (Question(1, "width"), Question(3, "width", "short"))),
    ]


@given(st.lists(TASKS, max_size=4))
def test_a_shard_comes_back(tasks: list[PictureTask]) -> None:
    assert load_shard(dump_shard(tasks)) == tasks


def test_a_line_has_what_a_worker_needs_and_no_more() -> None:
    task = PictureTask("http://e.com/ü", (Question(7, "width"), Question(8, "", "short")))
    assert dump_shard([task]).decode() == (
        '{"image_link":"http://e.com/ü","questions":[{"position":7,"entity_name":"width"},'
        '{"position":8,"entity_name":"","problem":"short"}]}\n'
    )


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"no json", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b'{"image_link":"l"}\n', "questions: Field required"),
        (b'{"image_link":"l","questions":[{"position":"x"}]}', r"questions\.0\.position: .*received 'x'"),
    ],
)
def test_something_else_than_a_shard_is_reported_with_its_field(body: bytes, problem: str) -> None:
    with pytest.raises(CorruptObjectError, match=f"expected a picture of a shard.*{problem}.*drop the CSV"):
        load_shard(dump_shard([PictureTask("l", (Question(0, "width"),))]) + body)


def test_names_sort_as_the_shards_do() -> None:
    assert [shard_name(number) for number in (0, 42)] == ["00000", "00042"]
    assert remainder_name("00042", 7) == "00042-7"
    assert remainder_name(remainder_name("00042", 7), 1) == "00042-7-1"


def test_a_manifest_is_an_array_of_items() -> None:
    assert dump_manifest(["00000", "00001-3"]) == b'[{"shard": "00000"}, {"shard": "00001-3"}]'
    assert json.loads(dump_manifest([])) == []
