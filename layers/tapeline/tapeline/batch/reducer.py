"""Parts back to one file: every input row once, in the input's order."""

import csv
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tapeline.batch import keys
from tapeline.batch.fan_out import RunDocument
from tapeline.batch.report import Report
from tapeline.batch.rows import Row, RowReader
from tapeline.batch.shard_results import PictureResult, RowAnswer, load_shard_result
from tapeline.errors import ErrorCode
from tapeline.ports import ObjectStore

_LOST: Final = RowAnswer(
    position=-1,
    error_code=ErrorCode.SHARD_LOST,
    error="expected a result for this row's shard, received none after all attempts: "
    "drop errors.csv in again",
)
_ERROR_COLUMNS: Final = ("error_code", "error")
_DETAIL_COLUMNS: Final = (
    "index",
    "prediction",
    "confidence",
    "text",
    "box",
    "runners_up",
    "labels",
    "milliseconds",
    "error_code",
)


@dataclass(frozen=True, slots=True)
class ReduceOutcome:
    """What a run came to.

    Attributes:
        rows: Rows in the outputs, which is rows in the input.
        errors: Rows with an error code among them.
        output: Key of the predictions in the results bucket.
    """

    rows: int
    errors: int
    output: str


def reduce_run(run: str, drop: ObjectStore, results: ObjectStore, scratch: Path) -> ReduceOutcome:
    """Write a run's outputs, the predictions last.

    The input decides which rows there are, the shard results only how they are answered: a row that no
    shard result has becomes ``shard_lost``, and a row that two shard results have is written once.

    Args:
        run: The run's name.
        drop: The drop bucket, with the input.
        results: The results bucket, with the shard results.
        scratch: A folder for temporary files; they take a few hundred bytes a row, memory doesn't grow.

    Returns:
        What was written.

    Raises:
        ObjectMissingError: The run's description or its input is gone.
        CorruptObjectError: A shard result can't be read.
    """
    document = RunDocument.load(results.read(keys.run_document_key(run)))
    report = Report(document)
    with tempfile.TemporaryDirectory(dir=scratch) as name, _AnswerSpool(Path(name) / "answers.db") as spool:
        folder = Path(name)
        for key in results.keys(keys.shard_results_prefix(run)):
            with results.open(key) as chunks:
                header, pictures = load_shard_result(chunks)
                report.add_shard(header)
                for picture in pictures:
                    if spool.add(picture):
                        report.add_picture(picture)
        with drop.open(document.source.key, document.source.version) as chunks:
            _write_tables(folder, RowReader(chunks), spool, report)
        outputs = keys.output_keys(document.source)
        for file in (keys.DETAILS, keys.ERRORS):
            _upload(results, folder / file, outputs[file])
        results.write(outputs[keys.REPORT], report.dump(), content_type="application/json")
        output = keys.predictions_key(document.source)
        _upload(results, folder / "out.csv", output)
    return ReduceOutcome(report.rows, report.errors, output)


class _AnswerSpool:
    """Answers by position, in a database file: shard results come in any order, rows are needed in theirs."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path)
        # The file lives as long as this call: nothing is worth waiting for the disk.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE answers (position INTEGER PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID"
        )

    def __enter__(self) -> "_AnswerSpool":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, picture: PictureResult) -> bool:
        """Keep a picture's rows unless they are there; say whether any was new."""
        before = self._database.total_changes
        labels, milliseconds = picture.labels, sum(picture.milliseconds.values())
        self._database.executemany(
            "INSERT OR IGNORE INTO answers VALUES (?, ?)",
            (
                (row.position, PictureResult((row,), labels, {"all": milliseconds}).to_line())
                for row in picture.rows
            ),
        )
        return self._database.total_changes > before

    def in_order(self) -> Iterator[PictureResult]:
        """Yield each row's answer, in ascending order of position."""
        with closing(self._database.execute("SELECT row FROM answers ORDER BY position")) as found:
            for (line,) in found:
                yield PictureResult.from_document(json.loads(line))


def _write_tables(folder: Path, rows: RowReader, spool: _AnswerSpool, report: Report) -> None:
    kept = [place for place, name in enumerate(rows.columns) if name not in _ERROR_COLUMNS]
    with (
        (folder / "out.csv").open("w", encoding="utf-8", newline="") as out_file,
        (folder / keys.DETAILS).open("w", encoding="utf-8", newline="") as details_file,
        (folder / keys.ERRORS).open("w", encoding="utf-8", newline="") as errors_file,
    ):
        out = csv.writer(out_file, lineterminator="\n")
        details = csv.writer(details_file, lineterminator="\n")
        errors = csv.writer(errors_file, lineterminator="\n")
        out.writerow(("index", "prediction"))
        details.writerow(_DETAIL_COLUMNS)
        errors.writerow((*(rows.columns[place] for place in kept), *_ERROR_COLUMNS))
        for row, picture in _join(rows, spool.in_order()):
            answer = picture.rows[0]
            out.writerow((row.index, answer.prediction))
            details.writerow(_details(row, picture))
            report.add_row(row.entity_name, answer)
            if answer.error_code is not None:
                cells = [row.cells[place] if place < len(row.cells) else "" for place in kept]
                errors.writerow((*cells, answer.error_code, answer.error))


def _join(rows: RowReader, answers: Iterator[PictureResult]) -> Iterator[tuple[Row, PictureResult]]:
    """Pair each row with its answer; both come in ascending order of position."""
    answer = next(answers, None)
    for row in rows:
        if answer is not None and answer.rows[0].position == row.position:
            yield row, answer
            answer = next(answers, None)
        else:
            yield row, PictureResult((_LOST,))


def _details(row: Row, picture: PictureResult) -> tuple[str, ...]:
    answer = picture.rows[0]
    return (
        row.index,
        answer.prediction,
        f"{answer.confidence:g}" if answer.prediction else "",
        answer.text,
        json.dumps(answer.box) if answer.box else "",
        json.dumps(answer.runners_up, ensure_ascii=False) if answer.runners_up else "",
        json.dumps(picture.labels, ensure_ascii=False) if picture.labels else "",
        f"{sum(picture.milliseconds.values()):.0f}" if picture.milliseconds else "",
        answer.error_code or "",
    )


def _upload(results: ObjectStore, path: Path, key: str) -> None:
    with path.open("rb") as body:
        results.write(key, body, content_type="text/csv; charset=utf-8")
