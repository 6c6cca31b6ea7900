"""The shape finder on drawn pictures."""

import cv2
import numpy as np
import pytest

from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.picture import Picture, Pixels
from tapeline.reading.dimension_lines import find_dimension_lines
from tapeline.reading.scene import DimensionLines


def lines(pixels: Pixels, scale: float = 1.0) -> DimensionLines:
    high, wide = pixels.shape[:2]
    picture = Picture(pixels, round(wide * scale), round(high * scale))
    shapes = OpenCvShapeFinder().find(picture)
    return find_dimension_lines(shapes, (), float(max(picture.width, picture.height)))


def white(side: int = 600) -> Pixels:
    return np.full((side, side, 3), 255, np.uint8)


def lengths(found: DimensionLines) -> list[float]:
    ends = found.ends
    return sorted(np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]).tolist())


@pytest.mark.parametrize("thickness", [1, 2, 4])
@pytest.mark.parametrize("grey", [0, 120, 200])
def test_a_drawn_line_is_one_thin_stroke(thickness: int, grey: int) -> None:
    pixels = white()
    cv2.line(pixels, (100, 300), (450, 340), (grey,) * 3, thickness)
    found = lines(pixels)
    assert lengths(found) == [pytest.approx(352, abs=10)]
    assert found.strokes.tolist() == [pytest.approx(1.0, abs=0.1)]


def test_the_edges_of_an_area_are_no_strokes() -> None:
    pixels = white()
    pixels[150:450, 100:500] = 90
    found = lines(pixels)
    assert len(found) == 4
    assert found.strokes.tolist() == [0.0] * 4


@pytest.mark.parametrize(("x", "y"), [(12, 0), (0, 12), (9, 9)])
def test_a_short_stroke_is_found(x: int, y: int) -> None:
    pixels = white()
    cv2.line(pixels, (300, 300), (300 + x, 300 + y), (0, 0, 0), 2)
    (ends,) = lines(pixels).ends
    assert np.hypot(ends[2] - ends[0], ends[3] - ends[1]) == pytest.approx(np.hypot(x, y), abs=4)
    assert ((ends[:2] + ends[2:]) / 2).tolist() == pytest.approx([300 + x / 2, 300 + y / 2], abs=2)


def test_dots_and_blots_are_no_short_strokes() -> None:
    pixels = white()
    cv2.circle(pixels, (300, 300), 4, (0, 0, 0), -1)
    pixels[100:108, 100:112] = 0
    assert len(lines(pixels)) == 0


def test_dashes_are_one_line() -> None:
    pixels = white()
    for x in range(100, 480, 16):
        pixels[300:302, x : x + 10] = 60
    assert lengths(lines(pixels)) == [pytest.approx(378, abs=12)]


def test_a_light_line_on_dark_ground_is_a_stroke() -> None:
    pixels = np.full((600, 600, 3), 70, np.uint8)
    cv2.line(pixels, (100, 300), (450, 300), (255, 255, 255), 2)
    assert lines(pixels).strokes.tolist() == [pytest.approx(1.0, abs=0.1)]


@pytest.mark.parametrize("side", [500, 1000, 1200, 1600])
def test_lines_of_any_size_are_in_pixels_of_the_original(side: int) -> None:
    pixels = white(side)
    cv2.line(pixels, (side // 4, side // 2), (3 * side // 4, side // 2), (0, 0, 0), max(2, side // 400))
    (ends,) = lines(pixels, scale=2.0).ends
    assert sorted([ends[0], ends[2]]) == pytest.approx([side / 2, 3 * side / 2], abs=side / 50)
    assert [ends[1], ends[3]] == pytest.approx([side, side], abs=side / 200)


def test_nothing_is_found_on_a_blank_picture() -> None:
    assert len(OpenCvShapeFinder().find(Picture(white(50), 50, 50)).segments) == 0
