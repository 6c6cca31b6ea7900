"""How far a run is, from what it has written so far."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.shard_results import load_shard_result
from tapeline.errors import ErrorCode, ObjectMissingError
from tapeline.ports import ExecutionReader, ExecutionState, LinkSigner, ObjectStore

_READERS: Final = 16
_REMEMBERED: Final = 20_000
"""Parts whose counts are kept: about 3 MB."""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a run is.

    Attributes:
        run: The run's name.
        state: ``succeeded`` once all outputs are there.
        source: Key of the input in the drop bucket.
        rows: Rows in the input.
        rows_done: Rows that are answered, or have an error.
        pictures: Distinct links in the input.
        errors_by_code: Error code -> rows; only codes that occurred.
        outputs: File name -> short-lived link to it; empty before the run has succeeded.
    """

    run: str
    state: ExecutionState
    source: str
    rows: int
    rows_done: int
    pictures: int
    errors_by_code: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Counted:
    rows: int
    codes: tuple[ErrorCode, ...]


class RunTracker:
    """Looks runs up.

    A shard result never changes once it is written, so that its counts are kept: whoever asks again and again
    for a run makes it read only the shard results that are new.

    Args:
        results: The results bucket.
        executions: The state machine.
        signer: Makes links into the results bucket.
        link_seconds: How long the links are good for.
    """

    def __init__(
        self, results: ObjectStore, executions: ExecutionReader, signer: LinkSigner, link_seconds: int
    ) -> None:
        self._results = results
        self._executions = executions
        self._signer = signer
        self._link_seconds = link_seconds
        self._counted: dict[str, _Counted] = {}

    def status(self, run: str) -> RunStatus:
        """Return how far a run is.

        Raises:
            ObjectMissingError: There is no such run, or it is older than the template's RunDays.
        """
        try:
            document = RunDocument.load(self._results.read(keys.run_document_key(run)))
        except ObjectMissingError as error:
            raise ObjectMissingError(
                f"expected the name of a run, received {run!r}, which was never started or is too old: "
                "the names are those of the folders results/FILE/RUN/ in the results bucket, where "
                "rejected.json says why a file was refused"
            ) from error
        if self._results.exists(keys.predictions_key(document.source)):
            return self._finished(document)
        counts = self._count(self._results.keys(keys.shard_results_prefix(run)))
        codes = Counter(str(code) for count in counts for code in count.codes)
        return RunStatus(
            run=run,
            # It is started last, right after its description is written.
            state=self._executions.state(run) or "running",
            source=document.source.key,
            rows=document.rows,
            # A shard that was handed back late may be answered twice.
            rows_done=min(document.rows, sum(count.rows for count in counts)),
            pictures=document.pictures,
            errors_by_code=dict(sorted(codes.items())),
        )

    def _finished(self, document: RunDocument) -> RunStatus:
        outputs = keys.output_keys(document.source)
        report = json.loads(self._results.read(outputs[keys.REPORT]))
        return RunStatus(
            run=document.run,
            state="succeeded",
            source=document.source.key,
            rows=document.rows,
            rows_done=document.rows,
            pictures=document.pictures,
            errors_by_code=report["errors_by_code"],
            outputs={name: self._signer.sign(key, self._link_seconds) for name, key in outputs.items()},
        )

    def _count(self, keys: Iterable[str]) -> list[_Counted]:
        keys = list(keys)
        new = [key for key in keys if key not in self._counted]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="count") as pool:
            found = dict(zip(new, pool.map(self._read, new), strict=True))
        counts = [found.get(key) or self._counted[key] for key in keys]
        if len(self._counted) + len(found) > _REMEMBERED:
            self._counted.clear()
        self._counted.update(found)
        return counts

    def _read(self, key: str) -> _Counted:
        with self._results.open(key) as chunks:
            header, pictures = load_shard_result(chunks)
            codes = [row.error_code for picture in pictures for row in picture.rows if row.error_code]
        return _Counted(header.rows, tuple(codes))
