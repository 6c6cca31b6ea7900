"""Tables of other formats than CSV, as the CSV that everything else reads, and back.

A table's format is what its bytes say when it is read, and what its name says when outputs are named: gzipped
CSV, Parquet, JSON Lines, also gzipped. What comes out of :func:`as_csv` has the limits of any CSV, so that a
small file that unpacks to a large one is refused as that.
"""

import csv
import gzip
import io
import json
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final

from tapeline.batch.lines import MAX_ROW_BYTES
from tapeline.batch.tables import TableWriter
from tapeline.errors import RejectedInputError

if TYPE_CHECKING:
    import pyarrow as pa

# The first bytes of formats. Sources: RFC 1952, 2.3.1; parquet.apache.org/docs/file-format.
_GZIP_START: Final = b"\x1f\x8b"
_PARQUET_START: Final = b"PAR1"

# Bytes of the beginning by which formats are told apart: a BOM, spaces and a brace. Chosen by hand.
_SNIFFED_BYTES: Final = 64

# The media type of each kind of outputs, by the end of an input's name. Of several ends the longest counts.
MEDIA_TYPES: Final = {
    ".csv": "text/csv; charset=utf-8",
    ".csv.gz": "application/gzip",
    ".parquet": "application/vnd.apache.parquet",
    ".jsonl": "application/x-ndjson",
    ".jsonl.gz": "application/gzip",
}

# Rows of a Parquet file that are held at once. Chosen by hand: with cells of usual lengths some 100 kB.
_BATCH_ROWS: Final = 1_000

# Bytes that are copied at once. Chosen by hand.
_COPIED_BYTES: Final = 1 << 20

# gzip's level, 1 to 9. Chosen by hand: what it gains beyond that takes several times as long.
_GZIP_LEVEL: Final = 6


def split_name(name: str) -> tuple[str, str]:
    """Return a table's name without its end, and the end: one of :data:`MEDIA_TYPES`, ``.csv`` for any other.

    ``test.csv.gz`` has the stem ``test``; ``test.txt`` has it too, and its outputs are CSV.
    """
    lower = name.lower()
    for end in sorted(MEDIA_TYPES, key=len, reverse=True):
        if lower.endswith(end) and len(name) > len(end):
            return name[: -len(end)], end
    return PurePosixPath(name).stem, ".csv"


def as_csv(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a table as CSV, whatever its format; CSV itself as it is.

    Args:
        chunks: The file's bytes, split anywhere.

    Raises:
        RejectedInputError: While iterating: the file is broken; or it is Parquet, and pyarrow isn't
            installed.
    """
    beginning, rest = _begin(iter(chunks))
    if beginning.startswith(_GZIP_START):
        beginning, rest = _begin(_unzipped(rest))
    if beginning.startswith(_PARQUET_START):
        return _parquet_as_csv(rest)
    if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json_lines_as_csv(rest)
    return rest


def convert(table: Path, end: str, folder: Path) -> Path:
    """Convert a table of outputs from CSV.

    Args:
        table: A CSV file that this package wrote.
        end: What to convert it into: one of :data:`MEDIA_TYPES`.
        folder: A folder for the converted file.

    Returns:
        The converted file; the given one where nothing is to be converted.
    """
    if end == ".csv":
        return table
    path = folder / f"converted{end}"
    if end == ".parquet":
        _write_parquet(table, path)
        return path
    with path.open("wb") as file:
        if not end.endswith(".gz"):
            _write_json_lines(table, file)
            return path
        # Without name and time: the same rows make the same bytes.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as zipped:
            if end == ".csv.gz":
                with table.open("rb") as plain:
                    shutil.copyfileobj(plain, zipped, _COPIED_BYTES)
            else:
                _write_json_lines(table, zipped)
    return path


def _begin(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return some bytes of the beginning, and all of the bytes."""
    first: list[bytes] = []
    size = 0
    for chunk in chunks:
        first.append(chunk)
        size += len(chunk)
        if size >= _SNIFFED_BYTES:
            break
    return b"".join(first)[:_SNIFFED_BYTES], chain(first, chunks)


def _unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what a gzip file unpacks to, at most a mebibyte at a time; members follow one another."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
                yield unpacker.decompress(data, _COPIED_BYTES)
                data = unpacker.unconsumed_tail or unpacker.unused_data
    except zlib.error as error:
        raise RejectedInputError(
            expected="a gzip file", received=f"a broken one ({error})", advice="compress the table again"
        ) from error
    if not unpacker.eof:
        raise RejectedInputError(
            expected="a whole gzip file", received="the beginning of one", advice="compress the table again"
        )


def _json_lines_as_csv(chunks: Iterable[bytes]) -> Iterator[bytes]:
    columns: list[str] = []
    for number, line in enumerate(_lines(chunks), start=1):
        if not line.strip():
            continue
        record = _parse_record(line, number)
        if not columns:
            columns = list(record)
            yield _row(columns)
        unknown = [key for key in record if key not in columns]
        if unknown:
            raise _bad_line(
                f"the keys of the first line, {', '.join(columns)[:200]}",
                f"also {unknown[0][:100]!r}",
                "put all keys into the first line, with null where they have no value",
                number,
            )
        yield _row([_cell(record.get(column)) for column in columns])


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    pending = b""
    for chunk in chunks:
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole
        if len(pending) > MAX_ROW_BYTES:
            raise RejectedInputError(
                expected=f"lines of at most {MAX_ROW_BYTES} bytes",
                received="a longer one",
                advice="write each record as one line of JSON",
            )
    yield pending


def _parse_record(line: bytes, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        received = f"other text ({error})"[:200]
        raise _bad_line("a JSON object", received, "write each record as one line of JSON", number) from error
    if not isinstance(record, dict):
        raise _bad_line("a JSON object", f"a {type(record).__name__}", "give each value its key", number)
    return record


def _bad_line(expected: str, received: str, advice: str, number: int) -> RejectedInputError:
    return RejectedInputError(expected=expected, received=received, advice=advice, line=number)


def _parquet_as_csv(chunks: Iterable[bytes]) -> Iterator[bytes]:
    try:
        # Only now: most tables aren't Parquet, and pyarrow is large.
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise RejectedInputError(
            expected="CSV or JSON Lines, or pyarrow to read Parquet with",
            received="Parquet, without pyarrow",
            advice="pip install 'tapeline[parquet]', or save the table as CSV",
        ) from error
    with tempfile.TemporaryFile() as file:
        # Parquet is read from its end.
        for chunk in chunks:
            file.write(chunk)
        file.seek(0)
        try:
            table = parquet.ParquetFile(file)
            yield _row(table.schema_arrow.names)
            for batch in table.iter_batches(batch_size=_BATCH_ROWS):
                columns = [column.to_pylist() for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    yield _row([_cell(cell) for cell in cells])
        except (pa.ArrowException, OSError) as error:
            raise RejectedInputError(
                expected="a Parquet file",
                received=f"a broken one ({error})"[:300],
                advice="write the table again",
            ) from error


def _cell(value: object) -> str:
    """Return a value as a cell: nothing for none, text as it is, all else as JSON where it can be."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    # Such as an index that pandas made a float of, for want of some of its values.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)


def _row(cells: Sequence[str]) -> bytes:
    file = io.StringIO(newline="")
    TableWriter(file).write_row(cells)
    return file.getvalue().encode("utf-8", "surrogatepass")


def _write_json_lines(table: Path, file: IO[bytes] | gzip.GzipFile) -> None:
    with table.open(encoding="utf-8", newline="") as plain:
        for record in csv.DictReader(plain):
            file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def _write_parquet(table: Path, path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    with table.open(encoding="utf-8", newline="") as plain:
        reader = csv.reader(plain)
        schema = pa.schema([(name, pa.string()) for name in next(reader)])
        with parquet.ParquetWriter(path, schema) as writer:
            rows: list[list[str]] = []
            for row in reader:
                rows.append(row)
                if len(rows) == _BATCH_ROWS:
                    writer.write_batch(_batch(rows, schema))
                    rows = []
            writer.write_batch(_batch(rows, schema))


def _batch(rows: list[list[str]], schema: "pa.Schema") -> "pa.RecordBatch":
    import pyarrow as pa  # noqa: PLC0415

    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in schema]
    return pa.record_batch([pa.array(column, pa.string()) for column in columns], schema=schema)
