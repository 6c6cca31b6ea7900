"""Geometry of boxes: bounds, letter heights, directions, and how boxes lie to one another."""

import math
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from tapeline.picture import Box

# Which way something runs in a picture: a line of text, or a drawn segment.
type Direction = Literal["flat", "upright", "oblique"]

# Degrees off the horizontal up to which text is flat, and degrees off its axis up to which a segment is
# flat or upright. Chosen by hand: hand-held pictures and perspective lean text and dimension lines by some
# degrees.
FLAT_DEGREES: Final = 12.0

# Degrees off the horizontal from which text is upright. Chosen by hand: wider than for segments, since the
# boxes of short texts are nearly square and their corners are a pixel or two off.
_UPRIGHT_TEXT_DEGREES: Final = 65.0

# Pixels; boxes without any height are read too, and heights are divided by.
_MIN_LETTER_HEIGHT: Final = 1.0


class Bounds(NamedTuple):
    """An upright rectangle in pixels of the original picture."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def x(self) -> float:
        """The centre from the left in pixels."""
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        """The centre from the top in pixels."""
        return (self.top + self.bottom) / 2

    def holds(self, x: float, y: float) -> bool:
        """Say whether a point lies in it, its border included."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def bounds_of(boxes: Iterable[Box]) -> Bounds:
    """Return the bounds around one or more boxes."""
    corners = [corner for box in boxes for corner in box]
    xs = [x for x, _ in corners]
    ys = [y for _, y in corners]
    return Bounds(min(xs), min(ys), max(xs), max(ys))


def letter_height(box: Box) -> float:
    """Return the height of a text line's letters in pixels, at least 1."""
    return max(math.dist(box[0], box[3]), _MIN_LETTER_HEIGHT)


def text_degrees(box: Box) -> float:
    """Return the angle of a text line's reading direction, from -180 to 180 degrees, clockwise from right."""
    (ax, ay), (bx, by) = box[0], box[1]
    return math.degrees(math.atan2(by - ay, bx - ax))


def text_direction(box: Box) -> Direction:
    """Return which way the text in a box runs."""
    (ax, ay), (bx, by) = box[0], box[1]
    angle = math.degrees(math.atan2(abs(by - ay), abs(bx - ax)))
    if angle < FLAT_DEGREES:
        return "flat"
    return "upright" if angle > _UPRIGHT_TEXT_DEGREES else "oblique"


def overlap(a_low: float, a_high: float, b_low: float, b_high: float) -> float:
    """Return by how much two spans overlap, as a part of the shorter one; negative where they don't."""
    return (min(a_high, b_high) - max(a_low, b_low)) / max(min(a_high - a_low, b_high - b_low), 1.0)
