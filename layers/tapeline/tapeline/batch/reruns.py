"""Runs of a run's errors.csv: which there are, and which rows of the run each of their rows is."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.rows import Row, RowReader
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.entities import EntitySet
from tapeline.errors import CorruptObjectError, ObjectMissingError, RejectedInputError
from tapeline.ports import ObjectStore

# In place of a position: the row is of no other run.
_NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class Rerun:
    """A run of rows of another run's errors.csv.

    Attributes:
        run: Its name.
        rows: Position in its input -> position in the other run's input, or -1.
    """

    run: str
    rows: "array[int]"

    def merged(self, picture: PictureResult) -> PictureResult:
        """Return a picture of this run as one of the other run: with its positions, and without errors.

        What failed again keeps the error that the other run has.
        """
        rows = tuple(self._moved(row) for row in picture.rows if row.error_code is None and self._known(row))
        return PictureResult(rows, picture.labels, picture.milliseconds, picture.notes)

    def _known(self, row: RowAnswer) -> bool:
        return 0 <= row.position < len(self.rows) and self.rows[row.position] != _NOWHERE

    def _moved(self, row: RowAnswer) -> RowAnswer:
        return RowAnswer(
            self.rows[row.position],
            row.prediction,
            row.confidence,
            row.stated,
            row.text,
            row.box,
            row.runners_up,
            row.runner_up_boxes,
        )


def rerun_names(run: str, results: ObjectStore) -> tuple[str, ...]:
    """Return the names of the runs of a run's errors.csv, in ascending order."""
    prefix = keys.reruns_prefix(run)
    return tuple(key.removeprefix(prefix).removesuffix(".json") for key in results.keys(prefix))


def load_reruns(run: str, names: Sequence[str], results: ObjectStore) -> tuple[RunDocument, ...]:
    """Return the descriptions of the runs of a run's errors.csv; those that can't be read are left out.

    Args:
        run: The run that was tried again.
        names: As :func:`rerun_names` returns them.
        results: The results bucket.
    """
    reruns = []
    for name in names:
        with suppress(ObjectMissingError, CorruptObjectError):
            reruns.append(RunDocument.load(results.read(keys.rerun_key(run, name))))
    return tuple(reruns)


def entities_of(document: RunDocument, reruns: Sequence[RunDocument]) -> EntitySet:
    """Return the entities that a run's rows can ask for: its own, and those of the runs of its errors.csv."""
    entities = document.entities
    for rerun in reruns:
        entities = entities.joined(rerun.entities)
    return entities


def read_reruns(
    run: str,
    reruns: Sequence[RunDocument],
    drop: ObjectStore,
    keep: Callable[[Row, tuple[str, ...]], None],
) -> Iterator[Rerun]:
    """Yield the runs of a run's errors.csv; those whose input is gone are left out.

    Args:
        run: The run that was tried again.
        reruns: As :func:`load_reruns` returns them.
        drop: The drop bucket, with their inputs.
        keep: Is given each row of theirs, which may have been edited, with the names of its columns.
    """
    for document in reruns:
        rows = array("q")
        try:
            with drop.open(document.source.key, document.source.version) as chunks:
                reader = RowReader(chunks)
                for row in reader:
                    rows.append(_NOWHERE if row.origin is None or row.origin.run != run else row.origin.row)
                    keep(row, reader.columns)
        except (ObjectMissingError, CorruptObjectError, RejectedInputError):
            continue
        yield Rerun(document.run, rows)
