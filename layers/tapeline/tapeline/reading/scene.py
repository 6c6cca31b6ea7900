"""The scene: all that ranking knows of a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tapeline.geometry import Bounds, Direction, letter_height
from tapeline.picture import Box, FloatArray, TextLine
from tapeline.quantities import FoundQuantity


@dataclass(frozen=True)
class PlacedLine:
    """A text line as laid out: repaired, joined with its unit where it stood apart, parsed and measured.

    Attributes:
        text: What it says; a joined one has the texts of both lines.
        score: The text reader's score, 0 to 1.
        box: Its four corners, in pixels of the original picture; a joined one has the number's.
        plain: Its text as :func:`tapeline.quantities.plain_text` gives it. Where it says a quantity, what was
            misread is corrected as by :func:`tapeline.quantities.correct_misread`; letters of a list are
            blanked.
        quantities: What the text says, with indexes into ``plain``.
        bounds: Around its box, in pixels of the original picture.
        direction: Which way the text runs.
        letter_height: In pixels of the original picture, at least 1.
    """

    text: str
    score: float
    box: Box
    plain: str
    quantities: tuple[FoundQuantity, ...]
    bounds: Bounds
    direction: Direction
    letter_height: float


@dataclass(frozen=True, eq=False)
class DimensionLines:
    """The drawn straight lines that may be dimension lines, the segments of each put together.

    Attributes:
        ends: x1, y1, x2, y2 in pixels of the original picture, shape (lines, 4), float64.
        directions: Each one's index in :data:`DIRECTIONS`, shape (lines,).
        strokes: The part of its length where it is a thin stroke, 0 to 1, and not the edge of an area, shape
            (lines,).
        broken: Whether text interrupts it, shape (lines,).
        marked: The part of its ends, 0 to 1, at which another segment crosses it: an arrow head, a tick, an
            extension line or a corner; shape (lines,).
    """

    ends: FloatArray
    directions: npt.NDArray[np.int_]
    strokes: FloatArray
    broken: npt.NDArray[np.bool_]
    marked: FloatArray

    def __len__(self) -> int:
        """The number of lines."""
        return len(self.ends)


# The directions of lines, by index.
DIRECTIONS: tuple[Direction, ...] = ("flat", "upright", "oblique")


@dataclass(frozen=True, eq=False)
class Scene:
    """What was observed in one picture.

    Attributes:
        text: All text lines as they were read.
        lines: The text laid out, in reading order: from the top, each row from the left.
        dimension_lines: Drawn lines.
        outline: Around the product, in pixels of the original picture; None where nothing stands out.
        width: The original picture's width in pixels.
        height: The original picture's height in pixels.
    """

    text: Sequence[TextLine]
    lines: Sequence[PlacedLine]
    dimension_lines: DimensionLines
    outline: Bounds | None
    width: int
    height: int

    @cached_property
    def longest_side(self) -> float:
        """The longer side in pixels, at least 1."""
        return float(max(self.width, self.height, 1))

    @cached_property
    def letter_height(self) -> float:
        """The median height of its text lines' letters in pixels; 1 where there is no text."""
        return float(np.median([letter_height(line.box) for line in self.text])) if self.text else 1.0
