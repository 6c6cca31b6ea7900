"""An input CSV to a run: checked, grouped by picture, cut into shards, started."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import batched
from typing import Any, Final

from tapeline.batch import keys
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.keys import InputObject
from tapeline.batch.rows import RowReader
from tapeline.batch.shards import RowGroups, dump_shard, manifest_items, shard_name, shard_size
from tapeline.errors import CorruptObjectError, RejectedInputError
from tapeline.ports import ExecutionStarter, ObjectStore

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class RunDocument:
    """What a run is about; written once all its shards are.

    Attributes:
        run: The run's name.
        source: The object version that it answers.
        rows: Data rows in the input.
        pictures: Distinct links in the input.
        shards: Shards of the first attempt.
    """

    run: str
    source: InputObject
    rows: int
    pictures: int
    shards: int

    def dump(self) -> bytes:
        """Return the document as JSON."""
        return json.dumps(asdict(self), indent=2).encode()

    @classmethod
    def load(cls, body: bytes) -> "RunDocument":
        """Return what :meth:`dump` wrote.

        Raises:
            CorruptObjectError: The bytes are something else.
        """
        try:
            document: dict[str, Any] = json.loads(body)
            return cls(**{**document, "source": InputObject(**document["source"])})
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptObjectError(
                f"expected a run's description, received {body[:80]!r}: {error!r}; drop the CSV again"
            ) from error


@dataclass(frozen=True, slots=True)
class Sharding:
    """How an input is cut.

    Attributes:
        workers: Workers that run at once.
        largest: Pictures in a shard at most.
        most_rows: Rows in an input at most; bounds this step's memory.
    """

    workers: int
    largest: int
    most_rows: int


@dataclass(frozen=True, slots=True)
class FanOutcome:
    """What came of one announced object.

    Attributes:
        run: The run's name.
        started: Whether this call started the execution; False where it was started before.
        rejected: Why the file was rejected, or None.
    """

    run: str
    started: bool
    rejected: str | None = None


def fan_out(
    source: InputObject,
    drop: ObjectStore,
    results: ObjectStore,
    executions: ExecutionStarter,
    sharding: Sharding,
) -> FanOutcome:
    """Turn one object version into one execution, however often it is announced.

    The run's description is written after its shards and manifest: where it is there, an earlier
    call got that far, and only the start of the execution may be missing.

    Args:
        source: The announced object version.
        drop: The bucket that it lies in.
        results: The results bucket.
        executions: The state machine.
        sharding: How to cut the rows.

    Returns:
        What came of it; a rejected file has its ``rejected.json`` and no execution.

    Raises:
        ObjectMissingError: The object version is gone.
    """
    run = source.run
    if results.exists(keys.run_document_key(run)):
        document = RunDocument.load(results.read(keys.run_document_key(run)))
    else:
        try:
            groups = _group(source, drop, sharding.most_rows)
        except RejectedInputError as error:
            _write_rejection(source, error, results)
            return FanOutcome(run, started=False, rejected=str(error))
        document = _write_run(source, groups, results, sharding)
    # No timestamp, nothing of this call: the same input again is the same execution to Step Functions.
    payload = {
        "run": run,
        "attempt": 1,
        "manifest": keys.manifest_key(run, 1),
        "shards": document.shards,
    }
    return FanOutcome(run, started=executions.start(run, json.dumps(payload)))


def _group(source: InputObject, drop: ObjectStore, most_rows: int) -> RowGroups:
    groups = RowGroups()
    with drop.open(source.key, source.version) as chunks:
        for row in RowReader(chunks):
            if groups.rows == most_rows:
                raise RejectedInputError(
                    expected=f"at most {most_rows} rows",
                    received="more",
                    advice="split the file, or deploy with a larger MaxRows and more memory for FanOut",
                )
            groups.add(row)
    return groups


def _write_run(
    source: InputObject, groups: RowGroups, results: ObjectStore, sharding: Sharding
) -> RunDocument:
    run = source.run
    names = []
    for name, body in _shards(groups, sharding):
        results.write(keys.shard_key(run, name), body, content_type=CONTENT_TYPE)
        names.append(name)
    manifest = json.dumps(manifest_items(names)).encode()
    results.write(keys.manifest_key(run, 1), manifest, content_type=_JSON)
    document = RunDocument(run, source, groups.rows, len(groups), len(names))
    results.write(keys.run_document_key(run), document.dump(), content_type=_JSON)
    return document


def _shards(groups: RowGroups, sharding: Sharding) -> Iterator[tuple[str, bytes]]:
    size = shard_size(len(groups), workers=sharding.workers, largest=sharding.largest)
    for number, tasks in enumerate(batched(groups, size)):
        yield shard_name(number), dump_shard(tasks)


def _write_rejection(source: InputObject, error: RejectedInputError, results: ObjectStore) -> None:
    document = {
        "error": "rejected_input",
        "expected": error.expected,
        "received": error.received,
        "advice": error.advice,
        "line": error.line,
        "input": asdict(source),
    }
    results.write(keys.rejection_key(source), json.dumps(document, indent=2).encode(), content_type=_JSON)
