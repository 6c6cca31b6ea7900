"""Shard results back to one file: every input row once, in the input's order."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tapeline.batch import keys
from tapeline.batch.documents import JSON_TYPE, RunDocument
from tapeline.batch.report import ReportBuilder
from tapeline.batch.rows import Row, RowReader
from tapeline.batch.shard_results import load_shard_result
from tapeline.batch.spool import AnsweredRow, AnswerSpool
from tapeline.batch.states import ReducerOutput
from tapeline.batch.tables import ERROR_COLUMNS, TableWriter, fit_cells
from tapeline.errors import ErrorCode
from tapeline.ports import ObjectStore

# The answer to a row that is in no shard result; nothing reads its position.
_LOST: Final = AnsweredRow(
    position=-1,
    error_code=ErrorCode.SHARD_LOST,
    error="expected a result for this row's shard, received none after all attempts: "
    "drop errors.csv in again",
)

# The columns of details.csv; docs/formats.md describes them.
_DETAILS_COLUMNS: Final = (
    "index",
    "prediction",
    "confidence",
    "stated",
    "text",
    "box",
    "runners_up",
    "labels",
    "milliseconds",
    "error_code",
)

# The predictions while they are in the scratch folder: an input's stem may be too long for a file's name.
_PREDICTIONS_FILE: Final = "predictions.csv"


def reduce_run(run: str, drop: ObjectStore, results: ObjectStore, scratch: Path) -> ReducerOutput:
    """Write a run's outputs, the predictions last.

    The input decides which rows there are, the shard results only how they are answered: a row in no
    shard result becomes ``shard_lost``, and a row in two of them is written once.

    Args:
        run: The run's name.
        drop: The drop bucket, with the input.
        results: The results bucket, with the shard results.
        scratch: A folder for temporary files, a few hundred bytes a row; memory doesn't grow.

    Returns:
        What was written.

    Raises:
        ObjectMissingError: run.json or the input doesn't exist any more.
        CorruptObjectError: run.json or a shard result can't be read.
    """
    document = RunDocument.load(results.read(keys.run_document_key(run)))
    source = document.source
    report = ReportBuilder(document)
    with tempfile.TemporaryDirectory(dir=scratch) as name, AnswerSpool(Path(name) / "answers.db") as spool:
        folder = Path(name)
        _collect_answers(run, results, spool, report)
        with drop.open(source.key, source.version) as chunks:
            _write_tables(folder, RowReader(chunks), spool, report)
        outputs = keys.output_keys(source)
        _upload(results, folder / keys.DETAILS, outputs[keys.DETAILS])
        _upload(results, folder / keys.ERRORS, outputs[keys.ERRORS])
        results.write(outputs[keys.REPORT], report.build().dump(), content_type=JSON_TYPE)
        _upload(results, folder / _PREDICTIONS_FILE, keys.predictions_key(source))
    return ReducerOutput(rows=report.rows, errors=report.errors, output=keys.predictions_key(source))


def _collect_answers(run: str, results: ObjectStore, spool: AnswerSpool, report: ReportBuilder) -> None:
    for key in results.keys(keys.shard_results_prefix(run)):
        with results.open(key) as chunks:
            stats, pictures = load_shard_result(chunks)
            report.add_shard(stats)
            for picture in pictures:
                if spool.add(picture):
                    report.add_picture(picture)


def _write_tables(folder: Path, rows: RowReader, spool: AnswerSpool, report: ReportBuilder) -> None:
    with (
        (folder / _PREDICTIONS_FILE).open("w", encoding="utf-8", newline="") as predictions_file,
        (folder / keys.DETAILS).open("w", encoding="utf-8", newline="") as details_file,
        (folder / keys.ERRORS).open("w", encoding="utf-8", newline="") as errors_file,
    ):
        predictions = TableWriter(predictions_file)
        details = TableWriter(details_file)
        errors = TableWriter(errors_file)
        predictions.write_row(("index", "prediction"))
        details.write_row(_DETAILS_COLUMNS)
        errors.write_escaped((*rows.columns, *ERROR_COLUMNS))
        for row, answer in _join(rows, spool.in_order()):
            predictions.write_row((row.index, answer.prediction))
            details.write_escaped(_details(row.index, answer))
            report.add_row(row.entity_name, answer)
            if answer.error_code:
                cells = fit_cells(row.cells, len(rows.columns))
                errors.write_escaped((*cells, answer.error_code, answer.error))


def _join(rows: RowReader, answers: Iterator[AnsweredRow]) -> Iterator[tuple[Row, AnsweredRow]]:
    """Pair each row with its answer; both come in ascending order of position."""
    answer = next(answers, None)
    for row in rows:
        found = _LOST
        if answer is not None and answer.position == row.position:
            found = answer
            answer = next(answers, None)
        if row.problem is not None and found.error_code != ErrorCode.BAD_ROW:
            # Whatever became of its shard: with this code, errors.csv keeps the row's surplus cells apart.
            found = AnsweredRow(row.position, error_code=ErrorCode.BAD_ROW, error=row.problem)
        yield row, found


def _details(index: str, answer: AnsweredRow) -> tuple[str, ...]:
    return (
        index,
        answer.prediction,
        f"{answer.confidence:g}" if answer.prediction else "",
        "" if answer.error_code else f"{answer.stated:g}",
        answer.text,
        answer.box,
        answer.runners_up,
        answer.labels,
        "" if answer.milliseconds is None else f"{answer.milliseconds:.0f}",
        answer.error_code,
    )


def _upload(results: ObjectStore, path: Path, key: str) -> None:
    with path.open("rb") as body:
        results.write(key, body, content_type="text/csv; charset=utf-8")
