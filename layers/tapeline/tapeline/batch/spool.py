"""The answers of a run by position, in a database file.

Shard results come in any order and rows are needed in the input's; a file keeps memory flat.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple, Self

from tapeline.answers import sureness
from tapeline.batch.shard_results import PictureResult, RowAnswer

# Answers that are written to the database at once. Chosen by hand: about 1 MB.
_WRITTEN_AT_ONCE: Final = 1000

_JSON: Final = json.JSONEncoder(ensure_ascii=False)


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
        decision: What a person made of the prediction, ``confirmed`` or ``corrected``; empty where nobody has
            looked at it.
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
    decision: str = ""

    @property
    def sureness(self) -> float:
        """How probably the answer is right, from 0 to 1; 0 with an error."""
        if self.error_code:
            return 0.0
        return sureness(answered=bool(self.prediction), confidence=self.confidence, stated=self.stated)


class AnswerSpool:
    """Keeps one answer for each position.

    Args:
        path: Where to make the database file.
        rows: Rows in the input: positions from 0 to below it are kept, and no others.
    """

    def __init__(self, path: Path, rows: int) -> None:
        self._database = sqlite3.connect(path)
        # The file is deleted at the end of the call that made it: it needn't survive a crash.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE answers (position INTEGER PRIMARY KEY, prediction TEXT, confidence REAL,"
            " stated REAL, text TEXT, box TEXT, runners_up TEXT, labels TEXT, milliseconds REAL,"
            " error_code TEXT, error TEXT, notes TEXT)"
        )
        self._database.execute("CREATE TABLE edited (position INTEGER PRIMARY KEY, cells TEXT)")
        # A byte for each row: 1 where it has an answer.
        self._answered = bytearray(rows)
        self._waiting: list[AnsweredRow] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, picture: PictureResult) -> bool:
        """Keep the answers to a picture's rows, except to those that have one, or that the input lacks.

        Returns:
            Whether an answer was kept.
        """
        labels = _json(picture.labels)
        notes = _json(picture.notes)
        milliseconds = round(sum(picture.milliseconds.values()), 1)
        before = len(self._waiting)
        for row in picture.rows:
            if 0 <= row.position < len(self._answered) and not self._answered[row.position]:
                self._answered[row.position] = 1
                self._waiting.append(_answered_row(row, labels, milliseconds, notes))
        kept = len(self._waiting) > before
        if len(self._waiting) >= _WRITTEN_AT_ONCE:
            self._write()
        return kept

    def add_edited(self, position: int, cells: Sequence[str]) -> None:
        """Keep what a row has become in an errors.csv that was dropped again."""
        self._database.execute(
            "INSERT OR REPLACE INTO edited VALUES (?, ?)", (position, _JSON.encode(list(cells)))
        )

    def edited_in_order(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the position and the cells of each edited row, in ascending order of position."""
        with closing(self._database.execute("SELECT * FROM edited ORDER BY position")) as found:
            for position, cells in found:
                yield position, json.loads(cells)

    def in_order(self) -> Iterator[AnsweredRow]:
        """Yield the answers in ascending order of position."""
        self._write()
        with closing(self._database.execute("SELECT * FROM answers ORDER BY position")) as found:
            for cells in found:
                yield AnsweredRow(*cells)

    def _write(self) -> None:
        # Without the decision: persons' come later.
        kept = (row[:-1] for row in self._waiting)
        self._database.executemany("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)
        self._waiting.clear()


def _answered_row(row: RowAnswer, labels: str, milliseconds: float, notes: str) -> AnsweredRow:
    return AnsweredRow(
        row.position,
        row.prediction,
        row.confidence,
        row.stated,
        row.text,
        _json(row.box),
        _json(_runners_up(row)),
        labels,
        milliseconds,
        row.error_code or "",
        row.error,
        notes,
    )


def _runners_up(row: RowAnswer) -> tuple[object, ...]:
    """Return each runner-up with its box, where there are boxes."""
    if len(row.runner_up_boxes) != len(row.runners_up):
        return row.runners_up
    return tuple((*runner, box) for runner, box in zip(row.runners_up, row.runner_up_boxes, strict=True))


def _json(cells: tuple[object, ...] | None) -> str:
    return _JSON.encode(cells) if cells else ""
