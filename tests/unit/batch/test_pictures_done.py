"""RunStatus.pictures_done, on in-memory ports."""

from tapeline.batch.fan_out import RunDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.shard_results import PartHeader, PicturePart, RowAnswer, dump_part
from tapeline.batch.tracking import RunTracker
from tapeline.errors import ErrorCode
from tapeline.ports import ExecutionState
from tests.unit.fakes import MemoryStore

SOURCE = InputObject("drop", "incoming/test.csv", "1")


class Runs:
    def state(self, name: str) -> ExecutionState | None:
        return "running"


class Signer:
    def sign(self, key: str, seconds: int) -> str:
        return f"https://signed.example.com/{key}?{seconds}"


def add_part(store: MemoryStore, shard: str) -> None:
    """Put a part with two pictures, three rows and one error into a store."""
    rows = (RowAnswer(0), RowAnswer(1, error_code=ErrorCode.TIMEOUT, error="late"))
    header = PartHeader(shard, 2, 3, 1, 0, cold_start=True, seconds=1, memory_megabytes=1, code_version="1")
    body = dump_part(header, [PicturePart(rows).to_line(), PicturePart((RowAnswer(2),)).to_line()])
    store.objects[f"runs/{SOURCE.run}/parts/{shard}.jsonl"] = body


def test_pictures_and_rows_are_counted_as_their_parts_are_written() -> None:
    store = MemoryStore()
    store.objects[f"runs/{SOURCE.run}/run.json"] = RunDocument(SOURCE.run, SOURCE, 5, 3, 2).dump()
    tracker = RunTracker(store, Runs(), Signer(), 900)
    counts = []
    for shard in ("00000", "00001"):
        status = tracker.status(SOURCE.run)
        counts.append((status.pictures_done, status.rows_done, dict(status.errors_by_code)))
        add_part(store, shard)
    status = tracker.status(SOURCE.run)
    assert counts == [(0, 0, {}), (2, 3, {"timeout": 1})]
    # A shard that is answered twice doesn't count beyond the input.
    assert (status.pictures_done, status.rows_done) == (3, 5)


def test_all_pictures_of_a_succeeded_run_are_done() -> None:
    store = MemoryStore()
    store.objects[f"runs/{SOURCE.run}/run.json"] = RunDocument(SOURCE.run, SOURCE, 5, 3, 2).dump()
    prefix = f"results/test/{SOURCE.run}/"
    store.objects[f"{prefix}test_out.csv"] = b""
    store.objects[f"{prefix}report.json"] = b'{"errors_by_code": {}}'
    status = RunTracker(store, Runs(), Signer(), 900).status(SOURCE.run)
    assert (status.state, status.pictures_done) == ("succeeded", 3)
    # The local runner relies on this order.
    assert list(status.outputs) == ["test_out.csv", "details.csv", "errors.csv", "report.json"]
