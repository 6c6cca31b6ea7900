"""Looking at a picture: its text, a second and closer look where the first gives reason, and its shapes."""

import re
from collections.abc import Sequence
from typing import Final

from tapeline.candidates import find_candidates
from tapeline.features import Scene, bounds
from tapeline.picture import NO_SHAPES, Picture, TextLine
from tapeline.ports import ShapeFinder, TextReader
from tapeline.quantities import plain_text

CLOSER_LOOK: Final = 1472
"""Pixels of the longest side at the second look: twice the reader's own."""

_NET_WEIGHT: Final = re.compile(r"net ?w|n\.w|peso net|poids net")


def look(
    picture: Picture,
    entity_names: Sequence[str],
    reader: TextReader,
    shape_finder: ShapeFinder | None,
    *,
    closer: bool = True,
) -> Scene:
    """Read a picture, and find the lines that are drawn in it.

    Args:
        picture: What to look at.
        entity_names: What is asked for; each one of :data:`~tapeline.entities.UNITS_BY_ENTITY`.
        reader: Reads its text.
        shape_finder: Finds its lines; None to go without.
        closer: Whether to take a second look where :func:`needs_closer_look` says so.

    Returns:
        What the choice among its candidates goes by.
    """
    lines = reader.read(picture)
    if closer and needs_closer_look(lines, entity_names, width=picture.width, height=picture.height):
        lines = merge_looks(lines, reader.read(picture, CLOSER_LOOK))
    shapes = NO_SHAPES if shape_finder is None or not lines else shape_finder.find(picture)
    return Scene(tuple(lines), shapes, picture.width, picture.height)


def needs_closer_look(
    lines: Sequence[TextLine], entity_names: Sequence[str], *, width: int, height: int
) -> bool:
    """Say whether a second look may find what the first didn't.

    It may where an entity has no candidate at all, and where a net weight is announced and no number
    follows.
    """
    found = {
        name: bool(find_candidates(lines, name, width=width, height=height)) for name in set(entity_names)
    }
    if not all(found.values()):
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
