r"""Output tables: written so that every reader of CSV gets the same cells, and none runs one as a formula.

Spreadsheets run a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end as a formula,
quoted or not. Such a cell gets an apostrophe in front of it; one that already has apostrophes before
such a character gets one more, so that :func:`restore_cell` always finds the original. Plain numbers
such as ``-12.5`` are no formulas and are left as they are.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

# The columns of errors.csv after the input's own, but for those of :data:`ORIGIN_COLUMNS`.
ERROR_COLUMNS: Final = ("error_code", "error")

# The last columns of errors.csv and review.csv: the run that a row is from, and its number there from 0.
ORIGIN_COLUMNS: Final = ("run", "row")

# Characters of an input's cell at most. Python's csv module reads at most 131,072 by default, of which one
# is left for the apostrophe before a formula. Source: csv.field_size_limit().
MAX_CELL_LENGTH: Final = 131_071

# The characters with which a formula begins; some spreadsheets take the full-width ones for the others.
_FORMULA_STARTS: Final = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"

# What stands before a formula to make it text.
_MARK: Final = "'"

# The first character of each cell that may need a mark: most cells have another one.
_SUSPECTS: Final = frozenset(_FORMULA_STARTS) - {"\\"} | {_MARK}

_FORMULA: Final = re.compile(f"{_MARK}*[{_FORMULA_STARTS}]")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def escape_cell(cell: str) -> str:
    """Return a cell with a mark before it where a spreadsheet would run it as a formula."""
    if cell and cell[0] in _SUSPECTS and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return _MARK + cell
    return cell


def restore_cell(cell: str) -> str:
    """Return the cell from which :func:`escape_cell` made this one."""
    return cell[1:] if cell.startswith(_MARK) and _FORMULA.match(cell) else cell


def fit_cells(cells: Sequence[str], width: int) -> list[str]:
    """Return a row's cells as exactly ``width`` cells, so that a table is rectangular.

    Cells that are missing are empty; what is too much stands in the last cell, as in a line of CSV.
    """
    if len(cells) > width:
        return [*cells[: width - 1], join_cells(cells[width - 1 :])]
    return [*cells, *[""] * (width - len(cells))]


def unfit_cells(cells: Sequence[str]) -> list[str]:
    """Return the cells that :func:`fit_cells` joined; missing cells stay empty."""
    try:
        joined = next(csv.reader([cells[-1]], strict=True), [])
    except csv.Error:
        joined = []
    # A last cell that isn't several cells was corrected, or never joined.
    return [*cells[:-1], *joined] if len(joined) > 1 else list(cells)


def join_cells(cells: Iterable[str]) -> str:
    """Return cells as one line of CSV, without its line end."""
    file = io.StringIO(newline="")
    TableWriter(file).write_row(cells)
    return file.getvalue()[:-1]


class TableWriter:
    r"""Writes rows as CSV with ``\n`` as line end; cells with line ends of any kind are quoted.

    Args:
        file: An open text file that doesn't translate line ends (``newline=""``).
    """

    def __init__(self, file: TextIO) -> None:
        # csv.writer (until Python 3.12.2) quotes a cell with a CR only where its own line end has one.
        self._writer = csv.writer(_LineFeeds(file), lineterminator="\r\n")

    def write_row(self, cells: Iterable[str]) -> None:
        """Write a row as it is."""
        self._writer.writerow(cells)

    def write_escaped(self, cells: Iterable[str]) -> None:
        """Write a row with its formulas escaped."""
        self._writer.writerow(map(escape_cell, cells))


class _LineFeeds:
    """A file for ``csv.writer``, which writes a row at a time, that ends each with LF instead of CRLF."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str) -> int:
        return self._file.write(f"{line[:-2]}\n")
