"""Tables of several formats: the same rows from each, the same predictions into each, broken ones refused."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.rows import RowReader
from tapeline.batch.table_formats import MEDIA_TYPES, as_csv, convert, split_name
from tapeline.errors import RejectedInputError

LINE = b'{"image_link": "a", "entity_name": "width"}\n'
HEADER = ["index", "image_link", "entity_name", "note"]
ROWS = [
    ["0", "https://e.org/a.jpg", "width", "x, y"],
    ["1", "b.jpg", "height", 'q "q"\nline'],
    ["2", "ü.jpg", "depth", ""],
]


def as_csv_text(rows: list[list[str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])
    return file.getvalue().encode()


def as_json_lines(rows: list[list[str]]) -> bytes:
    records = [dict(zip(HEADER, row, strict=True)) for row in rows]
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def as_parquet(rows: list[list[str]]) -> bytes:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    file = io.BytesIO()
    columns = [list(column) for column in zip(*rows, strict=True)]
    parquet.write_table(pa.table(dict(zip(HEADER, columns, strict=True))), file)
    return file.getvalue()


WRITERS: dict[str, Callable[[list[list[str]]], bytes]] = {
    ".csv": as_csv_text,
    ".csv.gz": lambda rows: gzip.compress(as_csv_text(rows)),
    ".jsonl": as_json_lines,
    ".jsonl.gz": lambda rows: gzip.compress(as_json_lines(rows)),
    ".parquet": as_parquet,
}


def pieces(body: bytes, size: int = 7) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


def read(body: bytes) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    reader = RowReader(pieces(body))
    return reader.columns, [row.cells for row in reader]


@pytest.mark.parametrize("end", WRITERS)
def test_the_same_rows_come_from_each_format(end: str) -> None:
    assert read(WRITERS[end](ROWS)) == (tuple(HEADER), [tuple(row) for row in ROWS])


@pytest.mark.parametrize("end", WRITERS)
@pytest.mark.parametrize("cut", [20, 60, -1])
def test_a_broken_table_is_refused_or_has_its_first_rows(end: str, cut: int) -> None:
    body = WRITERS[end](ROWS)[:cut]
    # Half a table of text may be a table; half of a packed one isn't.
    with suppress(RejectedInputError) if end in {".csv", ".jsonl"} else pytest.raises(RejectedInputError):
        read(body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\x1f\x8bnothing", "expected a gzip file, received a broken one"),
        (gzip.compress(as_csv_text(ROWS))[:-9], "expected a whole gzip file"),
        (LINE + b"no json\n", r"expected a JSON object, received other text .* \(line 2\)"),
        (LINE + b"[1]\n", "expected a JSON object, received a list"),
        (LINE + b'{"other": 1}\n', "expected the keys of the first line, image_link, entity_name, received"),
        (b'{"image_link": "a"', "expected a JSON object, received other text"),
        (b'{"a": 1}\n', "expected a CSV file whose header has the columns image_link and entity_name"),
        (b"{" * 3_000_000, "expected lines of at most"),
    ],
)
def test_what_is_broken_is_told(body: bytes, message: str) -> None:
    with pytest.raises(RejectedInputError, match=message):
        list(RowReader(pieces(body, 4096)))


def test_a_broken_parquet_file_is_told() -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(RejectedInputError, match="expected a Parquet file, received a broken one"):
        RowReader([as_parquet(ROWS)[:-20]])


def test_values_that_are_no_text_are_written_as_json() -> None:
    body = (
        b'{"image_link": "a", "entity_name": "width", "index": 1.0, "n": 2, "b": true, "l": [1], "o": null}\n'
    )
    assert read(body)[1] == [("a", "width", "1", "2", "true", "[1]", "")]


def test_a_small_file_that_unpacks_to_a_large_row_is_refused() -> None:
    bomb = gzip.compress(b"image_link,entity_name\n" + b"a" * 50_000_000)
    with pytest.raises(RejectedInputError, match="expected rows of at most 1048576 bytes"):
        list(RowReader([bomb]))


def test_members_of_a_gzip_file_follow_one_another() -> None:
    whole = as_csv_text(ROWS)
    assert b"".join(as_csv([gzip.compress(whole[:30]) + gzip.compress(whole[30:])])) == whole


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test.csv", ("test", ".csv")),
        ("a.b.CSV.GZ", ("a.b", ".csv.gz")),
        ("test.parquet", ("test", ".parquet")),
        ("test.jsonl.gz", ("test", ".jsonl.gz")),
        ("test.txt", ("test", ".csv")),
        ("test", ("test", ".csv")),
        (".csv", (".csv", ".csv")),
    ],
)
def test_a_name_says_the_format_of_the_outputs(name: str, expected: tuple[str, str]) -> None:
    assert split_name(name) == expected


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=6), st.sampled_from(sorted(MEDIA_TYPES)))
def test_predictions_come_back_from_each_format(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str
) -> None:
    if end == ".parquet":
        pytest.importorskip("pyarrow")
    folder = tmp_path_factory.mktemp("tables")
    table = folder / "predictions.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("index", "prediction"), *rows])
    converted = convert(table, end, folder)
    text = b"".join(as_csv([converted.read_bytes()])).decode()
    found = list(csv.reader(io.StringIO(text, newline="")))
    # JSON Lines without lines have no columns.
    assert found[1:] == [list(row) for row in rows]
    assert convert(table, end, folder).read_bytes() == converted.read_bytes()


def test_without_pyarrow_parquet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(RejectedInputError, match=r"tapeline\[parquet\]"):
        RowReader([b"PAR1 and more"])


def test_paths_of_converted_tables_are_in_the_folder(tmp_path: Path) -> None:
    table = tmp_path / "predictions.csv"
    table.write_text("index,prediction\n1,2 inch\n")
    assert convert(table, ".csv", tmp_path) == table
    assert convert(table, ".jsonl", tmp_path).read_text() == '{"index": "1", "prediction": "2 inch"}\n'
