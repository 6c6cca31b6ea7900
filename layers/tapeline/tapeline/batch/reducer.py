"""Shard results back to one file: every input row once, in the input's order."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tapeline.batch import keys
from tapeline.batch.documents import JSON_TYPE, RunDocument
from tapeline.batch.metrics import run_metrics
from tapeline.batch.parallel import map_ahead
from tapeline.batch.report import ReportBuilder
from tapeline.batch.rows import Row, RowReader
from tapeline.batch.shard_results import ShardStats, load_shard_result
from tapeline.batch.spool import AnsweredRow, AnswerSpool
from tapeline.batch.states import ReducerOutput
from tapeline.batch.table_formats import MEDIA_TYPES, convert
from tapeline.batch.tables import ERROR_COLUMNS, TableWriter, escape_cell, fit_cells
from tapeline.errors import CorruptObjectError, ErrorCode, ObjectMissingError
from tapeline.ports import ObjectStore
from tapeline.telemetry import SILENT, Telemetry

logger = logging.getLogger(__name__)

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
    "image_link",
    "entity_name",
    "prediction",
    "confidence",
    "stated",
    "text",
    "box",
    "runners_up",
    "labels",
    "milliseconds",
    "error_code",
    "notes",
)

# The name of the predictions' column beside the input's, the first that the input doesn't have.
_PREDICTION_NAMES: Final = ("prediction", "tapeline_prediction", "tapeline_prediction_2")

# The predictions while they are in the scratch folder: an input's stem may be too long for a file's name.
_PREDICTIONS_FILE: Final = "predictions.csv"

# Shard results that are read at once. Chosen by hand: at 20 ms each, 5,000,000 rows then wait 22 s in all.
_READERS: Final = 16

# Bytes of a shard result at most; what is larger is foreign. The largest that a worker writes has about
# 12,000 answers, of some hundred bytes each: see LARGEST_SHARD_BYTES in tapeline.batch.shards.
_LARGEST_RESULT_BYTES: Final = 64 * 1024 * 1024


def reduce_run(
    run: str,
    drop: ObjectStore,
    results: ObjectStore,
    scratch: Path,
    telemetry: Telemetry = SILENT,
    *,
    keep_columns: bool = False,
) -> ReducerOutput:
    """Write a run's outputs, the predictions last.

    The input decides which rows there are, the shard results only how they are answered: a row in no
    shard result becomes ``shard_lost``, and a row in two of them is written once. A shard result that is
    truncated, or is something else, counts as far as it can be read.

    Args:
        run: The run's name.
        drop: The drop bucket, with the input.
        results: The results bucket, with the shard results.
        scratch: A folder for temporary files, a few hundred bytes a row; memory doesn't grow.
        telemetry: Is told the run's figures, once the outputs are written.
        keep_columns: Whether the predictions have all of the input's columns, in place of ``index`` alone.

    Returns:
        What was written.

    Raises:
        ObjectMissingError: run.json or the input doesn't exist any more.
        CorruptObjectError: run.json can't be read.
    """
    document = RunDocument.load(results.read(keys.run_document_key(run)))
    source = document.source
    report = ReportBuilder(document)
    with (
        tempfile.TemporaryDirectory(dir=scratch) as name,
        AnswerSpool(Path(name) / "answers.db", document.rows) as spool,
    ):
        folder = Path(name)
        _collect_answers(run, results, spool, report)
        with drop.open(source.key, source.version) as chunks:
            _write_tables(folder, RowReader(chunks), spool, report, keep_columns=keep_columns)
        outputs = keys.output_keys(source)
        _upload(results, folder / keys.DETAILS, outputs[keys.DETAILS])
        _upload(results, folder / keys.ERRORS, outputs[keys.ERRORS])
        document_of_run = report.build()
        results.write(outputs[keys.REPORT], document_of_run.dump(), content_type=JSON_TYPE)
        predictions = convert(folder / _PREDICTIONS_FILE, source.format, folder)
        _upload(results, predictions, keys.predictions_key(source), MEDIA_TYPES[source.format])
    telemetry.emit(run_metrics(document_of_run))
    return ReducerOutput(rows=report.rows, errors=report.errors, output=keys.predictions_key(source))


def _collect_answers(run: str, results: ObjectStore, spool: AnswerSpool, report: ReportBuilder) -> None:
    """Collect the last objects of all shards first: most of them spare the parts, of which there are many."""
    whole: set[str] = set()
    parts: list[str] = []

    def read(key: str) -> tuple[str, bytes | None]:
        return key, _read_result(key, results)

    def last_objects() -> Iterator[str]:
        for key in results.keys(keys.shard_results_prefix(run)):
            if keys.is_complete(key):
                yield key
            else:
                parts.append(key)

    def needed_parts() -> Iterator[str]:
        return (key for key in parts if keys.shard_of(key) not in whole)

    for found in (last_objects(), needed_parts()):
        for key, body in map_ahead(read, found, threads=_READERS):
            stats = _collect(run, key, body, spool, report)
            if stats is None:
                logger.warning("expected a shard result at %s, found something else or a part of one", key)
                report.add_broken()
            elif stats.whole:
                whole.add(keys.shard_of(key))


def _read_result(key: str, results: ObjectStore) -> bytes | None:
    """Return a shard result's bytes; None where there are none, or too many."""
    pieces, size = [], 0
    try:
        with results.open(key) as chunks:
            for chunk in chunks:
                pieces.append(chunk)
                size += len(chunk)
                if size > _LARGEST_RESULT_BYTES:
                    return None
    except ObjectMissingError:
        return None  # It was deleted after its key was listed.
    return b"".join(pieces)


def _collect(
    run: str, key: str, body: bytes | None, spool: AnswerSpool, report: ReportBuilder
) -> ShardStats | None:
    """Collect a shard result as far as it can be read; return its stats if that was to its end."""
    if body is None:
        return None
    count = 0
    try:
        stats, pictures = load_shard_result([body])
        if stats.run not in {run, ""}:
            return None
        report.add_shard(stats, last=key == keys.shard_result_key(run, stats.shard))
        for picture in pictures:
            count += 1
            if spool.add(picture):
                report.add_picture(picture)
    except CorruptObjectError:
        return None
    return stats if count == stats.pictures else None


def _write_tables(
    folder: Path, rows: RowReader, spool: AnswerSpool, report: ReportBuilder, *, keep_columns: bool
) -> None:
    with (
        (folder / _PREDICTIONS_FILE).open("w", encoding="utf-8", newline="") as predictions_file,
        (folder / keys.DETAILS).open("w", encoding="utf-8", newline="") as details_file,
        (folder / keys.ERRORS).open("w", encoding="utf-8", newline="") as errors_file,
    ):
        predictions = TableWriter(predictions_file)
        details = TableWriter(details_file)
        errors = TableWriter(errors_file)
        kept = _KeptColumns(rows.columns) if keep_columns else None
        predictions.write_row(kept.header if kept else ("index", "prediction"))
        details.write_row(_DETAILS_COLUMNS)
        errors.write_escaped((*rows.columns, *ERROR_COLUMNS))
        for row, answer in _join(rows, spool.in_order()):
            predictions.write_row(kept.cells(row, answer) if kept else (row.index, answer.prediction))
            details.write_escaped(_details(row, answer))
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


def _details(row: Row, answer: AnsweredRow) -> tuple[str, ...]:
    return (
        row.index,
        row.image_link,
        row.entity_name,
        answer.prediction,
        f"{answer.confidence:g}" if answer.prediction else "",
        "" if answer.error_code else f"{answer.stated:g}",
        answer.text,
        answer.box,
        answer.runners_up,
        answer.labels,
        "" if answer.milliseconds is None else f"{answer.milliseconds:.0f}",
        answer.error_code,
        answer.notes,
    )


class _KeptColumns:
    """The predictions' columns where they have the input's beside them."""

    def __init__(self, columns: Sequence[str]) -> None:
        # A table with predictions of another kind keeps them under their name.
        name = next(name for name in _PREDICTION_NAMES if name not in columns)
        self.header = tuple(map(escape_cell, (*columns, name)))

    def cells(self, row: Row, answer: AnsweredRow) -> tuple[str, ...]:
        cells = fit_cells(row.cells, len(self.header) - 1)
        return (*map(escape_cell, cells), answer.prediction)


def _upload(results: ObjectStore, path: Path, key: str, content_type: str = MEDIA_TYPES[".csv"]) -> None:
    with path.open("rb") as body:
        results.write(key, body, content_type=content_type)
