"""The answers of a run by position, in a database file.

Shard results come in any order and rows are needed in the input's; a file keeps memory flat.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Self

from tapeline.batch.shard_results import PictureResult, RowAnswer


class AnsweredRow(NamedTuple):
    """One row's answer as the outputs show it.

    Attributes:
        position: The row's number in the input, from 0.
        prediction: Such as ``12.5 centimetre``; empty where the picture doesn't say.
        confidence: 0 to 1.
        stated: How probably the picture states the entity, 0 to 1; with an empty prediction too.
        text: The line of text that the prediction was read from; empty where there is none.
        box: The line's corners as JSON; empty where there is none.
        runners_up: What could have been answered instead, as JSON; empty where there is nothing.
        labels: ResNet50's best classes as JSON; empty where there are none.
        milliseconds: Wall-clock time of the row's picture; None where no worker answered it.
        error_code: Why the row has no answer; empty where it has one.
        error: The same in words.
        notes: What limits left out of the picture's reading, as JSON; empty where there is nothing.
    """

    position: int
    prediction: str = ""
    confidence: float = 0.0
    stated: float = 0.0
    text: str = ""
    box: str = ""
    runners_up: str = ""
    labels: str = ""
    milliseconds: float | None = None
    error_code: str = ""
    error: str = ""
    notes: str = ""


class AnswerSpool:
    """Keeps one answer for each position.

    Args:
        path: Where to make the database file.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path)
        # The file is deleted at the end of the call that made it: it needn't survive a crash.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE answers (position INTEGER PRIMARY KEY, prediction TEXT, confidence REAL,"
            " stated REAL, text TEXT, box TEXT, runners_up TEXT, labels TEXT, milliseconds REAL,"
            " error_code TEXT, error TEXT, notes TEXT)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, picture: PictureResult) -> bool:
        """Keep the answers to a picture's rows, except to those that have one.

        Returns:
            Whether an answer was kept.
        """
        before = self._database.total_changes
        labels = _json(picture.labels)
        notes = _json(picture.notes)
        milliseconds = round(sum(picture.milliseconds.values()), 1)
        self._database.executemany(
            "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (_answered_row(row, labels, milliseconds, notes) for row in picture.rows),
        )
        return self._database.total_changes > before

    def in_order(self) -> Iterator[AnsweredRow]:
        """Yield the answers in ascending order of position."""
        with closing(self._database.execute("SELECT * FROM answers ORDER BY position")) as found:
            yield from map(AnsweredRow._make, found)


def _answered_row(row: RowAnswer, labels: str, milliseconds: float, notes: str) -> AnsweredRow:
    return AnsweredRow(
        row.position,
        row.prediction,
        row.confidence,
        row.stated,
        row.text,
        _json(row.box),
        _json(row.runners_up),
        labels,
        milliseconds,
        row.error_code or "",
        row.error,
        notes,
    )


def _json(cells: tuple[object, ...] | None) -> str:
    return json.dumps(cells, ensure_ascii=False) if cells else ""
