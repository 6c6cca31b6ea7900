"""The observation of a picture: text in one or two passes, laid out, and its dimension lines."""

import numpy as np
import pytest

from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.picture import Picture, Shapes, TextLine
from tapeline.reading.observing import observe
from tapeline.reading.passes import SECOND_PASS_SIDE

PICTURE = Picture(np.zeros((400, 400, 3), np.uint8), 400, 400)


def line(text: str, x: float = 0, y: float = 0) -> TextLine:
    return TextLine(text, 0.9, ((x, y), (x + 100, y), (x + 100, y + 20), (x, y + 20)))


class Reader:
    """Reads one text in its first pass and another in its second."""

    def __init__(self, first: str, second: str) -> None:
        self.first, self.second = first, second
        self.sides: list[int | None] = []

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        self.sides.append(longest_side)
        return [line(self.first)] if longest_side is None else [line(self.second, y=200)]


class Finder:
    """Finds one flat segment and an outline, and counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def find(self, picture: Picture) -> Shapes:
        self.calls += 1
        return Shapes(np.array([[10, 300, 390, 300]], np.float32), (10, 10, 390, 290))


def test_the_second_pass_is_larger_and_adds_to_the_first() -> None:
    reader = Reader("brand", "12 cm")
    scene = observe(PICTURE, ["width"], reader, None)
    assert reader.sides == [None, SECOND_PASS_SIDE]
    assert {found.text for found in scene.text} == {"12 cm", "brand"}
    assert [placed.text for placed in scene.lines] == ["brand", "12 cm"]


@pytest.mark.parametrize(("first", "second_pass"), [("12 cm", True), ("brand", False)])
def test_a_pass_that_has_no_reason_or_is_not_wanted_is_not_made(first: str, second_pass: bool) -> None:
    reader = Reader(first, "40 cm")
    scene = observe(PICTURE, ["width"], reader, None, second_pass=second_pass)
    assert reader.sides == [None]
    assert [found.text for found in scene.text] == [first]


def test_shapes_are_found_where_a_quantity_may_stand_on_them() -> None:
    finder = Finder()
    scene = observe(PICTURE, ["width"], Reader("12 cm", ""), finder)
    assert finder.calls == 1
    assert scene.dimension_lines.ends.tolist() == [[10.0, 300.0, 390.0, 300.0]]
    assert scene.outline == (10, 10, 390, 290)


def test_shapes_are_not_searched_where_no_quantity_was_read() -> None:
    finder = Finder()
    scene = observe(PICTURE, ["width"], Reader("brand", "new"), finder)
    assert finder.calls == 0
    assert (len(scene.dimension_lines), scene.outline) == (0, None)


def test_segments_and_the_outline_are_in_pixels_of_the_original() -> None:
    pixels = np.full((400, 400, 3), 255, np.uint8)
    pixels[100:300, 120:280] = 60
    pixels[340:343, 120:280] = 0
    scene = observe(Picture(pixels, 800, 800), ["width"], Reader("12 cm", ""), OpenCvShapeFinder())
    assert scene.outline == pytest.approx((240, 200, 560, 600), abs=16)
    below = [s for s in scene.dimension_lines.ends.tolist() if s[1] > 660 and abs(s[1] - s[3]) < 8]
    assert max(abs(s[2] - s[0]) for s in below) == pytest.approx(320, abs=24)


def test_an_empty_picture_has_no_outline() -> None:
    picture = Picture(np.full((50, 50, 3), 255, np.uint8), 50, 50)
    assert OpenCvShapeFinder().find(picture).outline is None
