"""Candidates: the quantities in a picture, each with plain evidence. Nothing is decided here."""

from dataclasses import dataclass, replace

from tapeline.quantities import FoundQuantity, Quantity, in_entity_units
from tapeline.ranking.keywords import Keywords
from tapeline.ranking.words_beside import (
    adjacent_keywords,
    caption_keywords,
    find_captions,
    table_row_keywords,
)
from tapeline.reading.scene import PlacedLine, Scene


@dataclass(frozen=True, slots=True)
class Candidate:
    """A quantity in a picture that could answer an entity.

    Attributes:
        quantity: As it is printed; in an entity's units after :func:`candidates_for`.
        found: Where in its line it stands, and in which group or range.
        line: The line that it was read from.
        keywords: What the words next to it in its own line say.
        caption: What the nearest line without any quantity says, if it stands right beside it.
        table_row: What the lines further left in its row say, as in a table.
        x: The line's centre from the left, as a part of the picture's width.
        y: The line's centre from the top, as a part of the picture's height.
        order: Index among the picture's quantities in reading order.
    """

    quantity: Quantity
    found: FoundQuantity
    line: PlacedLine
    keywords: Keywords
    caption: Keywords
    table_row: Keywords
    x: float
    y: float
    order: int


def find_candidates(scene: Scene) -> list[Candidate]:
    """Find all quantities in a picture, whatever they could answer.

    Returns:
        The candidates in reading order: rows from the top, each from the left.
    """
    captions = find_captions(scene.lines)
    candidates: list[Candidate] = []
    for line in scene.lines:
        if not line.quantities:
            continue
        own = adjacent_keywords(line)
        beside, rows = caption_keywords(line, captions), table_row_keywords(line, captions)
        x, y = line.bounds.x / max(scene.width, 1), line.bounds.y / max(scene.height, 1)
        for found, keywords, caption, table_row in zip(line.quantities, own, beside, rows, strict=True):
            candidates.append(
                Candidate(
                    found.quantity, found, line, keywords, caption, table_row, x, y, order=len(candidates)
                )
            )
    return candidates


def candidates_for(entity: str, candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates that have a quantity in an entity's units, in those units.

    A plain ounce counts as a fluid ounce for ``item_volume``, unless its line says that it is weighed.

    Args:
        entity: One of :data:`~tapeline.entities.UNITS_BY_ENTITY`.
        candidates: All of a picture's.
    """
    found: list[Candidate] = []
    for candidate in candidates:
        line = candidate.line
        quantity = in_entity_units(candidate.found, entity, line.plain, line.quantities)
        if quantity is not None:
            same = quantity == candidate.quantity
            found.append(candidate if same else replace(candidate, quantity=quantity))
    return found
