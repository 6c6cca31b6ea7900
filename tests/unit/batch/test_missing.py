from tapeline.batch import keys
from tapeline.batch.missing import find_missing
from tapeline.batch.states import AttemptInput
from tests.unit.batch.helpers import shards
from tests.unit.fakes import MemoryStore


def store_with(written: list[str], answered: list[str]) -> MemoryStore:
    store = MemoryStore()
    store.objects |= {keys.shard_key("r", shard): b"" for shard in written}
    store.objects |= {keys.shard_result_key("r", shard): b"" for shard in answered}
    # Another run, whose name begins alike.
    store.objects |= {keys.shard_key("r2", "00009"): b"", keys.shard_result_key("r2", "00001"): b""}
    return store


def test_the_next_attempt_has_the_shards_without_a_result() -> None:
    store = store_with(["00000", "00001", "00002", "00002-7"], ["00000", "00002"])
    following = find_missing("r", 1, store, attempts=2)
    assert following == AttemptInput(run="r", attempt=2, manifest="runs/r/manifest-2.json", shards=2)
    assert shards(store, "r", 2) == ["00001", "00002-7"]


def test_nothing_is_left_to_try_where_all_shards_have_results() -> None:
    store = store_with(["00000"], ["00000"])
    following = find_missing("r", 1, store, attempts=3)
    assert (following.attempt, following.shards) == (2, 0)
    assert store.written == []


def test_nothing_is_tried_after_the_last_attempt() -> None:
    store = store_with(["00000"], [])
    assert find_missing("r", 2, store, attempts=3).shards == 1
    following = find_missing("r", 3, store, attempts=3)
    assert (following.attempt, following.shards) == (4, 0)
    assert store.written == ["runs/r/manifest-3.json"]


def test_a_result_without_a_shard_is_no_shard() -> None:
    assert find_missing("r", 1, store_with([], ["00000"]), attempts=2).shards == 0
