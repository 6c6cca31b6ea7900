"""Which shards are tried again, which are halved, and which attempts count."""

import pytest

from tapeline.batch import keys
from tapeline.batch.missing import find_missing
from tapeline.batch.shard_results import PictureResult, RowAnswer, load_shard_result
from tapeline.batch.shards import PictureTask, Question, dump_shard, load_shard
from tapeline.batch.states import AttemptInput, MissingInput
from tapeline.errors import ErrorCode
from tests.unit.batch.helpers import put_part, put_result, shards
from tests.unit.fakes import MemoryStore


def store_with(written: list[str], answered: list[str]) -> MemoryStore:
    store = MemoryStore()
    store.objects |= {keys.shard_key("r", shard): b"" for shard in written}
    store.objects |= {keys.shard_result_key("r", shard): b"" for shard in answered}
    # Another run, whose name begins alike.
    store.objects |= {keys.shard_key("r2", "00009"): b"", keys.shard_result_key("r2", "00001"): b""}
    return store


def ended(attempt: int, spent: int = 0, answered: int = 0) -> MissingInput:
    return MissingInput(run="r", attempt=attempt, spent=spent, answered=answered)


def test_the_next_attempt_has_the_shards_without_a_complete_result() -> None:
    store = store_with(["00000", "00001", "00002", "00002-7"], ["00000", "00002"])
    following = find_missing(ended(1), store, attempts=2)
    assert following == AttemptInput(
        run="r", attempt=2, manifest="runs/r/manifest-2.json", shards=2, spent=0, answered=2
    )
    assert shards(store, "r", 2) == ["00001", "00002-7"]


def test_nothing_is_left_to_try_where_all_shards_have_results() -> None:
    store = store_with(["00000"], ["00000"])
    following = find_missing(ended(1), store, attempts=3)
    assert (following.attempt, following.shards) == (2, 0)
    assert store.written == []


def test_attempts_that_bring_nothing_are_counted_and_limited() -> None:
    store = store_with(["00000"], [])
    second = find_missing(ended(1), store, attempts=2)
    assert (second.attempt, second.shards, second.spent) == (2, 1, 1)
    third = find_missing(ended(2, second.spent), store, attempts=2)
    assert (third.attempt, third.shards, third.spent) == (3, 0, 2)
    assert store.written == ["runs/r/manifest-2.json"]


def test_an_attempt_that_brought_answers_does_not_count() -> None:
    store = store_with(["00000", "00001"], [])
    state = find_missing(ended(1), store, attempts=2)
    for attempt in range(2, 7):
        # A worker gets one part further each time, and is then at the end of its time.
        put_part(store, "r", "00001", attempt, PictureResult((RowAnswer(attempt),)))
        state = find_missing(ended(attempt, state.spent, state.answered), store, attempts=2)
        assert (state.shards, state.spent, state.answered) == (2, 1, attempt - 1)
    assert find_missing(ended(7, state.spent, state.answered), store, attempts=2).shards == 0


def test_a_result_without_a_shard_is_no_shard() -> None:
    assert find_missing(ended(1), store_with([], ["00000"]), attempts=2).shards == 0


def task(position: int, problem: str | None = None) -> PictureTask:
    questions = (Question(position, "width"), Question(position + 1000, "width", problem))
    return PictureTask(f"link {position}", questions)


def store_of(count: int, begun: int = 1) -> MemoryStore:
    """A run of one shard with so many pictures, with which so many workers have begun."""
    store = MemoryStore()
    store.objects[keys.shard_key("r", "00000")] = dump_shard(map(task, range(count)))
    store.objects |= {keys.begun_key("r", "00000", number + 1): b"" for number in range(begun)}
    return store


def links(store: MemoryStore, shard: str) -> list[int]:
    body = store.read(keys.shard_key("r", shard))
    return [int(task.image_link.removeprefix("link ")) for task in load_shard(body)]


def test_a_shard_whose_worker_was_lost_is_halved_and_closed() -> None:
    store = store_of(7)
    following = find_missing(ended(1), store, attempts=1)
    assert shards(store, "r", 2) == ["00000-0to4", "00000-4to7"]
    assert (links(store, "00000-0to4"), links(store, "00000-4to7")) == ([0, 1, 2, 3], [4, 5, 6])
    assert (following.shards, following.spent, following.answered) == (2, 0, 1)
    stats, pictures = load_shard_result([store.read(keys.shard_result_key("r", "00000"))])
    assert (stats.pictures, list(pictures)) == (0, [])
    # The halves are there before the shard is closed.
    assert store.written[:2] == [keys.shard_key("r", name) for name in ("00000-0to4", "00000-4to7")]


def test_what_is_answered_in_parts_is_in_neither_half() -> None:
    store = store_of(7, begun=2)
    answered = [PictureResult((RowAnswer(number), RowAnswer(number + 1000))) for number in range(3)]
    put_part(store, "r", "00000", 1, *answered[:2])
    put_part(store, "r", "00000", 2, answered[2])
    # One that is cut short, and one of something else.
    store.objects[keys.part_key("r", "00000", 3)] = b'{"shard": "000'
    store.objects[keys.part_key("r", "00000", 4)] = b"<xml/>"
    find_missing(ended(1), store, attempts=2)
    assert shards(store, "r", 2) == ["00000-3to5", "00000-5to7"]


def test_a_shard_that_is_answered_whole_in_parts_is_only_closed() -> None:
    store = store_of(2)
    put_part(store, "r", "00000", 1, *(PictureResult((RowAnswer(n), RowAnswer(n + 1000))) for n in range(2)))
    assert find_missing(ended(1), store, attempts=2).shards == 0
    assert store.exists(keys.shard_result_key("r", "00000"))


def test_a_single_picture_is_tried_again_and_then_to_blame() -> None:
    store = store_of(1)
    store.objects[keys.shard_key("r", "00000")] = dump_shard([task(0, "too few cells")])
    assert find_missing(ended(1), store, attempts=2).shards == 1
    store.objects[keys.begun_key("r", "00000", 2)] = b""
    assert find_missing(ended(2, 1), store, attempts=2).shards == 0
    stats, (picture,) = load_shard_result([store.read(keys.shard_result_key("r", "00000"))])
    assert [(row.position, row.error_code) for row in picture.rows] == [
        (0, ErrorCode.WORKER_DIED),
        (1000, ErrorCode.BAD_ROW),
    ]
    assert "2 times, alone in its shard" in picture.rows[0].error
    assert (stats.rows, stats.errors) == (2, 2)


@pytest.mark.parametrize("body", [None, b"{}\n"])
def test_a_shard_that_cannot_be_read_is_tried_as_it_is(body: bytes | None) -> None:
    store = store_of(3)
    if body is not None:
        store.objects[keys.shard_key("r", "00000")] = body
        following = find_missing(ended(1), store, attempts=2)
        assert (following.shards, following.spent) == (1, 1)
        assert shards(store, "r", 2) == ["00000"]
    else:
        del store.objects[keys.shard_key("r", "00000")]
        assert find_missing(ended(1), store, attempts=2).shards == 0


def test_workers_that_are_all_lost_are_no_fault_of_pictures() -> None:
    store = MemoryStore()
    for number in range(65):
        store.objects[keys.shard_key("r", f"{number:05d}")] = dump_shard(map(task, range(3)))
        store.objects[keys.begun_key("r", f"{number:05d}", 1)] = b""
    following = find_missing(ended(1), store, attempts=2)
    assert (following.shards, following.spent) == (65, 1)
    # With answers from anywhere, it may be theirs.
    put_result(store, "r", "00064", PictureResult((RowAnswer(0),)))
    assert find_missing(ended(2, 1), store, attempts=2).shards == 128
