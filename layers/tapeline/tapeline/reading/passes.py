"""Looking at a picture: its text, a second and closer look where the first gives reason, and its shapes."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from tapeline.picture import Picture, Shapes, TextLine
from tapeline.ports import ShapeFinder, TextReader
from tapeline.quantities import plain_text
from tapeline.ranking.candidates import find_candidates
from tapeline.ranking.features import bounds

CLOSER_LOOK: Final = 1280
"""Pixels of the longest side at the second look. The reader takes 736 by itself; twice that takes 1.3 times
as long as this, and made 4 more of the 2,604 training rows right."""

_ENOUGH_LINES: Final = 12
# Where so much was read at the first look, the second is slow and seldom finds more: on the training split it
# made 5 of 49 such answers right, and 53 of 151 others.

_NET_WEIGHT: Final = re.compile(r"net ?w|n\.w|peso net|poids net")

NO_SHAPES: Final = Shapes(np.zeros((0, 4), np.float32), None)
"""The shapes of an empty picture."""


def read_closely(picture: Picture, entity_names: Sequence[str], reader: TextReader) -> list[TextLine]:
    """Read a picture's text, and read it again at a larger size where :func:`needs_closer_look` says so.

    Args:
        picture: What to read.
        entity_names: What is asked for; each one of :data:`~tapeline.entities.UNITS_BY_ENTITY`.
        reader: Reads its text.
    """
    lines = reader.read(picture)
    if needs_closer_look(lines, entity_names, width=picture.width, height=picture.height):
        return merge_looks(lines, reader.read(picture, CLOSER_LOOK))
    return lines


def find_shapes(picture: Picture, lines: Sequence[TextLine], finder: ShapeFinder | None) -> Shapes:
    """Find what is drawn in a picture; nothing where it has no text to stand beside, or nothing can look."""
    return NO_SHAPES if finder is None or not lines else finder.find(picture)


def needs_closer_look(
    lines: Sequence[TextLine], entity_names: Sequence[str], *, width: int, height: int
) -> bool:
    """Say whether a second look may find what the first didn't.

    It may where an entity has no candidate at all in little text, and where a net weight is announced and no
    number follows.
    """
    found = {
        name: bool(find_candidates(lines, name, width=width, height=height)) for name in set(entity_names)
    }
    if not all(found.values()) and len(lines) < _ENOUGH_LINES:
        return True
    return "item_weight" in found and any(
        _NET_WEIGHT.search(text) and not any(char.isdigit() for char in text)
        for text in (plain_text(line.text) for line in lines)
    )


def merge_looks(first: Sequence[TextLine], second: Sequence[TextLine]) -> list[TextLine]:
    """Return the lines of the second look, and those of the first where the second saw none."""
    merged = list(second)
    seen = [bounds([line.box]) for line in second]
    for line in first:
        left, top, right, bottom = bounds([line.box])
        x, y = (left + right) / 2, (top + bottom) / 2
        if not any(a <= x <= c and b <= y <= d for a, b, c, d in seen):
            merged.append(line)
    return merged
