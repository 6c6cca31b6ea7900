"""How far a run is, from what it has written so far."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.parallel import map_ahead
from tapeline.batch.report_document import ReportDocument
from tapeline.batch.shard_results import load_shard_result
from tapeline.errors import CorruptObjectError, ObjectMissingError
from tapeline.ports import ExecutionReader, ExecutionState, LinkSigner, ObjectStore

logger = logging.getLogger(__name__)

# Shard results that are read at the same time; chosen by hand.
_READERS: Final = 16

# Shard results that one request reads at most; the others' counts are estimated until the next request.
# Chosen by hand: an API request has 29 seconds, and 16 at a time at 20 ms each they wait for 3.
_READ_AT_ONCE: Final = 2_000

# Shard results whose counts are cached. Chosen by hand: more than the shards of 5,000,000 rows, some 17,000.
_CACHED: Final = 200_000


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a run is.

    Attributes:
        run: The run's name.
        state: ``succeeded`` once all outputs are written.
        source: Key of the input in the drop bucket.
        rows: Rows in the input.
        rows_done: Rows with an answer or an error; an estimate in a run with thousands of new shard results.
        pictures: Distinct links in the input.
        pictures_done: Pictures whose rows are done.
        errors_by_code: Error code -> rows; only codes that occurred.
        outputs: File name -> presigned URL; empty before the run has succeeded.
    """

    run: str
    state: ExecutionState
    source: str
    rows: int
    rows_done: int
    pictures: int
    pictures_done: int
    errors_by_code: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is counted in one shard result."""

    pictures: int
    rows: int
    codes: tuple[tuple[str, int], ...]
    whole: bool


class RunTracker:
    """Looks runs up.

    A shard result never changes once it is written, so its counts are cached: a repeated request for a
    run reads only the shard results that are new.

    Args:
        results: The results bucket.
        executions: The state machine.
        signer: Makes presigned URLs for the results bucket.
        link_seconds: How long these are valid.
    """

    def __init__(
        self, results: ObjectStore, executions: ExecutionReader, signer: LinkSigner, link_seconds: int
    ) -> None:
        self._results = results
        self._executions = executions
        self._signer = signer
        self._link_seconds = link_seconds
        self._cache: dict[str, _Counts] = {}

    def status(self, run: str) -> RunStatus:
        """Return how far a run is.

        Raises:
            ObjectMissingError: There is no such run, or it is older than the template's RunDays.
            CorruptObjectError: run.json or report.json can't be read.
        """
        try:
            document = RunDocument.load(self._results.read(keys.run_document_key(run)))
        except ObjectMissingError as error:
            raise ObjectMissingError(
                f"expected the name of a run, received {run!r}, which was never started or is too old: "
                "the names are those of the folders results/FILE/RUN/ in the results bucket, where "
                f"{keys.REJECTED} says why a file was refused"
            ) from error
        if self._results.exists(keys.predictions_key(document.source, document.run)):
            return self._finished(document)
        counts, unread = self._count(self._results.keys(keys.shard_results_prefix(run)))
        codes: Counter[str] = Counter()
        for count in counts:
            codes.update(dict(count.codes))
        # Those that weren't read are taken to be like those that were.
        scale = 1 + unread / len(counts) if counts else 1
        return RunStatus(
            run=run,
            # run.json exists, so that an execution that isn't there yet is about to be started.
            state=self._executions.state(run) or "running",
            source=document.source.key,
            rows=document.rows,
            # Two workers that ran the same shard may have answered a picture twice.
            rows_done=min(document.rows, round(scale * sum(count.rows for count in counts))),
            pictures=document.pictures,
            pictures_done=min(document.pictures, round(scale * sum(count.pictures for count in counts))),
            errors_by_code=dict(sorted(codes.items())),
        )

    def _finished(self, document: RunDocument) -> RunStatus:
        outputs = keys.output_keys(document.source, document.run)
        report = ReportDocument.load(self._results.read(outputs[keys.REPORT]))
        return RunStatus(
            run=document.run,
            state="succeeded",
            source=document.source.key,
            rows=document.rows,
            rows_done=document.rows,
            pictures=document.pictures,
            pictures_done=document.pictures,
            errors_by_code=report.errors_by_code,
            outputs={name: self._signer.sign(key, self._link_seconds) for name, key in outputs.items()},
        )

    def _count(self, result_keys: Iterable[str]) -> tuple[list[_Counts], int]:
        """Return the counts of the shard results that are read, and how many others there are."""
        last: list[str] = []
        parts: list[str] = []
        for key in result_keys:
            if keys.is_complete(key):
                last.append(key)
            # That a worker has begun answers nothing.
            elif keys.part_number(key) is not None:
                parts.append(key)
        read, left = self._read_some(last, _READ_AT_ONCE)
        counts = {key: self._cache[key] for key in last if key in self._cache}
        # What is in a shard's last object needn't be counted in its parts. Of those that weren't read, it is
        # likely.
        spared = {keys.shard_of(key) for key in last if key not in counts or counts[key].whole}
        parts = [key for key in parts if keys.shard_of(key) not in spared]
        _, unread = self._read_some(parts, _READ_AT_ONCE - read)
        return [*counts.values(), *(self._cache[key] for key in parts if key in self._cache)], left + unread

    def _read_some(self, wanted: Sequence[str], most: int) -> tuple[int, int]:
        """Read shard results that aren't cached, so many at most; return how many, and how many are left."""
        if len(self._cache) > _CACHED:
            self._cache.clear()
        new = [key for key in wanted if key not in self._cache]
        read = new[:most]
        self._cache.update(zip(read, map_ahead(self._read, read, threads=_READERS), strict=True))
        return len(read), len(new) - len(read)

    def _read(self, key: str) -> _Counts:
        """Return a shard result's counts, as far as it can be read: what is broken counts as missing."""
        codes: Counter[str] = Counter()
        pictures = rows = 0
        whole = False
        try:
            with self._results.open(key) as chunks:
                stats, results = load_shard_result(chunks)
                for picture in results:
                    pictures += 1
                    rows += len(picture.rows)
                    codes.update(row.error_code for row in picture.rows if row.error_code)
                whole = stats.whole
        except (CorruptObjectError, ObjectMissingError) as error:
            logger.warning("couldn't read all of %s: %s", key, error)
        return _Counts(pictures, rows, tuple((str(code), count) for code, count in codes.items()), whole)
