from pathlib import Path

import pytest

from tapeline.batch import keys
from tapeline.batch.reducer import reduce_run
from tapeline.batch.shard_results import PictureResult, RowAnswer, dump_shard_result
from tapeline.batch.tracking import RunStatus, RunTracker
from tapeline.errors import CorruptObjectError, ErrorCode, ObjectMissingError
from tapeline.ports import ExecutionState
from tests.unit.batch.helpers import SOURCE, put_result, start, stats, table
from tests.unit.fakes import MemoryStore

RUN = SOURCE.run
LATE = RowAnswer(2, error_code=ErrorCode.TIMEOUT, error="late")
REFUSED = RowAnswer(3, error_code=ErrorCode.BAD_LINK, error="no link")


class States:
    """A state machine whose executions are all in one state."""

    def __init__(self, state: ExecutionState | None = "running") -> None:
        self._state = state

    def state(self, name: str) -> ExecutionState | None:
        assert name == RUN
        return self._state


class Signer:
    """Signs a key with its lifetime."""

    def sign(self, key: str, seconds: int) -> str:
        return f"signed:{key}?{seconds}"


class CountingStore(MemoryStore):
    """Remembers which objects were streamed."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        super().__init__()
        self.objects = objects
        self.reads: list[str] = []

    def read(self, key: str) -> bytes:
        self.reads.append(key)
        return super().read(key)


def tracker(results: MemoryStore, state: ExecutionState | None = "running") -> RunTracker:
    return RunTracker(results, States(state), Signer(), 900)


def started() -> tuple[MemoryStore, MemoryStore]:
    drop, results, _, _ = start(table(list("abcdef")))
    return drop, results


def test_a_run_without_results_is_at_its_beginning() -> None:
    _, results = started()
    assert tracker(results).status(RUN) == RunStatus(RUN, "running", SOURCE.key, 6, 0, 6, 0)


def test_rows_and_errors_are_counted_in_the_results_so_far() -> None:
    _, results = started()
    put_result(results, RUN, "00000", PictureResult((RowAnswer(0, "1 volt"), RowAnswer(1), LATE)))
    put_result(results, RUN, "00001", PictureResult((REFUSED,)))
    status = tracker(results).status(RUN)
    assert (status.pictures_done, status.rows_done) == (2, 4)
    assert list(status.errors_by_code.items()) == [("bad_link", 1), ("timeout", 1)]
    assert status.outputs == {}


def test_rows_that_were_answered_twice_are_not_more_than_there_are() -> None:
    _, results = started()
    picture = PictureResult(tuple(map(RowAnswer, range(5))))
    put_result(results, RUN, "00000", picture)
    put_result(results, RUN, "00000-1", picture)
    status = tracker(results).status(RUN)
    assert (status.pictures_done, status.rows_done) == (2, 6)


def test_a_shard_result_is_read_once_however_often_a_run_is_looked_up() -> None:
    _, results = started()
    put_result(results, RUN, "00000", PictureResult((RowAnswer(0),)))
    store = CountingStore(results.objects)
    tracked = tracker(store)
    first = tracked.status(RUN)
    assert tracked.status(RUN) == first
    put_result(store, RUN, "00001", PictureResult((RowAnswer(1),)))
    assert tracked.status(RUN).rows_done == 2
    shard_results = [key for key in store.reads if key.startswith(keys.shard_results_prefix(RUN))]
    assert shard_results == [keys.shard_result_key(RUN, shard) for shard in ("00000", "00001")]


@pytest.mark.parametrize(("state", "expected"), [("failed", "failed"), (None, "running")])
def test_a_run_without_outputs_has_the_state_of_its_execution(
    state: ExecutionState | None, expected: str
) -> None:
    _, results = started()
    assert tracker(results, state).status(RUN).state == expected


def test_a_finished_run_has_its_reports_counts_and_signed_outputs(tmp_path: Path) -> None:
    drop, results = started()
    put_result(results, RUN, "00000", PictureResult((RowAnswer(0, "1 volt"), RowAnswer(1), LATE, REFUSED)))
    reduce_run(RUN, drop, results, tmp_path)
    status = tracker(results, "failed").status(RUN)
    assert (status.state, status.pictures_done, status.rows_done) == ("succeeded", 6, 6)
    assert status.errors_by_code == {"bad_link": 1, "shard_lost": 2, "timeout": 1}
    assert list(status.outputs.items()) == [
        (name, f"signed:results/test/{RUN}/{name}?900")
        for name in ("test_out.csv", "details.csv", "errors.csv", "review.csv", "report.html", "report.json")
    ]


def test_a_run_is_not_finished_before_its_predictions_are_written(tmp_path: Path) -> None:
    drop, results = started()
    reduce_run(RUN, drop, results, tmp_path)
    del results.objects[keys.predictions_key(SOURCE)]
    assert tracker(results).status(RUN).state == "running"


def test_an_unknown_run_is_an_error_that_says_where_the_names_are() -> None:
    with pytest.raises(ObjectMissingError, match=r"received 'other-1'.*rejected\.json"):
        tracker(MemoryStore()).status("other-1")


@pytest.mark.parametrize("body", [b"no json", b"", b"{}"])
def test_a_broken_result_counts_as_a_missing_one(body: bytes) -> None:
    _, results = started()
    put_result(results, RUN, "00000", PictureResult((RowAnswer(0),)))
    results.objects[keys.shard_result_key(RUN, "00001")] = body
    assert tracker(results).status(RUN).rows_done == 1


def test_a_truncated_result_counts_as_far_as_it_goes() -> None:
    _, results = started()
    put_result(results, RUN, "00000", *(PictureResult((RowAnswer(number),)) for number in range(3)))
    key = keys.shard_result_key(RUN, "00000")
    results.objects[key] = results.objects[key][:-5]
    assert tracker(results).status(RUN).rows_done == 2


def test_a_run_whose_description_is_broken_is_reported() -> None:
    _, results = started()
    results.objects[keys.run_document_key(RUN)] = b"{}"
    with pytest.raises(CorruptObjectError, match="expected a run's description"):
        tracker(results).status(RUN)


def test_a_request_reads_only_so_many_results_and_estimates_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tapeline.batch.tracking._READ_AT_ONCE", 2)
    _, results = started()
    for number in range(5):
        put_result(results, RUN, f"{number:05d}", PictureResult((RowAnswer(number),)))
    store = CountingStore(results.objects)
    tracked = tracker(store)
    for read in (2, 4, 5, 5):
        status = tracked.status(RUN)
        assert (status.rows_done, status.pictures_done) == (5, 5)
        assert len([key for key in store.reads if key.startswith(keys.shard_results_prefix(RUN))]) == read


def put_object(results: MemoryStore, name: str, *positions: int, whole: bool = False) -> None:
    pictures = [PictureResult((RowAnswer(position),)) for position in positions]
    body = dump_shard_result(stats("00000", pictures=len(pictures), whole=whole), pictures)
    results.objects[f"{keys.shard_results_prefix(RUN)}{name}.jsonl"] = body


def test_parts_count_until_the_last_object_has_them_all() -> None:
    _, results = started()
    store = CountingStore(results.objects)
    tracked = tracker(store)
    put_object(store, "00000.0001", 0, 1)
    assert tracked.status(RUN).rows_done == 2
    put_object(store, "00000.0002", 2)
    assert tracked.status(RUN).rows_done == 3
    put_object(store, "00000", 0, 1, 2, 3, whole=True)
    assert tracked.status(RUN).rows_done == 4
    assert tracker(store).status(RUN).rows_done == 4
    assert [key.rpartition("/")[2] for key in store.reads if "shard_results" in key] == [
        *("00000.0001.jsonl", "00000.0002.jsonl", "00000.jsonl", "00000.jsonl")
    ]


def test_parts_count_beside_a_last_object_that_lacks_them() -> None:
    _, results = started()
    put_object(results, "00000.0001", 0, 1)
    put_object(results, "00000", 2)
    assert tracker(results).status(RUN).rows_done == 3


def test_that_a_worker_has_begun_is_neither_read_nor_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapeline.batch.tracking._READ_AT_ONCE", 1)
    _, results = started()
    store = CountingStore(results.objects)
    put_object(store, "00000.0001", 0)
    for number in range(1, 4):
        put_object(store, f"0000{number}.begun1")
    assert tracker(store).status(RUN).rows_done == 1
    assert not [key for key in store.reads if "begun" in key]


def test_parts_are_read_however_many_shards_are_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapeline.batch.tracking._READ_AT_ONCE", 2)
    _, results = started()
    for number in range(2):
        put_result(results, RUN, f"{number:05d}", PictureResult((RowAnswer(number),)))
    put_object(results, "00002.0001", 2, 3, 4)
    tracked = tracker(results)
    # The part is estimated at first, and counted at the next request.
    assert [tracked.status(RUN).rows_done for _ in range(2)] == [3, 5]


def test_a_full_cache_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapeline.batch.tracking._CACHED", 1)
    _, results = started()
    tracked = tracker(results)
    for number in range(5):
        put_result(results, RUN, f"{number:05d}", PictureResult((RowAnswer(number),)))
        assert tracked.status(RUN).rows_done == number + 1
