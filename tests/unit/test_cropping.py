"""Which part of a picture shows an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.answers import Answer, RunnerUp
from tapeline.cropping import crop_bounds
from tapeline.picture import Box
from tapeline.quantities import Quantity, parse_quantity

INCH: Quantity = parse_quantity("1 inch")


def box(left: float, top: float, width: float = 80, height: float = 20) -> Box:
    return ((left, top), (left + width, top), (left + width, top + height), (left, top + height))


def answer(corners: Box | None, *runners: Box) -> Answer:
    others = tuple(RunnerUp(INCH, 0.1, "1 in", corners) for corners in runners)
    return Answer(INCH if corners else None, 0.5, 0.5, "1 in", corners, others)


def test_a_crop_is_around_the_box_with_some_of_the_picture() -> None:
    bounds = crop_bounds(answer(box(460, 490)), 1000, 1000)
    assert bounds == (300, 300, 700, 700)


def test_a_crop_at_the_border_lies_within_the_picture() -> None:
    assert crop_bounds(answer(box(0, 980)), 1000, 1000) == (0, 600, 400, 1000)


def test_a_long_text_is_shown_whole() -> None:
    bounds = crop_bounds(answer(box(100, 500, width=800)), 1000, 1000)
    assert (bounds.left, bounds.right) == (0, 1000)


@pytest.mark.parametrize(("runners", "expected"), [((box(460, 490), box(0, 0)), 300), ((), 0)])
def test_a_silence_shows_its_best_runner_up_or_all(runners: tuple[Box, ...], expected: int) -> None:
    assert crop_bounds(answer(None, *runners), 1000, 1000).left == expected


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.tuples(*[st.floats(-100, 6000) for _ in range(2)], *[st.floats(0, 6000) for _ in range(2)]),
)
def test_a_crop_is_never_empty_and_never_outside(
    width: int, height: int, corners: tuple[float, float, float, float]
) -> None:
    bounds = crop_bounds(answer(box(*corners)), width, height)
    assert 0 <= bounds.left < bounds.right <= width
    assert 0 <= bounds.top < bounds.bottom <= height
