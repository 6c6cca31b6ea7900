"""The second look: when it is taken, and what is made of both."""

import numpy as np
import pytest

from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.picture import Picture, TextLine
from tapeline.reading.passes import (
    CLOSER_LOOK,
    NO_SHAPES,
    find_shapes,
    merge_looks,
    needs_closer_look,
    read_closely,
)


def line(text: str, x: float = 0, y: float = 0) -> TextLine:
    return TextLine(text, 0.9, ((x, y), (x + 100, y), (x + 100, y + 20), (x, y + 20)))


@pytest.mark.parametrize(
    ("texts", "entity", "expected"),
    [
        ([], "width", True),
        (["12 cm"], "width", False),
        (["12 cm"], "item_weight", True),
        (["12 cm"] * 12, "item_weight", False),
        (["NET WT", *["12 oz"] * 12], "item_weight", True),
        (["2 kg"], "item_weight", False),
        (["2 kg", "NET WT"], "item_weight", True),
        (["2 kg", "NET WT 2 kg"], "item_weight", False),
    ],
)
def test_a_second_look_has_a_reason(texts: list[str], entity: str, expected: bool) -> None:
    lines = [line(text, y=50.0 * place) for place, text in enumerate(texts)]
    assert needs_closer_look(lines, [entity], width=400, height=400) is expected


class Reader:
    def __init__(self) -> None:
        self.sides: list[int | None] = []

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        self.sides.append(longest_side)
        return [line("brand")] if longest_side is None else [line("12 cm", y=200)]


def test_the_second_look_is_larger_and_adds_to_the_first() -> None:
    reader = Reader()
    picture = Picture(np.zeros((400, 400, 3), np.uint8), 400, 400)
    lines = read_closely(picture, ["width"], reader)
    assert reader.sides == [None, CLOSER_LOOK]
    assert {found.text for found in lines} == {"12 cm", "brand"}


def test_what_both_looks_saw_is_kept_once_as_the_second_read_it() -> None:
    assert [found.text for found in merge_looks([line("12 crn")], [line("12 cm", x=5)])] == ["12 cm"]


def test_lines_and_the_outline_are_found_in_pixels_of_the_original() -> None:
    pixels = np.full((400, 400, 3), 255, np.uint8)
    pixels[100:300, 120:280] = 60
    pixels[340:343, 120:280] = 0
    shapes = OpenCvShapeFinder().find(Picture(pixels, 800, 800))
    assert shapes.outline == pytest.approx((240, 200, 560, 600), abs=16)
    below = [s for s in shapes.segments.tolist() if s[1] > 660 and abs(s[1] - s[3]) < 8]
    assert max(abs(s[2] - s[0]) for s in below) == pytest.approx(320, abs=24)


def test_an_empty_picture_has_no_shapes() -> None:
    picture = Picture(np.full((50, 50, 3), 255, np.uint8), 50, 50)
    assert OpenCvShapeFinder().find(picture).outline is None
    assert find_shapes(picture, [], OpenCvShapeFinder()) is NO_SHAPES
    assert find_shapes(picture, [line("12 cm")], None) is NO_SHAPES
