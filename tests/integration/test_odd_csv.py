"""CSV files with odd names, line ends, cells and sizes, dropped into the local cloud."""

import csv
import io
import time
from pathlib import Path

import pandas as pd
import pytest

from infra.local.job import Job, answer_csv
from infra.local.progress import Progress
from tapeline.batch import keys
from tapeline.batch.documents import RejectionDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.rows import RowReader
from tests.integration.conftest import Batch

HEADER = b"image_link,entity_name\n"

# Seconds until FanOut must have rejected a file.
PATIENCE = 60


def drop(batch: Batch, key: str, body: bytes) -> InputObject:
    stack = batch.stack
    answer = stack.cloud.s3.put_object(Bucket=stack.drop_bucket, Key=key, Body=body)
    return InputObject(stack.drop_bucket, key, answer["VersionId"], answer["ETag"].strip('"'))


def rejection(batch: Batch, source: InputObject) -> RejectionDocument:
    deadline = time.monotonic() + PATIENCE
    while not batch.stack.results.exists(keys.rejection_key(source)):
        assert time.monotonic() < deadline, batch.stack.cloud.last_lines()
        time.sleep(0.05)
    return RejectionDocument.load(batch.stack.results.read(keys.rejection_key(source)))


@pytest.mark.parametrize(
    ("key", "body", "received", "advice"),
    [
        ("incoming/...csv", HEADER, "'..'", "rename the file"),
        (f"incoming/{'n' * 251}.csv", HEADER, "251 bytes", "give the file a shorter name"),
        (f"incoming/{'n' * 1010}.csv", HEADER, "1010 bytes", "give the file a shorter name"),
        ("incoming/long.csv", HEADER + b"l," + b"x" * 30_000_000, "a longer one", "end each row"),
        ("incoming/cell.csv", HEADER + b"l," + b"x" * 131_072, "a longer one", "shorten it"),
        ("incoming/near.csv", b"image_link,entity_name,indx\n", "the column 'indx'", "rename it to index"),
    ],
    ids=["dots", "file name", "key", "line", "cell", "header"],
)
def test_a_file_that_is_refused_has_its_own_advice(
    key: str, body: bytes, received: str, advice: str, batch: Batch
) -> None:
    source = drop(batch, key, body)
    document = rejection(batch, source)
    assert document.received.startswith(received)
    assert document.advice.startswith(advice)
    assert document.input == source
    assert batch.stack.state_machine.state(source.run) is None


def test_a_key_of_1023_bytes_with_a_short_name_is_answered(batch: Batch) -> None:
    source = drop(batch, f"incoming/{'d' * 1008}/n.csv", HEADER + b"none,width\n")
    assert len(source.key) == 1023
    deadline = time.monotonic() + PATIENCE
    while not batch.stack.results.exists(keys.predictions_key(source)):
        assert time.monotonic() < deadline, batch.stack.cloud.last_lines()
        time.sleep(0.05)
    assert batch.stack.results.read(keys.predictions_key(source)) == b"index,prediction\n0,\n"


def test_odd_cells_come_back_as_they_are_and_errors_csv_can_be_dropped_again(
    batch: Batch, tmp_path: Path
) -> None:
    table = [
        [" Index ", "image_link", "entity_name", "=note"],
        ["=1+1", "none", "width", "a\rb"],
        ["-7", "none", "@width", "'=x"],
        ["\t9", "none", "width", "x" * 131_000],
        ["10", "none", "width", "two", "too, many"],
    ]
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r").writerows(table)
    source, out = tmp_path / "odd.csv", tmp_path / "out"
    source.write_bytes(("\ufeff\ufeff" + text.getvalue()).encode())
    answer_csv(Job(source, out), batch.stack, Progress(bar=False))

    with (out / "odd_out.csv").open(newline="") as file:
        assert [row["index"] for row in csv.DictReader(file)] == ["=1+1", "-7", "\t9", "10"]
    details = pd.read_csv(out / "details.csv", dtype=str, keep_default_na=False)
    assert list(details["index"]) == ["'=1+1", "-7", "'\t9", "10"]
    errors = (out / "errors.csv").read_bytes()
    reader = RowReader([errors])
    assert [list(reader.columns), *(list(row.cells) for row in reader)] == table
    again = tmp_path / "again.csv"
    again.write_bytes(errors)
    answer_csv(Job(again, tmp_path / "second"), batch.stack, Progress(bar=False))
    assert (tmp_path / "second/errors.csv").read_bytes() == errors
