"""What persons decided about rows: corrections.csv, and how an answer is written in a cell.

The file is ground truth too: ``make train`` takes it as it is.
"""

import csv
import io
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.states import AttemptInput
from tapeline.batch.table_formats import MEDIA_TYPES
from tapeline.batch.tables import TableWriter, restore_cell
from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import CorrectionError, CorruptObjectError, printable
from tapeline.ports import ExecutionStarter, ObjectStore
from tapeline.quantities import (
    Quantity,
    find_new_quantities,
    find_quantities,
    format_quantity,
    in_entity_units,
    plain_text,
)

# The media type of tables.
CSV_TYPE: Final = MEDIA_TYPES[".csv"]

# In place of an answer: the prediction is right as it is.
RIGHT: Final = "right"

# In place of an answer: the picture doesn't say.
NONE: Final = "none"

# Decisions about one run at most. Chosen by hand: more than persons make, and some 60 MB of memory.
MAX_CORRECTIONS: Final = 200_000

# The ``source`` of rows that a person looked at, as ground truth.
_SOURCE: Final = "review"

# The columns of corrections.csv; docs/formats.md describes them.
_COLUMNS: Final = (
    "row", "index", "image_link", "entity_name", "prediction", "answers", "decision", "source",
)  # fmt: skip

# Characters of an answer in a message. Chosen by hand.
_SHOWN: Final = 80

# Random bytes in the name of an execution that makes outputs anew: with a hyphen, in hexadecimal, they are
# what a run's name of 65 characters leaves of an execution's 80.
_NAME_BYTES: Final = 7

# The end of such a name; a run's own ends with a digest of another length.
_REDUCING: Final = re.compile(rf"-[0-9a-f]{{{2 * _NAME_BYTES}}}$")

# What a person made of a prediction.
type Decision = Literal["confirmed", "corrected"]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person decided about one row.

    Attributes:
        row: The row's position in the run's input.
        index: As in the input.
        image_link: As in the input.
        entity_name: As in the input.
        prediction: What had been predicted; empty where nothing was.
        answer: The right prediction; empty where the picture doesn't say.
    """

    row: int
    index: str
    image_link: str
    entity_name: str
    prediction: str
    answer: str

    @property
    def decision(self) -> Decision:
        """Whether the prediction was right."""
        return "confirmed" if self.answer == self.prediction else "corrected"


def parse_answer(text: str, entity_name: str, prediction: str, entities: EntitySet = EIGHT) -> str:
    """Return what a person's cell says as a prediction; empty where the picture doesn't say.

    Args:
        text: ``right``, ``none``, or a value with a unit in any of its spellings, such as ``12,5 cm``.
        entity_name: What the row asks for.
        prediction: What was predicted.
        entities: The entities that the run's rows can ask for.

    Raises:
        CorrectionError: It is something else, or its unit is none of the entity's.
    """
    written = text.strip()
    if written.casefold() in {RIGHT, NONE}:
        return prediction if written.casefold() == RIGHT else ""
    if entity_name not in entities:
        raise CorrectionError(
            f"expected {NONE} for a row of the unknown entity {printable(entity_name, _SHOWN)!r}, "
            f"received {printable(written, _SHOWN)!r}"
        )
    quantity = _typed_quantity(written, entity_name, entities)
    if quantity is not None:
        return format_quantity(quantity)
    units = ", ".join(sorted(entities.units[entity_name]))
    raise CorrectionError(
        f"expected a number above zero with a unit of {entity_name} ({units}), {RIGHT} or {NONE}, received "
        f"{printable(written, _SHOWN)!r}"
    )


def _typed_quantity(written: str, entity_name: str, entities: EntitySet) -> Quantity | None:
    """Return the quantity that a whole text is, in one of an entity's units; None for anything else."""
    units = entities.units[entity_name]
    own = entities.own_entity(entity_name) is not None
    found = find_quantities(written)
    if own and not any(item.quantity.unit in units for item in found):
        found = find_new_quantities(written, units)
    if len(found) != 1 or (found[0].start, found[0].end) != (0, len(written)):
        return None
    if not own:
        return in_entity_units(found[0], entity_name, plain_text(written), found)
    return found[0].quantity if found[0].quantity.unit in units else None


def corrections_key(document: RunDocument) -> str:
    """Key of a run's corrections."""
    return keys.output_key(document.source, keys.CORRECTIONS, document.run)


def read_corrections(document: RunDocument, results: ObjectStore) -> tuple[dict[int, Correction], str]:
    """Return a run's corrections by row, and the tag of what was read; an empty tag before the first one.

    Raises:
        CorruptObjectError: The object is something else.
    """
    body, tag = results.read_tagged(corrections_key(document))
    return (load_corrections(body) if tag else {}), tag


def dump_corrections(corrections: Mapping[int, Correction]) -> bytes:
    """Return corrections.csv, in the order of rows."""
    file = io.StringIO(newline="")
    table = TableWriter(file)
    table.write_row(_COLUMNS)
    for _, found in sorted(corrections.items()):
        table.write_escaped(
            (
                str(found.row),
                found.index,
                found.image_link,
                found.entity_name,
                found.prediction,
                found.answer,
                found.decision,
                _SOURCE,
            )
        )
    return file.getvalue().encode()


def load_corrections(body: bytes) -> dict[int, Correction]:
    """Return what :func:`dump_corrections` wrote, by row.

    Raises:
        CorruptObjectError: The bytes are something else.
    """
    try:
        header, *rows = csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
        found = [_correction(dict(zip(header, map(restore_cell, cells), strict=True))) for cells in rows]
    except (ValueError, KeyError, csv.Error) as error:
        raise CorruptObjectError(
            f"expected the corrections of a run, received something else ({error!r}): "
            f"put an earlier version of {keys.CORRECTIONS} back"
        ) from error
    return {correction.row: correction for correction in found}


def _correction(cells: Mapping[str, str]) -> Correction:
    return Correction(
        int(cells["row"]),
        cells["index"],
        cells["image_link"],
        cells["entity_name"],
        cells["prediction"],
        cells["answers"],
    )


def is_reducing(execution: str) -> bool:
    """Say whether an execution, by its name, only makes a run's outputs anew."""
    return _REDUCING.search(execution) is not None


def start_reducing(run: str, executions: ExecutionStarter) -> str:
    """Start the making of a run's outputs anew; twice does no harm.

    Args:
        run: The run's name.
        executions: The state machine, which goes on to its reducer where there are no shards to answer.

    Returns:
        The execution's name.
    """
    # Not after the corrections' content: they may become again what they were before.
    name = f"{run}-{secrets.token_hex(_NAME_BYTES)}"
    attempt = AttemptInput(run=run, attempt=1, manifest=keys.manifest_key(run, 1), shards=0)
    executions.start(name, attempt.model_dump_json())
    return name
