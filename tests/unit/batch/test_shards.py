import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.shards import (
    LARGEST_SHARD_BYTES,
    PictureTask,
    Question,
    cut_shards,
    dump_manifest,
    dump_question,
    dump_shard,
    dump_text,
    join_task,
    load_shard,
    remainder_name,
    shard_name,
    shard_size,
)
from tapeline.errors import CorruptObjectError

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
QUESTIONS = st.builds(Question, st.integers(0, 10**9), TEXT, st.none() | TEXT)
TASKS = st.builds(PictureTask, TEXT, st.lists(QUESTIONS, min_size=1, max_size=3).map(tuple), TEXT)


@given(st.integers(1, 200_000), st.integers(1, 1000), st.integers(1, 1000))
def test_a_shard_is_never_larger_than_allowed_and_all_workers_get_one(
    pictures: int, workers: int, largest: int
) -> None:
    size = shard_size(pictures, workers=workers, largest=largest)
    assert 1 <= size <= largest
    assert size <= 4 or math.ceil(pictures / size) <= max(workers, math.ceil(pictures / largest))


@given(TASKS)
def test_a_task_that_is_joined_is_the_one_that_is_dumped(task: PictureTask) -> None:
    parts = dump_text(task.image_link), map(dump_question, task.questions), dump_text(task.category)
    assert join_task(*parts) == dump_shard([task])


@given(st.integers(0, 20), st.integers(1, 7))
def test_shards_have_all_tasks_in_order_and_at_most_so_many(tasks: int, size: int) -> None:
    lines = [b"%d\n" % number for number in range(tasks)]
    shards = list(cut_shards(lines, size))
    assert b"".join(shards) == b"".join(lines)
    assert [shard.count(b"\n") for shard in shards[:-1]] == [size] * (len(shards) - 1)
    assert all(1 <= shard.count(b"\n") <= size for shard in shards)


def test_a_shard_with_many_bytes_takes_no_more_tasks() -> None:
    small, large = b"a\n", b"b" * LARGEST_SHARD_BYTES + b"\n"
    assert list(cut_shards([small, large, small, small, large], 10)) == [small + large, small + small + large]


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
