"""OCR passes: the first, and a second one at a larger size where the first gives reason."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from tapeline.entities import EIGHT, EntitySet
from tapeline.geometry import bounds_of
from tapeline.picture import TextLine
from tapeline.quantities import find_new_quantities, in_entity_units, plain_text
from tapeline.reading.scene import PlacedLine

# Pixels of the longest side in the second pass; the reader takes 736 by itself. Measured: 1,472 pixels take
# 1.3 times as long, and make 4 more of 2,604 training rows right.
SECOND_PASS_SIDE: Final = 1280

# Text lines in the first pass from which a second one is slow and seldom finds more. Measured on the
# training split: it made 5 of 49 such answers right, and 53 of 151 others.
_ENOUGH_LINES: Final = 12

# Pixels of the longest side up to which a second pass may read small print that the first one couldn't; of a
# larger picture, the first pass has read what is large enough to be an answer. Measured on training rows:
# beyond it, second passes beside a quantity that was read lost more answers than they gained.
_SMALL_SIDE: Final = 800

# What announces a net weight, in the languages of the training pictures.
_NET_WEIGHT: Final = re.compile(r"net ?w|n\.w|peso net|poids net")


def needs_second_pass(
    text: Sequence[TextLine],
    lines: Sequence[PlacedLine],
    entity_names: Iterable[str],
    longest_side: int,
    entities: EntitySet = EIGHT,
) -> bool:
    """Say whether a second OCR pass may find what the first didn't.

    It may where there is little text, and an entity has no quantity in a small picture, or a large one has no
    quantity at all; and where a net weight is announced and no number follows.

    Args:
        text: What the first pass read.
        lines: The same, laid out.
        entity_names: What is asked for; each one of ``entities``.
        longest_side: The original picture's longest side in pixels.
        entities: What the names mean.
    """
    names = set(entity_names)
    if 0 < len(text) < _ENOUGH_LINES:
        if longest_side <= _SMALL_SIDE and not all(_is_said(name, lines, entities) for name in names):
            return True
        if not any(line.quantities for line in lines):
            return True
    return "item_weight" in names and any(
        _NET_WEIGHT.search(plain) and not any(char.isdigit() for char in plain)
        for plain in (plain_text(line.text) for line in text)
    )


def merge_passes(first: Sequence[TextLine], second: Sequence[TextLine]) -> list[TextLine]:
    """Return the text lines of the second pass, and those of the first where the second read nothing."""
    merged = list(second)
    read = [bounds_of([line.box]) for line in second]
    for line in first:
        bounds = bounds_of([line.box])
        if not any(other.holds(bounds.x, bounds.y) for other in read):
            merged.append(line)
    return merged


def _is_said(entity_name: str, lines: Sequence[PlacedLine], entities: EntitySet) -> bool:
    """Say whether any line has a quantity in an entity's units."""
    own = entities.own_entity(entity_name)
    if own is not None:
        units = {found.quantity.unit for line in lines for found in line.quantities}
        return bool(units & own.units) or any(find_new_quantities(line.text, own.units) for line in lines)
    return any(
        in_entity_units(found, entity_name, line.plain, line.quantities) is not None
        for line in lines
        for found in line.quantities
    )
