"""An input CSV to a run: validated, grouped by picture, cut into shards, started."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import batched

from tapeline.batch import keys
from tapeline.batch.documents import JSON_TYPE, RejectionDocument, RunDocument
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.keys import InputObject
from tapeline.batch.rows import RowReader
from tapeline.batch.shards import RowGroups, dump_manifest, dump_shard, shard_name, shard_size
from tapeline.batch.states import AttemptInput
from tapeline.errors import RejectedInputError
from tapeline.ports import ExecutionStarter, ObjectStore


@dataclass(frozen=True, slots=True)
class Sharding:
    """How an input is cut.

    Attributes:
        workers: Workers that run at once.
        largest: Pictures in a shard at most.
        most_rows: Rows in an input at most; bounds the memory of this step.
    """

    workers: int
    largest: int
    most_rows: int


@dataclass(frozen=True, slots=True)
class FanOutcome:
    """The outcome for one announced object.

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

    run.json is written after the shards and the manifest: if it exists, an earlier call wrote all
    of them, and only the start of the execution may be missing.

    Args:
        source: The announced object version.
        drop: The bucket with the object.
        results: The results bucket.
        executions: The state machine.
        sharding: How to cut the rows.

    Returns:
        The outcome; a rejected file has a rejected.json and no execution.

    Raises:
        ObjectMissingError: The object version doesn't exist any more.
        CorruptObjectError: An earlier call's run.json can't be read.
    """
    run = source.run
    if results.exists(keys.run_document_key(run)):
        document = RunDocument.load(results.read(keys.run_document_key(run)))
    else:
        try:
            # Before any picture is paid for: outputs with such a name couldn't be written or downloaded.
            keys.check_stem(source.stem)
            groups = _group(source, drop, sharding.most_rows)
        except RejectedInputError as error:
            body = RejectionDocument.of(error, source).dump()
            results.write(keys.rejection_key(source), body, content_type=JSON_TYPE)
            return FanOutcome(run, started=False, rejected=str(error))
        document = _write_run(source, groups, results, sharding)
    # Nothing in it depends on the time or on this call: for Step Functions, the same name with the same
    # input is the same execution.
    first = AttemptInput(run=run, attempt=1, manifest=keys.manifest_key(run, 1), shards=document.shards)
    return FanOutcome(run, started=executions.start(run, first.model_dump_json()))


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
    results.write(keys.manifest_key(run, 1), dump_manifest(names), content_type=JSON_TYPE)
    document = RunDocument(run, source, groups.rows, len(groups), len(names))
    results.write(keys.run_document_key(run), document.dump(), content_type=JSON_TYPE)
    return document


def _shards(groups: RowGroups, sharding: Sharding) -> Iterator[tuple[str, bytes]]:
    size = shard_size(len(groups), workers=sharding.workers, largest=sharding.largest)
    for number, tasks in enumerate(batched(groups, size)):
        yield shard_name(number), dump_shard(tasks)
