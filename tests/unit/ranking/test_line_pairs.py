"""Line pairs: how lines lie to one another, and which belong to one figure."""

import numpy as np
import pytest

from tapeline.ranking.line_pairs import LinePairs, compare_lines, figures_of

type Line = tuple[float, float, float, float]


def compared(*lines: Line) -> LinePairs:
    return compare_lines(np.array(lines, np.float64), 1000.0)


@pytest.mark.parametrize(
    ("other", "apart"),
    [
        ((220, 100, 220, 200), 0.2),
        ((300, 100, 300, 300), 0.5),
        ((150, 50, 150, 150), 0.0),
        ((230, 140, 290, 140), 0.5),
        ((900, 900, 900, 990), 1.0),
    ],
)
def test_the_gap_is_in_lengths_of_the_longer_line(other: Line, apart: float) -> None:
    pairs = compared((100, 100, 200, 100), other)
    assert pairs.apart[0, 1] == pytest.approx(apart) == pairs.apart[1, 0]
    assert pairs.apart[0, 0] == 0.0


def test_the_line_of_a_part_runs_beside_that_of_the_whole() -> None:
    pairs = compared((100, 100, 500, 100), (420, 130, 220, 130), (100, 100, 100, 500))
    assert pairs.overlapping.tolist() == [[False, True, False], [True, False, False], [False] * 3]
    assert pairs.longer[0, 1] == pytest.approx(np.log(2)) == -pairs.longer[1, 0]
    assert not pairs.beside.any()


@pytest.mark.parametrize(("y", "beside"), [(710, True), (790, False)])
def test_the_lines_of_two_views_follow_each_other_on_one_level(y: float, *, beside: bool) -> None:
    pairs = compared((100, 700, 400, 700), (450, y, 600, y))
    assert pairs.beside[0, 1] == pairs.beside[1, 0] == beside
    assert not pairs.overlapping.any()
    assert pairs.parallel[0, 1]


def test_lines_around_one_thing_are_one_figure() -> None:
    lighter, can = [(100, 100, 100, 480), (120, 500, 150, 500)], [(280, 320, 280, 480), (300, 500, 370, 500)]
    assert figures_of(compared(lighter[0], can[0], lighter[1], can[1])).tolist() == [0, 1, 0, 1]
    assert figures_of(compared(*lighter)).tolist() == [0, 0]


def test_a_figure_is_what_a_chain_of_near_lines_makes_up() -> None:
    lines = [(100.0 + 120 * n, 500.0, 200.0 + 120 * n, 500.0) for n in (2, 0, 1, 3)]
    assert figures_of(compared(*lines, (100, 100, 150, 100))).tolist() == [0, 0, 0, 0, 1]
