"""The lines of an input CSV as text, cut at LF, CRLF and CR, within limits of size."""

from collections.abc import Iterable, Iterator
from typing import Final, Self

from tapeline.errors import RejectedInputError

# Bytes of a row at most, with its line ends. Chosen by hand: eight of the longest cells in ASCII, and
# 1/500 of FanOut's memory.
MAX_ROW_BYTES: Final = 1024 * 1024

# Bytes of an input at most. Chosen by hand: 400 a row at the largest MaxRows, 5,000,000; and read within
# FanOut's timeout. It leaves room in errors.csv, which can be the whole input with a code and a message of
# some hundred bytes for each row, and of which S3 takes 5 GiB in one request:
# docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
MAX_INPUT_BYTES: Final = 2 * 1024**3

# The byte order mark, which editors and exporters put before the text, some of them twice.
_BYTE_ORDER_MARK: Final = "\ufeff"


class InputLines:
    r"""Iterates over an input's lines, each with its line end, as ``csv.reader`` takes them.

    A line ends with ``\n``, ``\r\n`` or ``\r``, as in a file that is opened with ``newline=""``. Byte
    order marks before the first line are left out.

    Args:
        chunks: The input's bytes, split anywhere.

    Attributes:
        row_start: The number (from 1) of the line with which the current row begins.
        row_bytes: Bytes of the current row so far.

    Raises:
        RejectedInputError: While iterating: the bytes aren't UTF-8, or a row or the input is too large.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._lines = _split(chunks)
        self._number = 0
        self._total = 0
        self.row_start = 1
        self.row_bytes = 0

    def begin_row(self) -> None:
        """Say that the next line begins a row; without it, lines belong to the row before."""
        self.row_start = self._number + 1
        self.row_bytes = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        self.row_bytes += len(line)
        self._total += len(line)
        self._check_size()
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RejectedInputError(
                expected="UTF-8 text",
                received=f"the byte 0x{line[error.start]:02x}",
                advice="save the file as CSV UTF-8",
                line=self._number,
            ) from error
        return text.lstrip(_BYTE_ORDER_MARK) if self._number == 1 else text

    def _check_size(self) -> None:
        if self.row_bytes > MAX_ROW_BYTES:
            raise RejectedInputError(
                expected=f"rows of at most {MAX_ROW_BYTES} bytes",
                received="a longer one",
                advice="end each row with a line end, close the quote that begins in this line, "
                "or leave out the columns with long cells",
                line=self.row_start,
            )
        if self._total > MAX_INPUT_BYTES:
            raise RejectedInputError(
                expected=f"a file of at most {MAX_INPUT_BYTES} bytes",
                received="a larger one",
                advice="split the file, or leave out columns that aren't used",
                line=self.row_start,
            )


def _split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut chunks after each line end; at more than a row's bytes without one, yield what there is."""
    pending: list[bytes] = []
    size = 0
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        if size > MAX_ROW_BYTES or b"\n" in chunk or b"\r" in chunk or pending[0].endswith(b"\r"):
            # Bytes, unlike text, have no other line ends than LF, CRLF and CR.
            lines = b"".join(pending).splitlines(keepends=True)
            # The last line may go on in the next chunk, and so may its line end: CR and then LF.
            unfinished = not lines[-1].endswith(b"\n") and len(lines[-1]) <= MAX_ROW_BYTES
            pending = [lines.pop()] if unfinished else []
            size = len(pending[0]) if pending else 0
            yield from lines
    yield from b"".join(pending).splitlines(keepends=True)
