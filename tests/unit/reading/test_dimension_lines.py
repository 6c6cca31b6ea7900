"""Dimension lines: segments outside text put together to the lines that were drawn."""

import numpy as np
import pytest

from tapeline.picture import Shapes, TextLine
from tapeline.reading.dimension_lines import find_dimension_lines
from tapeline.reading.scene import DIRECTIONS, DimensionLines

LONGEST = 1000.0

type Segment = tuple[float, float, float, float]


def lines(*segments: Segment, text: tuple[TextLine, ...] = ()) -> DimensionLines:
    shapes = Shapes(np.array(segments, np.float32).reshape(-1, 4), None)
    return find_dimension_lines(shapes, text, LONGEST)


def found(*segments: Segment, text: tuple[TextLine, ...] = ()) -> list[list[float]]:
    ends: list[list[float]] = np.round(lines(*segments, text=text).ends, 1).tolist()
    return ends


def flat_stroke(left: float, right: float, y: float = 500) -> tuple[Segment, Segment]:
    """Return both sides of a dark stroke, as LSD gives them."""
    return (left, y - 2, right, y - 2), (right, y + 2, left, y + 2)


def text(words: str, left: float, top: float, right: float, bottom: float) -> tuple[TextLine, ...]:
    return (TextLine(words, 0.9, ((left, top), (right, top), (right, bottom), (left, bottom))),)


@pytest.mark.parametrize(
    ("segment", "direction"),
    [
        ((100, 100, 300, 100), "flat"),
        ((300, 120, 100, 100), "flat"),
        ((300, 130, 100, 100), "oblique"),
        ((100, 100, 100, 300), "upright"),
        ((100, 300, 140, 100), "upright"),
        ((100, 100, 200, 160), "oblique"),
    ],
)
def test_a_line_has_a_direction(segment: Segment, direction: str) -> None:
    (index,) = lines(segment).directions
    assert DIRECTIONS[index] == direction


def test_short_edges_are_texture_and_short_strokes_are_lines() -> None:
    assert found((100, 100, 129, 100), (100, 200, 131, 200)) == [[100, 200, 131, 200]]
    assert found(*flat_stroke(100, 120)) == [[100, 500, 120, 500]]
    assert found(*flat_stroke(100, 113)) == []


def test_both_sides_of_a_stroke_are_one_line() -> None:
    stroke = lines(*flat_stroke(100, 300))
    assert stroke.ends.round(1).tolist() == [[100, 500, 300, 500]]
    assert stroke.strokes.tolist() == [1.0]


def test_a_light_stroke_is_one_too() -> None:
    stroke = lines((300, 498, 100, 498), (100, 502, 300, 502))
    assert stroke.ends.round(1).tolist() in ([[100, 500, 300, 500]], [[300, 500, 100, 500]])
    assert stroke.strokes.tolist() == [1.0]


def test_the_edge_of_an_area_is_no_stroke() -> None:
    area = lines((100, 100, 300, 100), (300, 400, 100, 400))
    assert area.strokes.tolist() == [0.0, 0.0]


def test_a_stroke_beside_an_edge_leaves_the_edge_alone() -> None:
    found = lines(*flat_stroke(100, 300), (100, 510, 300, 510))
    assert sorted(found.strokes.tolist()) == [0.0, 1.0]


def test_pieces_of_a_line_are_one_line() -> None:
    assert found((100, 100, 200, 100), (208, 101, 400, 101)) == [[100, 100.7, 400, 100.7]]
    assert len(found((100, 100, 200, 100), (220, 100, 400, 100))) == 2


def test_strokes_of_letters_go_and_lines_that_leave_the_text_stay() -> None:
    word = text("Wide", 100, 100, 200, 150)
    assert found((105, 110, 160, 140), (150, 125, 400, 125), text=word) == [[150, 125, 400, 125]]


def test_a_line_within_the_loose_box_of_slanting_text_stays() -> None:
    assert found((105, 148, 195, 148), text=text("12 cm", 100, 100, 200, 150)) == [[105, 148, 195, 148]]


def test_an_arrow_that_was_read_as_a_letter_stays() -> None:
    assert found((105, 125, 165, 125), text=text("K", 100, 100, 200, 150)) == [[105, 125, 165, 125]]


def test_a_line_that_text_interrupts_is_one_line() -> None:
    parts = flat_stroke(100, 240) + flat_stroke(360, 500)
    broken = lines(*parts, text=text("12 cm", 250, 480, 350, 520))
    assert broken.ends.round(1).tolist() == [[100, 500, 500, 500]]
    assert (broken.strokes.tolist(), broken.broken.tolist()) == ([1.0], [True])


def test_an_upright_line_that_two_lines_of_text_interrupt_is_one_line() -> None:
    parts = [(y1, x1, y2, x2) for x1, y1, x2, y2 in flat_stroke(240, 100) + flat_stroke(500, 360)]
    words = text("12 cm", 460, 255, 540, 295) + text("4.7 in", 460, 305, 540, 345)
    assert lines(*parts, text=words).broken.tolist() == [True]


@pytest.mark.parametrize(
    "words",
    [(), text("12 cm", 250, 400, 350, 440), text("12 cm", 290, 496, 310, 504)],
    ids=["no text", "text beside the gap", "text far smaller than the gap"],
)
def test_two_lines_with_a_gap_are_two(words: tuple[TextLine, ...]) -> None:
    both = lines(*flat_stroke(100, 240), *flat_stroke(360, 500), text=words)
    assert both.broken.tolist() == [False, False]


@pytest.mark.parametrize(
    ("mark", "marked"),
    [
        ((300, 480, 300, 520), 0.5),
        ((300, 300, 300, 500), 0.5),
        ((290, 492, 300, 500), 0.5),
        ((200, 480, 200, 520), 0.0),
        ((330, 480, 330, 520), 0.0),
    ],
    ids=["tick", "extension line", "arrow head", "crossing in the middle", "beyond the end"],
)
def test_segments_at_its_end_mark_a_line(mark: Segment, marked: float) -> None:
    found = lines(*flat_stroke(100, 300), mark)
    assert found.marked[found.strokes == 1].tolist() == [marked]


def dashes(count: int, gap: float) -> list[Segment]:
    return [(100 + n * (8 + gap), 500.0, 108 + n * (8 + gap), 500.0) for n in range(count)]


def test_a_row_of_dashes_is_one_line() -> None:
    assert found(*dashes(10, 8)) == [[100, 500, 252, 500]]
    upright = [(y1, x1, y2, x2) for x1, y1, x2, y2 in dashes(10, 8)]
    assert found(*upright) == [[500, 100, 500, 252]]


@pytest.mark.parametrize(("count", "gap"), [(3, 8), (10, 16)])
def test_a_few_dashes_or_ones_far_apart_are_none(count: int, gap: float) -> None:
    assert found(*dashes(count, gap)) == []


def test_a_row_of_letters_is_no_dashed_line() -> None:
    assert found(*dashes(10, 8), text=text("EEEEEEEEEE", 95, 480, 260, 520)) == []


def test_of_a_picture_full_of_texture_the_longest_lines_are_kept() -> None:
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 900, (2000, 2))
    angles = rng.uniform(0, np.pi, 2000)
    ways = 40 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    texture = np.concatenate([starts, starts + ways], axis=1)
    segments = np.concatenate([texture, [[100, 950, 800, 950]]])
    kept = find_dimension_lines(Shapes(segments.astype(np.float32), None), (), LONGEST)
    assert len(kept) < 400
    assert [100, 950, 800, 950] in kept.ends.round(0).tolist()


def test_without_segments_there_are_no_lines() -> None:
    assert len(lines()) == 0
