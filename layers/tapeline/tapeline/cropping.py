"""Which part of a picture shows an answer."""

from typing import Final

from tapeline.answers import Answer
from tapeline.geometry import Bounds, bounds_of, letter_height

# Letter heights of the text around an answer's box that its crop shows too. Chosen by hand: the words beside
# a number and the ends of a short dimension line.
_LETTERS_AROUND: Final = 5.0

# Part of the picture's longest side that a crop has at least. Chosen by hand: so that the product is
# recognised.
_LEAST_SHARE: Final = 0.4


def crop_bounds(answer: Answer, width: int, height: int) -> Bounds:
    """Return the part of a picture to look at for one answer, in whole pixels of the original picture.

    It is around the box that the answer was read from, or around that of the best runner-up where there is
    no quantity; without either, it is the whole picture.

    Args:
        answer: The answer.
        width: The original picture's width in pixels.
        height: The original picture's height in pixels.
    """
    box = answer.box or next((runner_up.box for runner_up in answer.runners_up), None)
    if box is None:
        return Bounds(0, 0, width, height)
    inner = bounds_of([box])
    around = _LETTERS_AROUND * letter_height(box)
    least = _LEAST_SHARE * max(width, height)
    left, right = _span(inner.left - around, inner.right + around, least, width)
    top, bottom = _span(inner.top - around, inner.bottom + around, least, height)
    return Bounds(left, top, right, bottom)


def _span(low: float, high: float, least: float, limit: int) -> tuple[int, int]:
    """Return a span of at least a length around another one, shifted and cut to lie within a picture."""
    length = min(max(high - low, least), limit)
    start = min(max((low + high - length) / 2, 0.0), limit - length)
    return round(start), max(round(start + length), round(start) + 1)
