"""Sides weighed together in text-heavy pictures."""

import numpy as np
import pytest

from tapeline.picture import TextLine
from tapeline.ranking.ranker import MeasureSets
from tapeline.ranking.rules import TEXT_HEAVY_LINES, is_text_heavy
from tapeline.ranking.sides import rate_together
from tapeline.reading.observing import NO_SHAPES, scene_of


def line(text: str, x: float = 100, y: float = 100, high: float = 24) -> TextLine:
    wide = 0.5 * high * len(text)
    return TextLine(text, 0.9, ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high)))


def rate(
    entity: str, *lines: TextLine, ratings: list[float], taken: frozenset[int] = frozenset()
) -> list[float]:
    found = MeasureSets(scene_of(lines, NO_SHAPES, 1000, 1000)).of(entity)
    rated: list[float] = rate_together(found, np.array(ratings), taken, entity).tolist()
    return rated


@pytest.mark.parametrize("count", [0, TEXT_HEAVY_LINES - 1, TEXT_HEAVY_LINES])
def test_a_picture_is_text_heavy_from_so_many_lines(count: int) -> None:
    scene = scene_of([line("text", y=30.0 * n) for n in range(count)], NO_SHAPES, 1000, 1000)
    assert is_text_heavy(scene) is (count >= TEXT_HEAVY_LINES)


@pytest.mark.parametrize("entity", ["width", "height", "depth"])
def test_the_trees_rating_counts_within_its_bounds(entity: str) -> None:
    lines = [line("30 cm", 470, 200), line("40 cm", 470, 300), line("50 cm", 470, 400)]
    low, high, higher = rate(entity, *lines, ratings=[-3.0, 4.0, 40.0])
    assert low < high
    assert high == pytest.approx(higher)


@pytest.mark.parametrize("entity", ["width", "height", "depth"])
def test_what_another_side_takes_is_rated_lower(entity: str) -> None:
    lines = [line("30 cm", y=200), line("40 cm", y=400)]
    free = rate(entity, *lines, ratings=[1.0, 1.0])
    taken = rate(entity, *lines, ratings=[1.0, 1.0], taken=frozenset({0}))
    assert taken[0] < free[0]
    assert taken[1] == free[1]


@pytest.mark.parametrize("entity", ["width", "height", "depth"])
def test_a_lone_length_among_text_is_seldom_a_side_even_where_another_takes_it(entity: str) -> None:
    alone = rate(entity, line("30 cm", y=200), ratings=[1.0])
    with_other = rate(entity, line("30 cm", y=200), line("40 cm", y=400), ratings=[1.0, 1.0])
    assert alone[0] < with_other[0]
    assert rate(entity, line("30 cm", y=200), ratings=[1.0], taken=frozenset({0})) == alone


@pytest.mark.parametrize("entity", ["width", "height", "depth"])
def test_large_letters_and_the_whole_product_s_sizes_are_preferred(entity: str) -> None:
    small, large = rate(
        entity, line("30 cm", y=200, high=12), line("40 cm", y=400, high=36), ratings=[1.0, 1.0]
    )
    assert small < large
    part, whole = rate(entity, line("Blade 30 cm", y=200), line("Total 40 cm", y=400), ratings=[1.0, 1.0])
    assert part < whole


def test_a_height_is_where_its_word_or_its_order_says() -> None:
    other, named = rate("height", line("30 cm", y=200), line("Height 40 cm", y=400), ratings=[1.0, 1.0])
    assert other < named
    first, second, third = rate("height", line("30 x 40 x 50 cm", y=200), ratings=[1.0, 1.0, 1.0])
    assert first == second < third


def test_a_depth_stands_in_the_corner() -> None:
    middle, corner = rate(
        "depth", line("30 cm", x=480, y=488), line("40 cm", x=930, y=940), ratings=[1.0, 1.0]
    )
    assert middle < corner
