"""A run's review for a person at a page: the unsure rows, what was decided of them, and how it is saved."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tapeline.batch import keys
from tapeline.batch.corrections import (
    CSV_TYPE,
    MAX_CORRECTIONS,
    Correction,
    corrections_key,
    dump_corrections,
    parse_answer,
    read_corrections,
    start_reducing,
)
from tapeline.batch.documents import RunDocument
from tapeline.batch.reruns import entities_of, load_reruns, rerun_names
from tapeline.batch.review import QueuedRow, load_queue
from tapeline.batch.thumbnails import Thumbnail, read_thumbnails
from tapeline.entities import EntitySet
from tapeline.errors import CorrectionError, ObjectMissingError
from tapeline.ports import ExecutionStarter, ObjectStore

# Seconds for which a queue isn't asked for again. Chosen by hand: it changes only where a run's outputs do.
_QUEUE_SECONDS: Final = 30.0

# Queues that are kept. Chosen by hand: a queue of 10,000 rows takes about 30 MB.
_QUEUES: Final = 4


@dataclass(frozen=True, slots=True)
class Decisions:
    """What persons decided about a run.

    Attributes:
        corrections: By row.
        tag: Of this content: a later save names the content that it is based on.
    """

    corrections: Mapping[int, Correction]
    tag: str


class RunReviewer:
    """Shows runs to those who review them, and takes their decisions.

    Args:
        results: The results bucket.
        executions: The state machine.
    """

    def __init__(self, results: ObjectStore, executions: ExecutionStarter) -> None:
        self._results = results
        self._executions = executions
        # Run -> when it was read, in seconds of time.monotonic, and the rows; the latest comes last.
        self._queues: dict[str, tuple[float, list[QueuedRow]]] = {}

    def queue(self, run: str) -> Sequence[QueuedRow]:
        """Return a run's unsure rows, the least sure first; at most the 10,000 of the page.

        Raises:
            ObjectMissingError: There is no such run, it isn't finished, or it is too old.
            CorruptObjectError: The rows can't be read.
        """
        read_at, rows = self._queues.get(run, (-math.inf, []))
        if time.monotonic() - read_at < _QUEUE_SECONDS:
            return rows
        try:
            rows = load_queue(self._results.read(keys.review_queue_key(run)))
        except ObjectMissingError as error:
            raise ObjectMissingError(
                f"expected the name of a finished run, received {run!r}, which isn't finished, was never "
                "started, or is older than RunDays"
            ) from error
        self._queues.pop(run, None)
        while len(self._queues) >= _QUEUES:
            del self._queues[next(iter(self._queues))]
        self._queues[run] = time.monotonic(), rows
        return rows

    def row(self, run: str, number: int) -> QueuedRow:
        """Return one of a run's unsure rows.

        Raises:
            ObjectMissingError: There is no such run, or it has no such unsure row.
            CorruptObjectError: The rows can't be read.
        """
        found = next((row for row in self.queue(run) if row.row == number), None)
        if found is None:
            raise ObjectMissingError(f"expected one of the run's unsure rows, received row {number}")
        return found

    def thumbnail(self, run: str, number: int) -> Thumbnail | None:
        """Return the crop that was kept of a row; None where there is none."""
        return read_thumbnails(run, [number], self._results).get(number)

    def decisions(self, run: str) -> Decisions:
        """Return what was decided about a run.

        Raises:
            ObjectMissingError: There is no such run, or it is too old.
            CorruptObjectError: The corrections can't be read.
        """
        return Decisions(*read_corrections(self._document(run), self._results))

    def decide(self, run: str, answers: Mapping[int, str | None], tag: str) -> Decisions | None:
        """Save decisions about a run's unsure rows.

        Args:
            run: The run's name.
            answers: Row -> what a person says, as in review.csv; None takes a decision back.
            tag: Of the decisions that these are based on.

        Returns:
            All decisions; None where somebody else has saved some since, and nothing was saved.

        Raises:
            ObjectMissingError: There is no such run, or it has no such unsure row.
            CorrectionError: An answer can't be taken, or there are too many; nothing was saved.
            CorruptObjectError: The corrections can't be read.
        """
        document = self._document(run)
        corrections, current = read_corrections(document, self._results)
        if current != tag:
            return None
        rows = {row.row: row for row in self.queue(run)}
        reruns = load_reruns(run, rerun_names(run, self._results), self._results)
        entities = entities_of(document, reruns)
        merged = dict(corrections)
        for number, text in answers.items():
            row = rows.get(number)
            if row is None:
                raise ObjectMissingError(f"expected one of the run's unsure rows, received row {number}")
            if text is None:
                merged.pop(number, None)
            else:
                merged[number] = _correction(row, text, entities)
        if len(merged) > MAX_CORRECTIONS:
            raise CorrectionError(f"expected at most {MAX_CORRECTIONS} decided rows of a run, received more")
        saved = self._results.write_tagged(
            corrections_key(document), dump_corrections(merged), current, content_type=CSV_TYPE
        )
        return None if saved is None else Decisions(merged, saved)

    def write_outputs(self, run: str) -> str:
        """Start the making of a run's outputs anew, with all decisions in; return the execution's name.

        Raises:
            ObjectMissingError: There is no such run, or it is too old.
        """
        return start_reducing(self._document(run).run, self._executions)

    def _document(self, run: str) -> RunDocument:
        try:
            return RunDocument.load(self._results.read(keys.run_document_key(run)))
        except ObjectMissingError as error:
            raise ObjectMissingError(
                f"expected the name of a run, received {run!r}, which was never started or is older than "
                "RunDays"
            ) from error


def _correction(row: QueuedRow, text: str, entities: EntitySet) -> Correction:
    try:
        answer = parse_answer(text, row.entity_name, row.prediction, entities)
    except CorrectionError as error:
        raise CorrectionError(f"row {row.row}: {error}") from error
    return Correction(row.row, row.index, row.image_link, row.entity_name, row.prediction, answer)
