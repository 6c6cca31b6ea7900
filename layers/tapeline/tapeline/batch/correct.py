"""A filled-in review.csv to corrections of the runs that its rows are from, and to outputs made anew.

No row is lost: what can't be taken is written to a table of its own, with the reason beside each row.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from tapeline.batch import keys
from tapeline.batch.corrections import (
    CSV_TYPE,
    MAX_CORRECTIONS,
    Correction,
    corrections_key,
    dump_corrections,
    parse_answer,
    read_corrections,
    start_reducing,
)
from tapeline.batch.documents import JSON_TYPE, RejectionDocument, RunDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.lines import InputLines
from tapeline.batch.reruns import entities_of, load_reruns, read_reruns, rerun_names
from tapeline.batch.rows import Origin, Row, RowReader, parse_origin
from tapeline.batch.tables import ORIGIN_COLUMNS, TableWriter, restore_cell
from tapeline.entities import EntitySet
from tapeline.errors import (
    CorrectionError,
    CorruptObjectError,
    ObjectMissingError,
    RejectedInputError,
)
from tapeline.ports import ExecutionStarter, ObjectStore

# The column to fill in.
_ANSWER: Final = "answer"

# The column that says why a row couldn't be taken.
_PROBLEM: Final = "problem"

# Times that corrections are written against somebody else's at most. Chosen by hand.
_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class CorrectionOutcome:
    """What became of a dropped file.

    Attributes:
        taken: Run -> rows of it that were taken.
        refused: Rows that couldn't be taken.
        rejected: Why the file as a whole couldn't be used, or None.
    """

    taken: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
    rejected: str | None = None


@dataclass(slots=True)
class _Line:
    """A row of the dropped file.

    Attributes:
        cells: As they stand in the file.
        answer: What was filled in.
        origin: The row that it is for; None where the file doesn't say.
        problem: Why it can't be taken; empty where it can.
    """

    cells: list[str]
    answer: str
    origin: Origin | None
    problem: str = ""


def correct_runs(
    source: InputObject, drop: ObjectStore, results: ObjectStore, executions: ExecutionStarter
) -> CorrectionOutcome:
    """Take the answers in a dropped review.csv, and start the making of the outputs anew.

    A later answer to a row replaces an earlier one. A row that comes twice with different answers is not
    taken.

    Args:
        source: The dropped object version.
        drop: The bucket with it, and with the runs' inputs.
        results: The results bucket.
        executions: The state machine.

    Raises:
        ObjectMissingError: The object version doesn't exist any more.
    """
    try:
        with drop.open(source.key, source.version) as chunks:
            header, lines = _read(chunks)
    except RejectedInputError as error:
        body = RejectionDocument.of(error, source).dump()
        results.write(keys.rejection_key(source), body, content_type=JSON_TYPE)
        return CorrectionOutcome(rejected=str(error))
    _refuse_contradictions(lines)
    by_run: defaultdict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        by_run[line.origin.run if line.origin else ""].append(line)
    taken: Counter[str] = Counter()
    for run, own in by_run.items():
        try:
            document = RunDocument.load(results.read(keys.run_document_key(run))) if run else None
        except (ObjectMissingError, CorruptObjectError):
            document = None
        if document is None:
            _refuse_all(own, run)
            where = f"{keys.results_prefix(source.slug, source.run)}{keys.REFUSED_CORRECTIONS}"
        else:
            taken[run] = _correct(document, own, drop, results, executions)
            where = keys.output_key(document.source, keys.REFUSED_CORRECTIONS, run)
        results.write(where, _refused(header, own), content_type=CSV_TYPE)
    return CorrectionOutcome(dict(taken), sum(bool(line.problem) for line in lines))


def _read(chunks: Iterable[bytes]) -> tuple[list[str], list[_Line]]:
    """Return the header, and the rows that are filled in.

    Raises:
        RejectedInputError: It isn't a review.csv.
    """
    lines = InputLines(chunks)
    first = next(lines, "")
    # Spreadsheets separate by semicolons where numbers have decimal commas.
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(chain([first], lines), strict=True, delimiter=delimiter)
    found: list[_Line] = []
    header: list[str] = []
    try:
        for cells in reader:
            lines.begin_row()
            if not header:
                header = [cell.lstrip("\ufeff").strip() for cell in cells]
                columns = _columns(header)
            elif cells and (line := _line(cells, columns)) is not None:
                found.append(line)
            if len(found) > MAX_CORRECTIONS:
                raise RejectedInputError(
                    expected=f"at most {MAX_CORRECTIONS} filled-in rows",
                    received="more",
                    advice="split the file",
                )
    except csv.Error as error:
        raise RejectedInputError(
            expected="well-formed CSV (RFC 4180)",
            received=f"a record that can't be read: {error}",
            advice="save the table as CSV UTF-8",
            line=lines.row_start,
        ) from error
    if not header:
        _columns(header)
    return header, found


def _columns(header: Sequence[str]) -> Mapping[str, int]:
    """Return where the columns are that are read: the last ones of their names."""
    last = {name.casefold(): index for index, name in enumerate(header)}
    missing = [name for name in (_ANSWER, *ORIGIN_COLUMNS) if name not in last]
    if missing:
        raise RejectedInputError(
            expected=f"a filled-in {keys.REVIEW}, with the columns {', '.join((_ANSWER, *ORIGIN_COLUMNS))}",
            received=f"none named {', '.join(missing)}",
            advice=f"fill in the column {_ANSWER} of {keys.REVIEW}, and keep the others",
        )
    return last


def _line(cells: list[str], columns: Mapping[str, int]) -> _Line | None:
    def cell(name: str) -> str:
        index = columns[name]
        return restore_cell(cells[index]).strip() if index < len(cells) else ""

    answer = cell(_ANSWER)
    run, row = (cell(name) for name in ORIGIN_COLUMNS)
    return _Line(cells, answer, parse_origin(run, row)) if answer else None


def _refuse_contradictions(lines: Iterable[_Line]) -> None:
    """Refuse rows that come twice with different answers: which one is right isn't known."""
    answers: defaultdict[Origin, set[str]] = defaultdict(set)
    for line in lines:
        if line.origin is not None:
            answers[line.origin].add(line.answer.casefold())
    for line in lines:
        if line.origin is not None and len(answers[line.origin]) > 1:
            line.problem = (
                f"expected the row once, received it with {len(answers[line.origin])} answers: keep one"
            )


def _refuse_all(lines: Iterable[_Line], run: str) -> None:
    received = f"{run!r}, which was never started or is older than RunDays" if run else "none"
    for line in lines:
        line.problem = f"expected a run and a row as in {keys.REVIEW}, received {received}"


def _correct(
    document: RunDocument,
    lines: Sequence[_Line],
    drop: ObjectStore,
    results: ObjectStore,
    executions: ExecutionStarter,
) -> int:
    """Take answers to rows of one run, and return how many."""
    wanted = {line.origin.row: line for line in lines if line.origin is not None and not line.problem}
    reruns = load_reruns(document.run, rerun_names(document.run, results), results)
    rows = _find_rows(document, reruns, wanted, drop, results)
    entities = entities_of(document, reruns)
    for _ in range(_TRIES):
        corrections, tag = read_corrections(document, results)
        taken = _taken(lines, rows, corrections, entities)
        if not taken:
            return 0
        merged = {**corrections, **taken}
        body = dump_corrections(merged)
        key = corrections_key(document)
        if results.write_tagged(key, body, tag, content_type=CSV_TYPE) is not None:
            start_reducing(document.run, executions)
            return len(taken)
    raise CorrectionError(
        f"expected to write the corrections of {document.run}, others wrote them {_TRIES} times meanwhile: "
        "drop the file again"
    )


def _taken(
    lines: Iterable[_Line],
    rows: Mapping[int, tuple[Row, str]],
    corrections: Mapping[int, Correction],
    entities: EntitySet,
) -> dict[int, Correction]:
    """Return the answers that can be taken, by row; the others' lines get their problem."""
    taken: dict[int, Correction] = {}
    for line in lines:
        if line.problem or line.origin is None:
            continue
        number = line.origin.row
        if number not in rows:
            line.problem = f"expected a row of the run, received row {number}, which it hasn't got"
            continue
        row, prediction = rows[number]
        if number in corrections:
            # The outputs have the person's answer in its place.
            prediction = corrections[number].prediction
        try:
            answer = parse_answer(line.answer, row.entity_name, prediction, entities)
        except CorrectionError as error:
            line.problem = str(error)
            continue
        taken[number] = Correction(number, row.index, row.image_link, row.entity_name, prediction, answer)
    return taken


def _find_rows(
    document: RunDocument,
    reruns: Sequence[RunDocument],
    wanted: Mapping[int, _Line],
    drop: ObjectStore,
    results: ObjectStore,
) -> dict[int, tuple[Row, str]]:
    """Return rows of a run with their predictions, by position, as far as the run has them."""
    source = document.source
    found: dict[int, tuple[Row, str]] = {}
    with (
        drop.open(source.key, source.version) as chunks,
        results.open(keys.output_key(source, keys.DETAILS, document.run)) as written,
    ):
        reader = RowReader(chunks)
        for row, prediction in zip(reader, _predictions(written), strict=False):
            if row.position in wanted:
                found[row.position] = row, prediction

    def keep(row: Row, columns: tuple[str, ...]) -> None:
        origin = row.origin
        if (
            origin is not None
            and origin.run == document.run
            and origin.row in found
            and columns == reader.columns
        ):
            edited = reader.row_of(origin.row, row.cells)
            found[origin.row] = edited, found[origin.row][1]

    for _ in read_reruns(document.run, reruns, drop, keep):
        pass
    return found


def _predictions(chunks: Iterable[bytes]) -> Iterator[str]:
    # details.csv is CSV whatever the input is, and has the columns that it is made with.
    lines = InputLines(chunks)
    table = csv.reader(lines, strict=True)
    column = next(table, ["prediction"]).index("prediction")
    for cells in table:
        lines.begin_row()
        yield cells[column]


def _refused(header: Sequence[str], lines: Iterable[_Line]) -> bytes:
    """Return the rows that couldn't be taken, with the reasons."""
    file = io.StringIO(newline="")
    table = TableWriter(file)
    kept = [index for index, name in enumerate(header) if name.casefold() != _PROBLEM]
    table.write_escaped([*(restore_cell(header[index]) for index in kept), _PROBLEM])
    for line in lines:
        if line.problem:
            own = (line.cells[index] if index < len(line.cells) else "" for index in kept)
            table.write_escaped([*map(restore_cell, own), line.problem])
    return file.getvalue().encode()
