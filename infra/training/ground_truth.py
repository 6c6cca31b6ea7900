"""Ground truth: rows of the input's form, with the right answers beside them."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tapeline.download.links import copy_name
from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import GroundTruthError, RowError
from tapeline.quantities import Quantity, parse_quantity, round_quantity

# The ``status`` of rows that are neither trained on nor scored.
AMBIGUOUS: Final = "ambiguous"

# The columns that have to be there; docs/formats.md describes them and the others.
_COLUMNS: Final = ("image_link", "entity_name", "answers")


@dataclass(frozen=True, slots=True)
class TruthRow:
    """A question with its right answers.

    Attributes:
        index: As in the input; the row's number from 0 where the file has no such column.
        image_link: The picture.
        entity_name: What is asked for; one that is known.
        answers: All right answers, rounded as predictions are.
        says_nothing: Whether the picture doesn't say, so that the right prediction is empty.
        source: Where the answers come from; empty where the file doesn't tell.
        split: ``train``, or another name for rows to report on; ``train`` where the file doesn't tell.
        category: The product's category, ``group_id``; empty where the file doesn't tell.
        note: What was seen, in words, such as ``vertical line 33 cm``; empty where the file doesn't tell.
    """

    index: str
    image_link: str
    entity_name: str
    answers: frozenset[Quantity]
    says_nothing: bool
    source: str = ""
    split: str = "train"
    category: str = ""
    note: str = ""

    @property
    def file_name(self) -> str:
        """The picture's name in a folder: :func:`~tapeline.download.links.copy_name` its link.

        Empty where the link is malformed: the row can be read, but has no picture.
        """
        try:
            return copy_name(self.image_link)
        except RowError:
            return ""


def read_ground_truth(path: Path, entities: EntitySet = EIGHT) -> list[TruthRow]:
    """Read rows with right answers, without those that are ambiguous.

    Args:
        path: A CSV with ``image_link,entity_name,answers`` and, optionally, ``index``, ``group_id``,
            ``status``, ``source``, ``split`` and ``note``; see docs/formats.md.
        entities: The entities that rows can ask for.

    Raises:
        GroundTruthError: A column is missing, or a row has an unknown entity.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise GroundTruthError(
                f"expected the columns {', '.join(_COLUMNS)} in {path}, received none named "
                f"{', '.join(missing)}: add them as docs/formats.md describes"
            )
        return [
            _truth_row(row, number, path, entities)
            for number, row in enumerate(reader)
            if row.get("status") != AMBIGUOUS
        ]


def by_picture(rows: Iterable[TruthRow]) -> dict[str, list[TruthRow]]:
    """Return the rows of each picture, by its link."""
    pictures = defaultdict(list)
    for row in rows:
        pictures[row.image_link].append(row)
    return dict(pictures)


def _truth_row(cells: Mapping[str, str | None], number: int, path: Path, entities: EntitySet) -> TruthRow:
    entity_name = cells["entity_name"] or ""
    if entity_name not in entities:
        raise GroundTruthError(
            f"expected one of {', '.join(entities.units)} as entity_name in {path}, row {number}, "
            f"received {entity_name!r}: correct it or remove the row"
        )
    written = [answer.strip() for answer in (cells["answers"] or "").split("|") if answer.strip()]
    return TruthRow(
        index=cells.get("index") or str(number),
        image_link=cells["image_link"] or "",
        entity_name=entity_name,
        answers=frozenset(filter(None, map(_parse_answer, written))),
        says_nothing=not written,
        source=cells.get("source") or "",
        split=cells.get("split") or "train",
        category=(cells.get("group_id") or "").strip(),
        note=cells.get("note") or "",
    )


def _parse_answer(text: str) -> Quantity | None:
    """Return an answer as a quantity; None for a range or a free text, which no prediction equals."""
    try:
        return round_quantity(parse_quantity(text.lower()))
    except ValueError:
        return None
