"""Shard results back to one file: every input row once, in the input's order."""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from tapeline.batch import keys
from tapeline.batch.corrections import Correction, corrections_key, read_corrections
from tapeline.batch.documents import JSON_TYPE, RunDocument
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.metrics import run_metrics
from tapeline.batch.parallel import map_ahead
from tapeline.batch.prediction_columns import (
    DETAILS_COLUMNS,
    KeptColumns,
    PredictionColumns,
    corrected,
    details_cells,
)
from tapeline.batch.report import ReportBuilder
from tapeline.batch.report_document import ReportDocument
from tapeline.batch.report_page import Gallery, render_report
from tapeline.batch.reruns import Rerun, entities_of, load_reruns, read_reruns, rerun_names
from tapeline.batch.review import QueuedRow, ReviewSpool, dump_queue
from tapeline.batch.rows import Origin, Row, RowReader
from tapeline.batch.shard_results import ShardStats, load_shard_result
from tapeline.batch.spool import AnsweredRow, AnswerSpool
from tapeline.batch.states import ReducerOutput
from tapeline.batch.table_formats import MEDIA_TYPES, convert
from tapeline.batch.tables import ERROR_COLUMNS, ORIGIN_COLUMNS, TableWriter, fit_cells
from tapeline.batch.thumbnails import read_thumbnails
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

# The predictions while they are in the scratch folder: an input's stem may be too long for a file's name.
_PREDICTIONS_FILE: Final = "predictions.csv"

# Shard results that are read at once. Chosen by hand: at 20 ms each, 5,000,000 rows then wait 22 s in all.
_READERS: Final = 16

# Times that outputs are written in one call at most. Chosen by hand: a person who goes on deciding has them
# made anew later.
_ROUNDS: Final = 3

# The least sure answers that the report shows. Chosen by hand: with crops of 24 KB at most, below a megabyte.
_GALLERY: Final = 24

# Bytes of a shard result at most; what is larger is foreign. The largest that a worker writes has about
# 12,000 answers, of some hundred bytes each: see LARGEST_SHARD_BYTES in tapeline.batch.shards.
_LARGEST_RESULT_BYTES: Final = 64 * 1024 * 1024


@dataclass(slots=True)
class _Work:
    """What a run's outputs are made of.

    Attributes:
        document: The run's description.
        drop: The drop bucket.
        results: The results bucket.
        folder: The scratch folder.
        spool: The answers.
        review: The unsure rows.
        report: The figures.
        corrections: What persons decided, by row.
    """

    document: RunDocument
    drop: ObjectStore
    results: ObjectStore
    folder: Path
    spool: AnswerSpool
    review: ReviewSpool
    report: ReportBuilder
    corrections: Mapping[int, Correction]


def reduce_run(
    run: str,
    drop: ObjectStore,
    results: ObjectStore,
    scratch: Path,
    telemetry: Telemetry = SILENT,
    *,
    threshold: float = 0.0,
) -> ReducerOutput:
    """Write a run's outputs, the predictions last.

    The input decides which rows there are, the shard results only how they are answered: a row in no
    shard result becomes ``shard_lost``, and a row in two of them is written once. A shard result that is
    truncated, or is something else, counts as far as it can be read. Answers of runs of this run's errors.csv
    come before its own, and persons' corrections before all.

    Where a correction or such a run comes while the outputs are written, they are written again, a few times
    at most: of two calls at once, the one that ends last has all.

    Args:
        run: The run's name.
        drop: The drop bucket, with the input.
        results: The results bucket, with the shard results.
        scratch: A folder for temporary files, a few hundred bytes a row; memory doesn't grow.
        telemetry: Is told the run's figures, once the outputs are written for the first time.
        threshold: How sure an answer has to be, from 0 to 1, not to be reviewed.

    Returns:
        What was written.

    Raises:
        ObjectMissingError: run.json or the input doesn't exist any more.
        CorruptObjectError: run.json or the corrections can't be read.
    """
    document = RunDocument.load(results.read(keys.run_document_key(run)))
    for _ in range(_ROUNDS):
        corrections, tag = read_corrections(document, results)
        names = rerun_names(run, results)
        reruns = load_reruns(run, names, results)
        document = replace(document, entities=entities_of(document, reruns))
        report = ReportBuilder(document, threshold, names)
        with (
            tempfile.TemporaryDirectory(dir=scratch) as name,
            AnswerSpool(Path(name) / "answers.db", document.rows) as spool,
            ReviewSpool(Path(name) / "review.db", threshold) as review,
        ):
            work = _Work(document, drop, results, Path(name), spool, review, report, corrections)
            written = _write_outputs(work, reruns)
        if (tag, names) == (results.read_tagged(corrections_key(document))[1], rerun_names(run, results)):
            break
    # Outputs that are made anew are of a run that was counted before.
    if not corrections and not names:
        telemetry.emit(run_metrics(written))
    return ReducerOutput(
        rows=report.rows,
        errors=report.errors,
        output=keys.predictions_key(document.source, run),
        origin=document.origin,
    )


def _write_outputs(work: _Work, reruns: Sequence[RunDocument]) -> ReportDocument:
    document, results = work.document, work.results
    source, run = document.source, document.run
    for rerun in _reruns(work, reruns):
        _collect_answers(work, rerun.run, rerun)
    _collect_answers(work, run)
    with work.drop.open(source.key, source.version) as chunks:
        _write_tables(work, RowReader(chunks))
    thumbnails = [keys.thumbnail_row(key) for key in results.keys(keys.thumbnails_prefix(run))]
    work.report.add_review(work.review.rows, len(thumbnails))
    report = work.report.build()
    results.write(keys.review_queue_key(run), dump_queue(work.review.queue()), content_type=CONTENT_TYPE)
    outputs = keys.output_keys(source, run)
    for name in (keys.DETAILS, keys.ERRORS, keys.REVIEW):
        _upload(results, work.folder / name, outputs[name])
    gallery = _gallery(work, frozenset(thumbnails))
    page = render_report(report, gallery, predictions=keys.predictions_name(source.stem, source.format))
    results.write(outputs[keys.REPORT_PAGE], page, content_type="text/html; charset=utf-8")
    results.write(outputs[keys.REPORT], report.dump(), content_type=JSON_TYPE)
    predictions = convert(work.folder / _PREDICTIONS_FILE, source.format, work.folder)
    _upload(results, predictions, keys.predictions_key(source, run), MEDIA_TYPES[source.format])
    return report


def _reruns(work: _Work, reruns: Sequence[RunDocument]) -> list[Rerun]:
    """Return the runs of the run's errors.csv, and keep the rows that were edited there."""
    if not reruns:
        return []
    source = work.document.source
    with work.drop.open(source.key, source.version) as chunks:
        columns = RowReader(chunks).columns

    def keep(row: Row, found: tuple[str, ...]) -> None:
        # With other columns, a row's cells would stand under wrong names.
        if row.origin is not None and row.origin.run == work.document.run and found == columns:
            work.spool.add_edited(row.origin.row, row.cells)

    return list(read_reruns(work.document.run, reruns, work.drop, keep))


def _gallery(work: _Work, thumbnails: frozenset[int]) -> Gallery:
    """Return the least sure rows that nobody has decided, with their crops."""

    def first(*, cropped: bool) -> list[QueuedRow]:
        undecided = (row for row in work.review.queue() if row.row not in work.corrections)
        return list(islice((row for row in undecided if row.row in thumbnails or not cropped), _GALLERY))

    # Those that can be looked at first: a run may have fewer thumbnails than unsure rows.
    shown = first(cropped=True) or first(cropped=False)
    found = read_thumbnails(work.document.run, [row.row for row in shown], work.results)
    return [(row, found.get(row.row)) for row in shown]


def _collect_answers(work: _Work, run: str, rerun: Rerun | None = None) -> None:
    """Collect the last objects of all shards first: most of them spare the parts, of which there are many.

    Args:
        work: Where to.
        run: The run whose shard results these are.
        rerun: The same run, where its answers are for rows of another one.
    """
    results = work.results
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
            stats = _collect(work, run, key, body, rerun)
            if stats is None:
                logger.warning("expected a shard result at %s, found something else or a part of one", key)
                work.report.add_broken()
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


def _collect(work: _Work, run: str, key: str, body: bytes | None, rerun: Rerun | None) -> ShardStats | None:
    """Collect a shard result as far as it can be read; return its stats if that was to its end."""
    if body is None:
        return None
    count = 0
    try:
        stats, pictures = load_shard_result([body])
        if stats.run not in {run, ""}:
            return None
        last = key == keys.shard_result_key(run, stats.shard)
        # Shards of other runs have the same names.
        work.report.add_shard(replace(stats, shard=f"{run}/{stats.shard}") if rerun else stats, last=last)
        for found in pictures:
            count += 1
            picture = rerun.merged(found) if rerun else found
            if work.spool.add(picture):
                work.report.add_picture(picture)
    except CorruptObjectError:
        return None
    return stats if count == stats.pictures else None


def _write_tables(work: _Work, rows: RowReader) -> None:
    with (
        (work.folder / _PREDICTIONS_FILE).open("w", encoding="utf-8", newline="") as predictions_file,
        (work.folder / keys.DETAILS).open("w", encoding="utf-8", newline="") as details_file,
        (work.folder / keys.ERRORS).open("w", encoding="utf-8", newline="") as errors_file,
    ):
        predictions = TableWriter(predictions_file)
        details = TableWriter(details_file)
        errors = TableWriter(errors_file)
        columns = (KeptColumns if work.document.keep_columns else PredictionColumns)(rows.columns)
        predictions.write_escaped(columns.header)
        details.write_row(DETAILS_COLUMNS)
        errors.write_escaped((*rows.columns, *ERROR_COLUMNS, *ORIGIN_COLUMNS))
        for row, machine in _join(_edited(rows, work.spool), work.spool.in_order()):
            answer = corrected(machine, work.corrections.get(row.position))
            predictions.write_row(columns.cells(row, answer))
            details.write_escaped(details_cells(row, answer))
            work.report.add_row(row, answer, machine)
            if answer.error_code:
                cells = fit_cells(row.cells, len(rows.columns))
                origin = _origin(row, work.document)
                named = (origin.run, str(origin.row)) if origin else ("", "")
                errors.write_escaped((*cells, answer.error_code, answer.error, *named))
            elif work.review.is_unsure(machine):
                cells = fit_cells(row.cells, len(rows.columns))
                work.review.add(row, cells, machine, answer, _origin(row, work.document))
    with (work.folder / keys.REVIEW).open("w", encoding="utf-8", newline="") as review_file:
        work.review.write_table(review_file, rows.columns)


def _origin(row: Row, document: RunDocument) -> Origin | None:
    """Return the run and the row that an answer or a correction of a row is for."""
    if document.origin is None:
        return Origin(document.run, row.position)
    return row.origin


def _edited(rows: RowReader, spool: AnswerSpool) -> Iterator[Row]:
    """Yield the input's rows, with the cells that they have got in an errors.csv since."""
    edited = spool.edited_in_order()
    following = next(edited, None)
    for row in rows:
        found = row
        while following is not None and following[0] <= row.position:
            if following[0] == row.position:
                found = rows.row_of(row.position, following[1])
            following = next(edited, None)
        yield found


def _join(rows: Iterator[Row], answers: Iterator[AnsweredRow]) -> Iterator[tuple[Row, AnsweredRow]]:
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


def _upload(results: ObjectStore, path: Path, key: str, content_type: str = MEDIA_TYPES[".csv"]) -> None:
    with path.open("rb") as body:
        results.write(key, body, content_type=content_type)
