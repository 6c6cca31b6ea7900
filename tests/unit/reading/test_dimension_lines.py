"""Dimension lines: segments outside text, long enough, and rows of dashes put together."""

import numpy as np
import pytest

from tapeline.picture import Shapes, TextLine
from tapeline.reading.dimension_lines import find_dimension_lines
from tapeline.reading.scene import DIRECTIONS

LONGEST = 1000.0


def found(*segments: tuple[float, float, float, float], text: tuple[TextLine, ...] = ()) -> list[list[float]]:
    shapes = Shapes(np.array(segments, np.float32).reshape(-1, 4), None)
    ends: list[list[float]] = find_dimension_lines(shapes, text, LONGEST).ends.tolist()
    return ends


@pytest.mark.parametrize(
    ("segment", "direction"),
    [
        ((100, 100, 300, 100), "flat"),
        ((300, 120, 100, 100), "flat"),
        ((100, 100, 100, 300), "upright"),
        ((100, 300, 110, 100), "upright"),
        ((100, 100, 200, 160), "oblique"),
    ],
)
def test_a_segment_has_a_direction(segment: tuple[float, float, float, float], direction: str) -> None:
    shapes = Shapes(np.array([segment], np.float32), None)
    (index,) = find_dimension_lines(shapes, (), LONGEST).directions
    assert DIRECTIONS[index] == direction


def test_short_segments_are_texture() -> None:
    assert found((100, 100, 129, 100), (100, 200, 131, 200)) == [[100, 200, 131, 200]]


def test_strokes_of_letters_go_and_lines_that_leave_the_text_stay() -> None:
    text = (TextLine("W", 0.9, ((100, 100), (200, 100), (200, 150), (100, 150))),)
    assert found((105, 110, 180, 140), (150, 125, 400, 125), text=text) == [[150, 125, 400, 125]]


def dashes(count: int, gap: float) -> list[tuple[float, float, float, float]]:
    return [(100 + n * (10 + gap), 500.0, 110 + n * (10 + gap), 500.0) for n in range(count)]


def test_a_row_of_dashes_is_one_line() -> None:
    assert found(*dashes(10, 8)) == [[100, 500, 272, 500]]
    upright = [(y1, x1, y2, x2) for x1, y1, x2, y2 in dashes(10, 8)]
    assert found(*upright) == [[500, 100, 500, 272]]


@pytest.mark.parametrize(("count", "gap"), [(4, 8), (10, 16)])
def test_a_few_dashes_or_ones_far_apart_are_none(count: int, gap: float) -> None:
    assert found(*dashes(count, gap)) == []
