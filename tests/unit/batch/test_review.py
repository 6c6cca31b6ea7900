"""The unsure rows: which they are, in what order, and what review.csv and the page's queue say of them."""

import csv
import io
from pathlib import Path

import pytest

from tapeline.batch import keys, review
from tapeline.batch.reducer import reduce_run
from tapeline.batch.review import QueuedRow, dump_queue, load_queue
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.batch.tables import restore_cell
from tapeline.errors import CorruptObjectError, ErrorCode
from tests.unit.batch.helpers import output, put_result, start
from tests.unit.fakes import MemoryStore

BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 5.0), (0.0, 5.0))
OTHER = ((1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0))
INPUT = b"index,image_link,entity_name,=note\n" + b"".join(
    f"i{number},l{number},width,-n{number}\n".encode() for number in range(7)
)
ANSWERS = (
    RowAnswer(0, "1 inch", 0.95, 0.99),
    RowAnswer(1, "2 inch", 0.7, 0.8, "2 in", BOX, (("3 inch", 0.2, "3 in"),), (OTHER,)),
    # Silent, and right with a probability of 0.95.
    RowAnswer(2, stated=0.05),
    # Silent, and doubted.
    RowAnswer(3, stated=0.6, runners_up=(("4 inch", 0.5, "4 in"),)),
    RowAnswer(4, error_code=ErrorCode.TIMEOUT, error="late"),
    # As sure as the threshold asks for.
    RowAnswer(5, "6 inch", 0.9, 0.95),
    RowAnswer(6, "7 inch", 0.7, 0.7),
)


def reduced(tmp_path: Path, threshold: float = 0.9) -> tuple[MemoryStore, str]:
    drop, results, _, outcome = start(INPUT)
    put_result(results, outcome.run, "00000", PictureResult(ANSWERS))
    reduce_run(outcome.run, drop, results, tmp_path, threshold=threshold)
    return results, outcome.run


def test_review_csv_has_the_unsure_rows_with_the_least_sure_first(tmp_path: Path) -> None:
    results, run = reduced(tmp_path)
    rows = output(results, run, "review.csv")
    assert [row["index"] for row in rows] == ["i3", "i1", "i6"]
    assert rows[1] == {
        "index": "i1",
        "image_link": "l1",
        "entity_name": "width",
        "'=note": "'-n1",
        "prediction": "2 inch",
        "confidence": "0.7",
        "stated": "0.8",
        "runners_up": "3 inch (0.2)",
        "answer": "",
        "run": run,
        "row": "1",
    }
    assert (rows[0]["prediction"], rows[0]["confidence"]) == ("", "")


@pytest.mark.parametrize(("threshold", "unsure"), [(0.0, 0), (0.5, 1), (0.9, 3), (0.96, 6), (1.0, 6)])
def test_the_threshold_says_what_is_unsure(threshold: float, unsure: int, tmp_path: Path) -> None:
    results, run = reduced(tmp_path, threshold)
    assert len(output(results, run, "review.csv")) == unsure


def test_the_queue_has_the_boxes_too(tmp_path: Path) -> None:
    results, run = reduced(tmp_path)
    queue = load_queue(results.read(keys.review_queue_key(run)))
    assert [row.row for row in queue] == [3, 1, 6]
    runners = (("3 inch", 0.2, "3 in", OTHER),)
    assert queue[1] == QueuedRow(1, "i1", "l1", "width", "2 inch", 0.7, 0.8, "2 in", BOX, runners)
    # Results of versions without the boxes of runners-up.
    assert queue[0].runners_up == (("4 inch", 0.5, "4 in", None),)
    with pytest.raises(CorruptObjectError, match="a row of a run's review"):
        load_queue(b'{"row":"x"}\n')


def test_the_queue_has_the_least_sure_rows_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(review, "QUEUE_ROWS", 2)
    results, run = reduced(tmp_path)
    queue = load_queue(results.read(keys.review_queue_key(run)))
    assert [row.row for row in queue] == [3, 1]
    assert len(output(results, run, "review.csv")) == 3


def test_cells_with_anything_in_them_come_back(tmp_path: Path) -> None:
    body = b'image_link,entity_name,note\nl,width,"=1, ""a""\nb"\nl,width\n'
    drop, results, _, outcome = start(body)
    put_result(results, outcome.run, "00000", PictureResult((RowAnswer(0, "1 inch", 0.1, 0.1),)))
    reduce_run(outcome.run, drop, results, tmp_path, threshold=0.9)
    text = results.read(f"results/test/{outcome.run}/review.csv").decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert restore_cell(row["note"]) == '=1, "a"\nb'


def test_a_queue_comes_back() -> None:
    rows = [QueuedRow(0, "ü", "l", "width"), QueuedRow(1, "", "l", "depth", "1 inch", 0.5, 0.6, "t", BOX)]
    assert load_queue(dump_queue(rows)) == rows
