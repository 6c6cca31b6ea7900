"""The input CSV: its header, its rows, and what makes it unusable as a whole."""

import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tapeline.batch.jsonl import split_lines
from tapeline.errors import RejectedInputError

# The columns that a header must have.
REQUIRED_COLUMNS: Final = ("image_link", "entity_name")

# The columns that a header may have once; ``group_id`` isn't used.
OPTIONAL_COLUMNS: Final = ("index", "group_id")


@dataclass(frozen=True, slots=True)
class Row:
    """One data row of the input.

    Attributes:
        position: The row's number in the input, from 0; the outputs have the rows in this order.
        index: The cell of the column ``index``, or the position where the file has no such column.
        image_link: The link as given, without the spaces around it.
        entity_name: The entity as given, without the spaces around it.
        cells: All of the line's cells as given.
        problem: What is wrong with the line itself, or None.
    """

    position: int
    index: str
    image_link: str
    entity_name: str
    cells: tuple[str, ...]
    problem: str | None


class RowReader:
    """Streams an input CSV: UTF-8 with or without BOM, LF or CRLF, quoted or not.

    Blank lines aren't rows, as in ``pandas.read_csv``. A line with too few or too many cells is a
    row with a ``problem``: it must not get lost.

    Args:
        chunks: The file's bytes, split anywhere.

    Attributes:
        columns: The header's names, in the file's order.

    Raises:
        RejectedInputError: The header lacks a needed column or names one twice, or (also while
            iterating) the bytes aren't UTF-8 or a quote is never closed.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        # Not strict, the csv module would take all that follows an unclosed quote for one cell.
        self._reader = csv.reader(_decode(chunks), strict=True)
        self.columns = self._read_header()
        self._indexes = {name: self.columns.index(name) for name in _used(self.columns)}

    def _read_header(self) -> tuple[str, ...]:
        expected = f"a CSV file whose header has the columns {' and '.join(REQUIRED_COLUMNS)}"
        names = next((cells for cells in self._records() if cells), None)
        if names is None:
            raise RejectedInputError(
                expected=expected, received="an empty file", advice="write a header line and rows"
            )
        columns = tuple(name.strip() for name in names)
        missing = [name for name in REQUIRED_COLUMNS if name not in columns]
        if missing:
            shown = ", ".join(columns)
            raise RejectedInputError(
                expected=expected,
                received=f"the columns {shown[:300]!r}",
                advice=f"add the column {' and '.join(missing)}; columns are separated by commas",
                line=self._reader.line_num,
            )
        twice = [name for name in _used(columns) if columns.count(name) > 1]
        if twice:
            raise RejectedInputError(
                expected="each used column once",
                received=f"{twice[0]} twice or more",
                advice="rename or remove the others",
                line=self._reader.line_num,
            )
        return columns

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows in the file's order.

        Raises:
            RejectedInputError: See the class.
        """
        position = 0
        for cells in self._records():
            if not cells:
                continue
            yield self._row(position, cells)
            position += 1

    def _row(self, position: int, cells: list[str]) -> Row:
        def cell(name: str) -> str:
            index = self._indexes.get(name)
            return cells[index] if index is not None and index < len(cells) else ""

        problem = None
        if len(cells) != len(self.columns):
            problem = (
                f"expected {len(self.columns)} cells as in the header, received {len(cells)}: "
                "quote cells that hold a comma"
            )
        return Row(
            position=position,
            index=cell("index") if "index" in self._indexes else str(position),
            image_link=cell("image_link").strip(),
            entity_name=sys.intern(cell("entity_name").strip()),
            cells=tuple(cells),
            problem=problem,
        )

    def _records(self) -> Iterator[list[str]]:
        while True:
            start = self._reader.line_num + 1
            try:
                yield next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise RejectedInputError(
                    expected="well-formed CSV (RFC 4180)",
                    received=f"a record that can't be read: {error}",
                    advice="close the quotes, and double those inside a quoted cell",
                    line=start,
                ) from error


def _used(columns: tuple[str, ...]) -> list[str]:
    return [name for name in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS) if name in columns]


def _decode(chunks: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(split_lines(chunks), start=1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RejectedInputError(
                expected="UTF-8 text",
                received=f"the byte 0x{line[error.start]:02x}",
                advice="save the file as CSV UTF-8",
                line=number,
            ) from error
        yield text.removeprefix("\ufeff") if number == 1 else text
