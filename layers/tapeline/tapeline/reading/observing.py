"""The one observation of a picture: workers, API, training, evaluation and benchmarks all call it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final

import numpy as np

from tapeline.entities import EIGHT, EntitySet
from tapeline.geometry import Bounds
from tapeline.picture import Picture, Shapes, TextLine
from tapeline.ports import ShapeFinder, TextReader
from tapeline.quantities import FoundQuantity, find_quantities
from tapeline.reading.dimension_lines import NO_DIMENSION_LINES, find_dimension_lines
from tapeline.reading.layout import lay_out
from tapeline.reading.passes import SECOND_PASS_SIDE, merge_passes, needs_second_pass
from tapeline.reading.scene import PlacedLine, Scene

# The shapes of a picture in which nothing is drawn.
NO_SHAPES: Final = Shapes(np.zeros((0, 4), np.float32), None)


def observe(
    picture: Picture,
    entity_names: Iterable[str],
    reader: TextReader,
    shape_finder: ShapeFinder | None,
    entities: EntitySet = EIGHT,
    *,
    second_pass: bool = True,
) -> Scene:
    """Read a picture's text and find its dimension lines.

    Args:
        picture: What to observe.
        entity_names: What is asked for; each one of ``entities``. They decide on the second OCR pass alone.
        reader: Reads its text.
        shape_finder: Finds its segments and outline; without one, the scene has text alone.
        entities: What the names mean.
        second_pass: Whether a second OCR pass may be made, as far as the first one gives reason.

    Returns:
        The scene. Shapes are searched only where the text says a quantity that they can belong to.
    """
    # Both OCR passes read most lines alike: each text is parsed once.
    parse = cache(_parse)
    text = reader.read(picture)
    lines = lay_out(text, parse)
    longest_side = max(picture.width, picture.height)
    if second_pass and needs_second_pass(text, lines, entity_names, longest_side, entities):
        text = merge_passes(text, reader.read(picture, SECOND_PASS_SIDE))
        lines = lay_out(text, parse)

    def find_shapes() -> Shapes:
        return NO_SHAPES if shape_finder is None else shape_finder.find(picture)

    return _scene(text, lines, find_shapes, picture.width, picture.height)


def scene_of(text: Sequence[TextLine], shapes: Shapes, width: int, height: int) -> Scene:
    """Return the scene of text and shapes that are known already.

    Args:
        text: The text lines, in any order.
        shapes: What is drawn.
        width: The original picture's width in pixels.
        height: The original picture's height in pixels.
    """
    return _scene(text, lay_out(text, cache(_parse)), lambda: shapes, width, height)


def _scene(
    text: Sequence[TextLine],
    lines: Sequence[PlacedLine],
    find_shapes: Callable[[], Shapes],
    width: int,
    height: int,
) -> Scene:
    dimension_lines, outline = NO_DIMENSION_LINES, None
    if any(line.quantities for line in lines):
        shapes = find_shapes()
        dimension_lines = find_dimension_lines(shapes, text, float(max(width, height, 1)))
        outline = None if shapes.outline is None else Bounds(*shapes.outline)
    return Scene(tuple(text), tuple(lines), dimension_lines, outline, width, height)


def _parse(text: str) -> tuple[FoundQuantity, ...]:
    return tuple(find_quantities(text))
