"""How far a run is, from what it has written so far."""

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.report import ReportDocument
from tapeline.batch.shard_results import load_shard_result
from tapeline.errors import ErrorCode, ObjectMissingError
from tapeline.ports import ExecutionReader, ExecutionState, LinkSigner, ObjectStore

# Shard results that are read at the same time; chosen by hand.
_READERS: Final = 16

# Shard results whose counts are cached; about 3 MB.
_CACHED: Final = 20_000


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a run is.

    Attributes:
        run: The run's name.
        state: ``succeeded`` once all outputs are written.
        source: Key of the input in the drop bucket.
        rows: Rows in the input.
        rows_done: Rows with an answer or an error.
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
    codes: tuple[ErrorCode, ...]


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
            CorruptObjectError: One of the run's objects can't be read.
        """
        try:
            document = RunDocument.load(self._results.read(keys.run_document_key(run)))
        except ObjectMissingError as error:
            raise ObjectMissingError(
                f"expected the name of a run, received {run!r}, which was never started or is too old: "
                "the names are those of the folders results/FILE/RUN/ in the results bucket, where "
                f"{keys.REJECTED} says why a file was refused"
            ) from error
        if self._results.exists(keys.predictions_key(document.source)):
            return self._finished(document)
        counts = self._count(self._results.keys(keys.shard_results_prefix(run)))
        codes = Counter(str(code) for count in counts for code in count.codes)
        return RunStatus(
            run=run,
            # run.json exists, so that an execution that isn't there yet is about to be started.
            state=self._executions.state(run) or "running",
            source=document.source.key,
            rows=document.rows,
            # Two workers that ran the same shard may have answered a picture twice.
            rows_done=min(document.rows, sum(count.rows for count in counts)),
            pictures=document.pictures,
            pictures_done=min(document.pictures, sum(count.pictures for count in counts)),
            errors_by_code=dict(sorted(codes.items())),
        )

    def _finished(self, document: RunDocument) -> RunStatus:
        outputs = keys.output_keys(document.source)
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

    def _count(self, result_keys: Iterable[str]) -> list[_Counts]:
        wanted = list(result_keys)
        new = [key for key in wanted if key not in self._cache]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="count") as pool:
            found = dict(zip(new, pool.map(self._read, new), strict=True))
        counts = [found.get(key) or self._cache[key] for key in wanted]
        if len(self._cache) + len(found) > _CACHED:
            self._cache.clear()
        self._cache.update(found)
        return counts

    def _read(self, key: str) -> _Counts:
        with self._results.open(key) as chunks:
            stats, pictures = load_shard_result(chunks)
            codes = [row.error_code for picture in pictures for row in picture.rows if row.error_code]
        return _Counts(stats.pictures, stats.rows, tuple(codes))
