"""Geometry of boxes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.geometry import bounds_of, letter_height, overlap, text_degrees, text_direction
from tapeline.picture import Box

PIXELS = st.floats(-1e4, 1e4)
BOXES = st.tuples(*[st.tuples(PIXELS, PIXELS)] * 4)


def turned(degrees: float) -> Box:
    """Return a box of 200 x 20 pixels, turned clockwise around the origin."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    a, b, c, d = ((x * cos - y * sin, x * sin + y * cos) for x, y in ((0, 0), (200, 0), (200, 20), (0, 20)))
    return a, b, c, d


@given(st.lists(BOXES, min_size=1, max_size=4))
def test_bounds_hold_all_corners_and_their_centre(boxes: list[Box]) -> None:
    bounds = bounds_of(boxes)
    assert all(bounds.holds(x, y) for box in boxes for x, y in box)
    assert bounds.holds(bounds.x, bounds.y)
    assert not bounds.holds(bounds.right + 1, bounds.y)


@given(BOXES)
def test_letters_are_at_least_a_pixel_high(box: Box) -> None:
    assert letter_height(box) >= 1


@pytest.mark.parametrize("degrees", [0, 11, 35, 64, 66, 90, 120, 169, 180, -90])
def test_a_turned_text_has_its_height_angle_and_direction(degrees: float) -> None:
    box = turned(degrees)
    assert letter_height(box) == pytest.approx(20)
    assert math.cos(math.radians(text_degrees(box) - degrees)) == pytest.approx(1)
    off = min(abs(degrees), 180 - abs(degrees))
    assert text_direction(box) == ("flat" if off < 12 else "upright" if off > 65 else "oblique")


@pytest.mark.parametrize(
    ("spans", "expected"),
    [((0, 10, 5, 20), 0.5), ((0, 10, 2, 4), 1.0), ((0, 10, 10, 20), 0.0), ((0, 10, 15, 25), -0.5)],
)
def test_overlap_is_a_part_of_the_shorter_span(
    spans: tuple[float, float, float, float], expected: float
) -> None:
    a_low, a_high, b_low, b_high = spans
    assert overlap(a_low, a_high, b_low, b_high) == pytest.approx(expected)
    assert overlap(b_low, b_high, a_low, a_high) == pytest.approx(expected)
