"""What a row's answer is in the outputs: cells of the predictions and of details.csv."""

from collections.abc import Sequence
from typing import Final

from tapeline.batch.corrections import Correction
from tapeline.batch.rows import Row
from tapeline.batch.spool import AnsweredRow
from tapeline.batch.tables import escape_cell, fit_cells

# The columns of details.csv; docs/formats.md describes them.
DETAILS_COLUMNS: Final = (
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
    "decision",
)

# The name of the predictions' column beside the input's, the first that the input doesn't have.
_PREDICTION_NAMES: Final = ("prediction", "tapeline_prediction", "tapeline_prediction_2")


class PredictionColumns:
    """The predictions' columns: the index alone, and what was predicted.

    Args:
        columns: The input's own, in :class:`KeptColumns`.

    Attributes:
        header: The names, not yet escaped.
    """

    def __init__(self, columns: Sequence[str]) -> None:  # noqa: ARG002 - as KeptColumns
        self.header: tuple[str, ...] = ("index", "prediction")

    def cells(self, row: Row, answer: AnsweredRow) -> tuple[str, ...]:
        """Return a row's cells as they are to be written."""
        return row.index, answer.prediction


class KeptColumns(PredictionColumns):
    """The predictions' columns where they have the input's beside them."""

    def __init__(self, columns: Sequence[str]) -> None:
        # A table with predictions of another kind keeps them under their name.
        name = next(name for name in _PREDICTION_NAMES if name not in columns)
        self.header = (*columns, name)

    def cells(self, row: Row, answer: AnsweredRow) -> tuple[str, ...]:
        """Return a row's cells as they are to be written."""
        cells = fit_cells(row.cells, len(self.header) - 1)
        return (*map(escape_cell, cells), answer.prediction)


def corrected(machine: AnsweredRow, correction: Correction | None) -> AnsweredRow:
    """Return an answer as a person decided it."""
    if correction is None:
        return machine
    sure = 1.0 if correction.answer else 0.0
    if correction.answer == machine.prediction and not machine.error_code:
        return machine._replace(confidence=sure, stated=sure, decision="confirmed")
    # Where it was read isn't known: another place than the prediction's.
    return machine._replace(
        prediction=correction.answer,
        confidence=sure,
        stated=sure,
        text="",
        box="",
        error_code="",
        error="",
        decision="corrected",
    )


def details_cells(row: Row, answer: AnsweredRow) -> tuple[str, ...]:
    """Return a row's cells in details.csv, not yet escaped."""
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
        answer.decision,
    )
