"""The input CSV: its header, its rows, and what makes it unusable as a whole."""

import csv
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from tapeline.batch.lines import InputLines
from tapeline.batch.table_formats import as_csv
from tapeline.batch.tables import (
    ERROR_COLUMNS,
    MAX_CELL_LENGTH,
    ORIGIN_COLUMNS,
    join_cells,
    restore_cell,
    unfit_cells,
)
from tapeline.download.links import MAX_LINK_LENGTH
from tapeline.errors import ErrorCode, RejectedInputError

# The columns that a header must have.
REQUIRED_COLUMNS: Final = ("image_link", "entity_name")

# The columns that a header may have once; ``group_id`` is the product's category.
OPTIONAL_COLUMNS: Final = ("index", "group_id")

# All columns whose cells are used, or that may come only once.
_USED: Final = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)

# Blank lines in a file at most; they are no rows, and so MaxRows doesn't count them. Chosen by hand.
MAX_BLANK_LINES: Final = 1_000_000

# Characters of an entity's name that are kept: as many as messages show, and more than a known one has.
_MAX_ENTITY_LENGTH: Final = 100

# Characters of a category that are kept: the challenge's have six. Chosen by hand.
_MAX_CATEGORY_LENGTH: Final = 100

# Characters of a header in a message. Chosen by hand.
_MAX_SHOWN_LENGTH: Final = 300

# What separates columns in files that aren't CSV as this reader takes it: sign -> its name in messages.
_OTHER_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}

# How like ``index`` another name has to be (difflib's ratio) for the file to be refused. Chosen by hand:
# ``indx``, ``index1`` and ``index no`` are at .83 to .91; ``idx`` and ``row_index`` at .75 and .77.
_LIKENESS: Final = 0.8


# As FanOut names runs; see tapeline.batch.keys.
RUN_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,80}")

# Digits of a row's number at most: more than MaxRows has.
_ROW_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row of an errors.csv or a review.csv is from.

    Attributes:
        run: The run's name.
        row: The row's position in that run's input.
    """

    run: str
    row: int


@dataclass(frozen=True, slots=True)
class Row:
    """One data row of the input.

    Attributes:
        position: The row's number in the input, from 0; the outputs have the rows in this order.
        index: The cell of the column ``index``, or the position where the file has no such column.
        image_link: The link as given, without the spaces around it; the beginning of one that is too long.
        entity_name: The entity as given, without the spaces around it; the beginning of one that is too
            long.
        cells: All of the line's cells as given, but for those that errors.csv added.
        problem: What is wrong with the line itself, or None.
        origin: Where it is from, in an errors.csv that says so; None for any other row.
        category: The cell of the column ``group_id``, without the spaces around it; the beginning of one
            that is too long, and empty where the file has no such column.
    """

    position: int
    index: str
    image_link: str
    entity_name: str
    cells: tuple[str, ...]
    problem: str | None
    origin: Origin | None = None
    category: str = ""


class RowReader:
    """Streams an input CSV: UTF-8 with or without BOM, LF, CRLF or CR, quoted or not.

    A table of another format is read as the CSV that it would be: see
    :mod:`tapeline.batch.table_formats`.

    Blank lines aren't rows, as in ``pandas.read_csv``. A line with too few or too many cells is a
    row with a ``problem``: it must not get lost. The used columns are found whatever their case, and
    with spaces, hyphens or nothing in place of underscores.

    A file with the columns ``error_code`` and ``error`` is an errors.csv: its rows come back as they
    were before the reducer wrote them.

    Args:
        chunks: The file's bytes, split anywhere.

    Attributes:
        columns: The header's names as given, in the file's order, without those that errors.csv added.

    Raises:
        RejectedInputError: The header lacks a needed column, names one twice or nearly names ``index``;
            or (also while iterating) the bytes aren't UTF-8, a quote is never closed, or a cell, a row
            or the file is too large.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._lines = InputLines(as_csv(chunks))
        # Not strict, the csv module would take all that follows an unclosed quote for one cell.
        self._reader = csv.reader(self._lines, strict=True)
        self._blank_lines = 0
        header = next(self._records(), None)
        if header is None:
            raise RejectedInputError(
                expected=_expected_header(), received="an empty file", advice="write a header line and rows"
            )
        # A BOM may stand within the quotes of the first name.
        header[0] = header[0].lstrip("\ufeff")
        self._width = len(header)
        self._error_code, self._origin, self._kept = _added_columns(header)
        names = [header[index] for index in self._kept]
        self.columns = tuple(names if self._error_code is None else map(restore_cell, names))
        self._indexes = self._find_used_columns()

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows in the file's order.

        Raises:
            RejectedInputError: See the class.
        """
        for position, cells in enumerate(self._records()):
            row = self._row(position, self._original(cells))
            yield row if self._origin is None else replace(row, origin=self._origin_of(cells))

    @property
    def is_errors_csv(self) -> bool:
        """Whether the file is an errors.csv that says where its rows are from."""
        return self._origin is not None

    def row_of(self, position: int, cells: Sequence[str]) -> Row:
        """Return a row with other cells than those in the file.

        Args:
            position: The row's number.
            cells: Its cells, under :attr:`columns`.
        """
        return self._row(position, list(cells))

    def _origin_of(self, cells: Sequence[str]) -> Origin | None:
        run, row = (cells[index].strip() if index < len(cells) else "" for index in self._origin or (0, 0))
        return parse_origin(run, row)

    def _find_used_columns(self) -> dict[str, int]:
        """Return used column -> its index among :attr:`columns`."""
        folded = [_fold(name) for name in self.columns]
        used = {name: folded.index(_fold(name)) for name in _USED if _fold(name) in folded}
        for name, first in used.items():
            if folded.count(_fold(name)) > 1:
                second = folded.index(_fold(name), first + 1)
                both = " and ".join(
                    repr(self.columns[index][:_MAX_SHOWN_LENGTH]) for index in (first, second)
                )
                raise self._bad_header(
                    expected="each used column once",
                    received=f"{name} twice or more: {both}",
                    advice="rename or remove the others",
                )
        missing = [name for name in REQUIRED_COLUMNS if name not in used]
        if missing:
            raise self._bad_header(
                expected=_expected_header(),
                received=f"the columns {', '.join(self.columns)[:_MAX_SHOWN_LENGTH]!r}",
                advice=_separator_advice(self.columns)
                or f"add the column {' and '.join(missing)}; columns are separated by commas",
            )
        near = get_close_matches("index", folded, n=1, cutoff=_LIKENESS) if "index" not in used else []
        if near:
            raise self._bad_header(
                expected="a column named index, or none that is nearly named so",
                received=f"the column {self.columns[folded.index(near[0])][:_MAX_SHOWN_LENGTH]!r}",
                advice="rename it to index if it numbers the rows, otherwise to something else",
            )
        return used

    def _bad_header(self, *, expected: str, received: str, advice: str) -> RejectedInputError:
        line = self._lines.row_start
        return RejectedInputError(expected=expected, received=received, advice=advice, line=line)

    def _original(self, cells: list[str]) -> list[str]:
        """Return a record's own cells, as they were before errors.csv."""
        if self._error_code is None:
            return cells
        own = [cells[index] for index in self._kept if index < len(cells)] + cells[self._width :]
        own = [restore_cell(cell) for cell in own]
        bad = len(cells) == self._width and cells[self._error_code] == ErrorCode.BAD_ROW
        return unfit_cells(own) if bad else own

    def _row(self, position: int, cells: list[str]) -> Row:
        def cell(name: str) -> str:
            index = self._indexes.get(name)
            return cells[index] if index is not None and index < len(cells) else ""

        return Row(
            position=position,
            index=cell("index") if "index" in self._indexes else str(position),
            # What is kept of each row is bounded; more than these isn't needed to refuse it.
            image_link=cell("image_link").strip()[: MAX_LINK_LENGTH + 1],
            entity_name=sys.intern(cell("entity_name").strip()[: _MAX_ENTITY_LENGTH + 1]),
            cells=tuple(cells),
            problem=None if len(cells) == len(self.columns) else self._wrong_count(cells),
            category=sys.intern(cell("group_id").strip()[:_MAX_CATEGORY_LENGTH]),
        )

    def _wrong_count(self, cells: Sequence[str]) -> str:
        excess = cells[len(self.columns) - 1 :]
        # errors.csv has them in a single cell.
        if len(excess) > 1 and len(join_cells(excess)) > MAX_CELL_LENGTH:
            raise RejectedInputError(
                expected=f"{len(self.columns)} cells as in the header",
                received=f"{len(cells)}, of more than {MAX_CELL_LENGTH} characters from the last column on",
                advice="quote cells that hold a comma",
                line=self._lines.row_start,
            )
        return (
            f"expected {len(self.columns)} cells as in the header, received {len(cells)}: "
            "quote cells that hold a comma"
        )

    def _records(self) -> Iterator[list[str]]:
        while True:
            self._lines.begin_row()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self._malformed(error) from error
            if not cells:
                self._count_blank_line()
                continue
            # A shorter row has no longer cell: most rows aren't searched.
            if self._lines.row_bytes > MAX_CELL_LENGTH and max(map(len, cells)) > MAX_CELL_LENGTH:
                raise self._too_long_cell()
            yield cells

    def _count_blank_line(self) -> None:
        self._blank_lines += 1
        if self._blank_lines > MAX_BLANK_LINES:
            raise RejectedInputError(
                expected=f"at most {MAX_BLANK_LINES} blank lines",
                received="more",
                advice="remove them",
                line=self._lines.row_start,
            )

    def _malformed(self, error: csv.Error) -> RejectedInputError:
        # The module has one class for all of its errors.
        if str(error).startswith("field larger than field limit"):
            return self._too_long_cell()
        return RejectedInputError(
            expected="well-formed CSV (RFC 4180)",
            received=f"a record that can't be read: {error}",
            advice="close the quotes, and double those inside a quoted cell",
            line=self._lines.row_start,
        )

    def _too_long_cell(self) -> RejectedInputError:
        return RejectedInputError(
            expected=f"cells of at most {MAX_CELL_LENGTH} characters",
            received="a longer one",
            advice="shorten it or leave its column out; or close the quote with which it begins",
            line=self._lines.row_start,
        )


def _separator_advice(columns: Sequence[str]) -> str:
    """Return what to do about a header whose names have other signs than commas between them."""
    for sign, name in _OTHER_SEPARATORS.items():
        if len(columns) == 1 and sign in columns[0]:
            return f"its columns are separated by {name}: save it as CSV with commas"
    return ""


def _expected_header() -> str:
    return f"a CSV file whose header has the columns {' and '.join(REQUIRED_COLUMNS)}"


def _fold(name: str) -> str:
    """Return a column's name without case, spaces and signs: ``Image Link`` -> ``imagelink``."""
    compatible = unicodedata.normalize("NFKC", name).casefold()
    return "".join(filter(str.isalnum, compatible))


def parse_origin(run: str, row: str) -> Origin | None:
    """Return where a row is from by its two cells; None where they don't say."""
    known = RUN_NAME.fullmatch(run) and row.isascii() and row.isdecimal() and len(row) <= _ROW_DIGITS
    return Origin(sys.intern(run), int(row)) if known else None


def _added_columns(header: Sequence[str]) -> tuple[int | None, tuple[int, int] | None, list[int]]:
    """Return the columns that errors.csv added, and the input's own.

    Returns:
        The index of ``error_code``, None but in an errors.csv; those of the run and the row, None where an
        errors.csv hasn't got them; and those of the input's own columns.
    """
    # The last ones of their names: an input may have such a column of its own.
    last = {name.strip(): index for index, name in enumerate(header)}
    if not all(name in last for name in ERROR_COLUMNS):
        return None, None, list(range(len(header)))
    added = [last[name] for name in ERROR_COLUMNS]
    origin = None
    if all(name in last and last[name] > max(added) for name in ORIGIN_COLUMNS):
        origin = (last[ORIGIN_COLUMNS[0]], last[ORIGIN_COLUMNS[1]])
        added += origin
    return added[0], origin, [index for index in range(len(header)) if index not in added]
