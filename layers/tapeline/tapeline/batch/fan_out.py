"""An input CSV to a run: validated, grouped by picture, cut into shards, started."""

import math
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tapeline.batch import keys
from tapeline.batch.documents import JSON_TYPE, RejectionDocument, RunDocument
from tapeline.batch.estimate import Estimate, InputCounts, Pace, estimate_run
from tapeline.batch.grouping import RowGroups
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.keys import InputObject
from tapeline.batch.metrics import file_metrics
from tapeline.batch.notices import notice_of_rejection, send_notice
from tapeline.batch.parallel import map_ahead
from tapeline.batch.rows import RowReader
from tapeline.batch.shards import cut_shards, dump_manifest, shard_name, shard_size
from tapeline.batch.states import AttemptInput
from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import RejectedInputError
from tapeline.ports import ExecutionStarter, Notifier, ObjectStore
from tapeline.telemetry import SILENT, Telemetry

# Shards that are written at once. Chosen by hand: at 20 ms each, 5,000,000 rows then wait 22 s in all.
_WRITERS: Final = 16


@dataclass(frozen=True, slots=True)
class Sharding:
    """How an input is cut.

    Attributes:
        pace: How the deployment works, on which the size of shards and the estimate depend.
        most_rows: Rows in an input at most; bounds the time and the scratch space of this step.
        most_usd: US dollars that an input may be estimated to cost.
    """

    pace: Pace
    most_rows: int
    most_usd: float = math.inf


@dataclass(frozen=True, slots=True)
class FanOutcome:
    """The outcome for one announced object.

    Attributes:
        run: The run's name.
        started: Whether this call started the execution; False where it was started before.
        rejection: Why the file was rejected, or None.
    """

    run: str
    started: bool
    rejection: RejectionDocument | None = None

    @property
    def rejected(self) -> str | None:
        """Why the file was rejected, in words; None where it wasn't."""
        return None if self.rejection is None else str(self.rejection.to_error())


def fan_out(
    source: InputObject,
    drop: ObjectStore,
    results: ObjectStore,
    executions: ExecutionStarter,
    sharding: Sharding,
    *,
    entities: EntitySet = EIGHT,
    keep_columns: bool = False,
    scratch: Path | None = None,
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
        entities: The entities that rows can ask for, as run.json keeps them. A run of an errors.csv has those
            of the run that it is from, too.
        keep_columns: Whether the predictions have the input's columns beside them; run.json keeps it.
        scratch: A folder for temporary files, some hundred bytes a row; memory doesn't grow with the rows.
            None for the system's own.

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
            keys.check_stem(source.stem, source.format)
            form = RunDocument(run, source, 0, 0, 0, None, entities, keep_columns)
            document = _write_run(form, drop, results, sharding, scratch)
        except RejectedInputError as error:
            estimate = error.estimate if isinstance(error, _CostLimitError) else None
            rejection = RejectionDocument.of(error, source, estimate)
            results.write(keys.rejection_key(source), rejection.dump(), content_type=JSON_TYPE)
            return FanOutcome(run, started=False, rejection=rejection)
    # Nothing in it depends on the time or on this call: for Step Functions, the same name with the same
    # input is the same execution.
    first = AttemptInput(run=run, attempt=1, manifest=keys.manifest_key(run, 1), shards=document.shards)
    return FanOutcome(run, started=executions.start(run, first.model_dump_json()))


def tell_outcome(outcome: FanOutcome, bucket: str, notifier: Notifier, telemetry: Telemetry = SILENT) -> None:
    """Tell of a dropped file: metrics of each, and a notice of one that was rejected.

    Args:
        outcome: What became of the file.
        bucket: The results bucket's name.
        notifier: Tells programs and people.
        telemetry: Takes the metrics.

    Raises:
        NoticeError: The notice couldn't be sent.
    """
    if outcome.rejection is not None:
        send_notice(notice_of_rejection(outcome.rejection, bucket), notifier)
    telemetry.emit(file_metrics(rejected=outcome.rejection is not None))


def _write_run(
    form: RunDocument, drop: ObjectStore, results: ObjectStore, sharding: Sharding, scratch: Path | None
) -> RunDocument:
    """Write a run's documents; return its description, of which the form has what isn't counted."""
    run, source = form.run, form.source
    with tempfile.TemporaryDirectory(dir=scratch) as folder, RowGroups(Path(folder)) as groups:
        with drop.open(source.key, source.version) as chunks:
            named = _add_rows(groups, chunks, sharding.most_rows)
        groups.group()
        _check_cost(groups, sharding)
        # A run of another deployment, or one that is too old, can't be merged into: this one stands alone.
        origin = named if named and results.exists(keys.run_document_key(named)) else None
        names = _write_shards(run, groups, results, sharding)
        document = replace(form, rows=groups.rows, pictures=groups.pictures, shards=len(names), origin=origin)
    if origin:
        earlier = RunDocument.load(results.read(keys.run_document_key(origin)))
        document = replace(document, entities=earlier.entities.joined(form.entities))
        results.write(keys.rerun_key(origin, run), document.dump(), content_type=JSON_TYPE)
    results.write(keys.manifest_key(run, 1), dump_manifest(names), content_type=JSON_TYPE)
    results.write(keys.run_document_key(run), document.dump(), content_type=JSON_TYPE)
    return document


def _add_rows(groups: RowGroups, chunks: Iterable[bytes], most_rows: int) -> str | None:
    """Add all rows, and return the run that those of an errors.csv are from."""
    origins: set[str] = set()
    for row in RowReader(chunks):
        if row.origin is not None:
            origins.add(row.origin.run)
        if len(origins) > 1:
            raise RejectedInputError(
                expected="an errors.csv with rows of one run",
                received=f"rows of {' and '.join(sorted(origins))}",
                advice="drop each run's errors.csv by itself",
            )
        if groups.rows == most_rows:
            raise RejectedInputError(
                expected=f"at most {most_rows} rows",
                received="more",
                advice="split the file, or deploy with a larger MaxRows",
            )
        groups.add(row)
    return next(iter(origins), None)


class _CostLimitError(RejectedInputError):
    """An input would cost more than it may."""

    def __init__(self, estimate: Estimate, most_usd: float) -> None:
        super().__init__(
            expected=f"a file that costs at most {most_usd:.2f} dollars",
            received=f"one of {estimate.rows} rows on {estimate.pictures} pictures, estimated at "
            f"{estimate.usd:.2f} dollars",
            advice="split the file, or deploy with a larger MaxRunCost",
        )
        self.estimate = estimate


def _check_cost(groups: RowGroups, sharding: Sharding) -> None:
    estimate = estimate_run(InputCounts(groups.rows, groups.pictures), sharding.pace)
    if estimate.usd > sharding.most_usd:
        raise _CostLimitError(estimate, sharding.most_usd)


def _write_shards(run: str, groups: RowGroups, results: ObjectStore, sharding: Sharding) -> list[str]:
    """Write the shards side by side, and return their names."""

    def write(numbered: tuple[int, bytes]) -> str:
        name = shard_name(numbered[0])
        results.write(keys.shard_key(run, name), numbered[1], content_type=CONTENT_TYPE)
        return name

    size = shard_size(groups.tasks, workers=sharding.pace.workers, largest=sharding.pace.largest_shard)
    return list(map_ahead(write, enumerate(cut_shards(groups, size)), threads=_WRITERS))
