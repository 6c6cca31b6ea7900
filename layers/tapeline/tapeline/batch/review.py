"""The unsure rows of a run, least sure first: review.csv, and the queue that the page takes."""

import heapq
import io
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TextIO

from tapeline.batch.jsonl import record_lines
from tapeline.batch.rows import Origin, Row
from tapeline.batch.schema import Schema
from tapeline.batch.spool import AnsweredRow
from tapeline.batch.tables import ORIGIN_COLUMNS, TableWriter
from tapeline.picture import Box

# The columns of review.csv after the input's own; docs/formats.md describes them.
REVIEW_COLUMNS: Final = ("prediction", "confidence", "stated", "runners_up", "answer", *ORIGIN_COLUMNS)

# Rows of the queue at most. Chosen by hand: weeks of work, and some 6 MB. review.csv has all.
QUEUE_ROWS: Final = 10_000

# Rows that are written to the database at once. Chosen by hand: less than 1 MB.
_WRITTEN_AT_ONCE: Final = 1000

# What could have been answered instead: prediction, confidence, text, and the corners of its line.
type QueuedRunnerUp = tuple[str, float, str, Box | None]


@dataclass(frozen=True, slots=True)
class QueuedRow:
    """An unsure row, as it is shown to a person.

    Attributes:
        row: Its position in the run's input.
        index: As in the input.
        image_link: As in the input.
        entity_name: As in the input.
        prediction: What was predicted; empty where nothing was.
        confidence: From 0 to 1.
        stated: From 0 to 1.
        text: The line that the prediction was read from; empty where there is none.
        box: Its corners in pixels of the original picture.
        runners_up: Best first.
    """

    row: int
    index: str
    image_link: str
    entity_name: str
    prediction: str = ""
    confidence: float = 0.0
    stated: float = 0.0
    text: str = ""
    box: Box | None = None
    runners_up: tuple[QueuedRunnerUp, ...] = ()


_QUEUE: Final = Schema(QueuedRow, name="a row of a run's review", advice="make the run's outputs anew")


def dump_queue(rows: Iterable[QueuedRow]) -> bytes:
    """Return rows as JSON Lines."""
    return b"".join(map(_QUEUE.dump_line, rows))


def load_queue(body: bytes) -> list[QueuedRow]:
    """Return what :func:`dump_queue` wrote.

    Raises:
        CorruptObjectError: The bytes are something else.
    """
    return [_QUEUE.load(line) for line in record_lines([body])]


class ReviewSpool:
    """Sorts the unsure rows of a run in a database file; memory is bounded by :data:`QUEUE_ROWS`.

    Args:
        path: Where to make the file.
        threshold: How sure an answer has to be, from 0 to 1, not to be reviewed.

    Attributes:
        rows: Unsure rows so far.
    """

    def __init__(self, path: Path, threshold: float) -> None:
        self._threshold = threshold
        self._database = sqlite3.connect(path)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE unsure (sureness REAL, position INTEGER, line TEXT)")
        self._waiting: list[tuple[float, int, str]] = []
        # The surest first: minus sureness, minus position, the row's own cells, and its answer.
        self._queue: list[tuple[float, int, tuple[str, str, str], AnsweredRow]] = []
        self._line = io.StringIO(newline="")
        self._table = TableWriter(self._line)
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def is_unsure(self, machine: AnsweredRow) -> bool:
        """Say whether a prediction is to be reviewed: it is less sure than the threshold, and no error."""
        return not machine.error_code and machine.sureness < self._threshold

    def add(
        self, row: Row, cells: Sequence[str], machine: AnsweredRow, answer: AnsweredRow, origin: Origin | None
    ) -> None:
        """Keep an unsure row.

        Args:
            row: The row.
            cells: Its cells, as many as the table has columns.
            machine: What was predicted.
            answer: The same, or what a person made of it.
            origin: The run and the row that a correction of it is for.
        """
        sure = machine.sureness
        self.rows += 1
        self._line.seek(0)
        self._line.truncate()
        self._table.write_escaped((*cells, *_review_cells(machine, answer, origin)))
        self._waiting.append((sure, row.position, self._line.getvalue()))
        if len(self._waiting) >= _WRITTEN_AT_ONCE:
            self._write()
        item = (-sure, -row.position, (row.index, row.image_link, row.entity_name), machine)
        if len(self._queue) < QUEUE_ROWS:
            heapq.heappush(self._queue, item)
        elif item[:2] > self._queue[0][:2]:
            heapq.heapreplace(self._queue, item)

    def queue(self) -> Iterator[QueuedRow]:
        """Yield the least sure rows, the least sure first."""
        for _, _, own, machine in sorted(self._queue, key=lambda item: item[:2], reverse=True):
            yield _queued(own, machine)

    def write_table(self, file: TextIO, columns: Sequence[str]) -> None:
        """Write review.csv.

        Args:
            file: Open for text, without translation of line ends.
            columns: The input's own columns.
        """
        TableWriter(file).write_escaped((*columns, *REVIEW_COLUMNS))
        file.writelines(self._lines())

    def _lines(self) -> Iterator[str]:
        self._write()
        query = "SELECT line FROM unsure ORDER BY sureness, position"
        with closing(self._database.execute(query)) as found:
            for (line,) in found:
                yield line

    def _write(self) -> None:
        self._database.executemany("INSERT INTO unsure VALUES (?, ?, ?)", self._waiting)
        self._waiting.clear()


def _review_cells(machine: AnsweredRow, answer: AnsweredRow, origin: Origin | None) -> tuple[str, ...]:
    runners_up = " | ".join(
        f"{prediction} ({confidence:g})" for prediction, confidence, *_ in _runners_up(machine)
    )
    return (
        machine.prediction,
        f"{machine.confidence:g}" if machine.prediction else "",
        f"{machine.stated:g}",
        runners_up,
        _decided(answer),
        origin.run if origin else "",
        str(origin.row) if origin else "",
    )


def _decided(answer: AnsweredRow) -> str:
    """Return what a person would write for a decision."""
    if not answer.decision:
        return ""
    return "right" if answer.decision == "confirmed" else answer.prediction or "none"


def _queued(own: tuple[str, str, str], machine: AnsweredRow) -> QueuedRow:
    return QueuedRow(
        machine.position,
        *own,
        machine.prediction,
        machine.confidence,
        machine.stated,
        machine.text,
        _corners(json.loads(machine.box)) if machine.box else None,
        _runners_up(machine),
    )


def _runners_up(machine: AnsweredRow) -> tuple[QueuedRunnerUp, ...]:
    found = json.loads(machine.runners_up) if machine.runners_up else []
    return tuple(
        (prediction, confidence, text, _corners(box[0]) if box else None)
        for prediction, confidence, text, *box in found
    )


def _corners(points: Sequence[Sequence[float]]) -> Box:
    first, second, third, fourth = ((x, y) for x, y in points)
    return first, second, third, fourth
