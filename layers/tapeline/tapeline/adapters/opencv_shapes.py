"""Finds line segments and the product's outline with OpenCV."""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from tapeline.picture import FloatArray, Picture, Shapes

# Pixels of the longest side to which a picture is shrunk before segments are searched. Measured at this size:
# 12 ms for small pictures, 20 ms for large ones.
_SEGMENTS_SIDE: Final = 736

# Factor of shrinking up to which interpolation between four pixels loses no thin lines. Chosen by hand:
# beyond 2 it would skip pixels.
_LINEAR_FACTOR: Final = 1.5

# Grey levels (of 256) by which a pixel differs from the picture's corner where it isn't margin. Chosen by
# hand: LSD ignores lesser steps.
_MARGIN_TOLERANCE: Final = 5

# Pixels of margin that stay around the content, so that edges at its border have two sides. Chosen by hand.
_MARGIN: Final = 8

# Side in pixels of the square of the morphological closing, at the segments' size. Chosen by hand: drawn
# lines are thinner and vanish, areas stay.
_CLOSING_SIDE: Final = 9

# Grey levels (of 256) by which a thin stroke is darker than what is around it. Chosen by hand.
_STROKE_CONTRAST: Final = 30

# Length of a short stroke at least, as a part of the longer side: dashes are as short. Chosen by hand.
_MIN_STROKE: Final = 0.006

# Length of a short stroke at most, as a part of the longer side. LSD finds all longer ones.
_MAX_STROKE: Final = 0.12

# Lengths that a short stroke is of its width at least. Chosen by hand: strokes of letters are mostly joined.
_MIN_STROKE_RATIO: Final = 4.0

# Pixels of the longest side to which a picture is shrunk before the outline is searched. Chosen by hand: the
# outline needs no details.
_OUTLINE_SIDE: Final = 256

# Grey levels (of 256) by which a pixel differs from the picture's border where it isn't background. Chosen by
# hand.
_BACKGROUND_TOLERANCE: Final = 14

# Side in pixels of the square of the morphological opening, at the outline's size. Chosen by hand: lines and
# letters are thinner and vanish, products stay.
_OPENING_SIDE: Final = 5


class OpenCvShapeFinder:
    """Finds segments and the product's outline; a :class:`~tapeline.ports.ShapeFinder`.

    Segments are found with OpenCV's LSD (von Gioi et al., "LSD: A Fast Line Segment Detector with a False
    Detection Control", 2010). It gives both sides of a drawn stroke, but none of one shorter than about 20
    pixels: short strokes are connected thin dark parts, and both sides of each are given as well. The outline
    is the bounding box of the largest connected part of the picture that differs from the grey of its border.
    """

    def find(self, picture: Picture) -> Shapes:
        """Return a picture's segments and its product's outline, in pixels of the original picture."""
        grey = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)
        small, scale = _shrink_fast(grey, _SEGMENTS_SIDE)
        # LSD takes half its time for pixels without any edge.
        left, top, wide, high = _content(small)
        content = np.ascontiguousarray(small[top : top + high, left : left + wide])
        # Created for each picture: a detector keeps state, and creating one takes microseconds.
        found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(content)[0]
        to_original = scale * picture.scale
        long = np.zeros((0, 4), np.float32) if found is None else found.reshape(-1, 4)
        offset = np.array([left, top, left, top])
        segments = (np.concatenate([long, _short_strokes(content)]) + offset) * to_original
        return Shapes(segments.astype(np.float32), _outline(small, to_original))


def _content(grey: npt.NDArray[Any]) -> tuple[int, int, int, int]:
    """Return the left, top, width and height around all that differs from the first pixel, with a margin."""
    different = cv2.threshold(
        cv2.absdiff(grey, np.full_like(grey, grey[0, 0])), _MARGIN_TOLERANCE, 1, cv2.THRESH_BINARY
    )[1]
    left, top, wide, high = cv2.boundingRect(different)
    high_all, wide_all = grey.shape
    right, bottom = min(left + wide + _MARGIN, wide_all), min(top + high + _MARGIN, high_all)
    left, top = max(left - _MARGIN, 0), max(top - _MARGIN, 0)
    return left, top, right - left, bottom - top


def _short_strokes(grey: npt.NDArray[Any]) -> FloatArray:
    """Find thin, dark, straight strokes, such as short dimension lines and dashes.

    Args:
        grey: Grey levels, shape (height, width), uint8.

    Returns:
        Both sides of each stroke, in LSD's order of ends: dark to the right of the way from the first end to
        the second; shape (2 * strokes, 4).
    """
    side = max(grey.shape)
    square = np.ones((_CLOSING_SIDE, _CLOSING_SIDE), np.uint8)
    thin = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, square)
    mask = cv2.threshold(thin, _STROKE_CONTRAST, 1, cv2.THRESH_BINARY)[1]
    pixels = cv2.findNonZero(mask)
    if pixels is None:
        return np.zeros((0, 4))
    x, y = pixels[:, 0].T
    # OpenCV's statistics of components visit all pixels of the picture, and take five times as long.
    part = cv2.connectedComponents(mask)[1][y, x]
    count = np.maximum(np.bincount(part), 1)
    mean_x, mean_y = np.bincount(part, x) / count, np.bincount(part, y) / count
    dx, dy = x - mean_x[part], y - mean_y[part]
    # Second moments; a pixel's own is a twelfth.
    xx = np.bincount(part, dx * dx) / count + 1 / 12
    yy = np.bincount(part, dy * dy) / count + 1 / 12
    xy = np.bincount(part, dx * dy) / count
    spread = np.hypot((xx - yy) / 2, xy)
    # Of a rectangle with these moments.
    length = np.sqrt(12 * ((xx + yy) / 2 + spread))
    width = np.sqrt(12 * np.maximum((xx + yy) / 2 - spread, 0.0))
    straight = (length > _MIN_STROKE_RATIO * width) & (length > _MIN_STROKE * side)
    straight &= length < _MAX_STROKE * side
    angle = np.arctan2(2 * xy, xx - yy)[straight] / 2
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * width[straight, None] / 2
    along *= length[straight, None] / 2
    # Pixels are counted from their centres, as LSD does.
    centre = np.stack([mean_x[straight], mean_y[straight]], axis=1)
    first = np.concatenate([centre - along - across, centre + along - across], axis=1)
    second = np.concatenate([centre + along + across, centre - along + across], axis=1)
    return np.concatenate([first, second])


def _shrink_fast(grey: npt.NDArray[Any], side: int) -> tuple[npt.NDArray[Any], float]:
    """Shrink a grey picture to a longest side as :func:`_shrink` does, several times as fast."""
    longest = max(grey.shape)
    halved = grey
    if longest >= 2 * side:
        # OpenCV averages squares of whole pixels with vector instructions, but other areas one by one.
        halved = cv2.resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2), interpolation=cv2.INTER_AREA)
    if max(halved.shape) > _LINEAR_FACTOR * side or longest <= side:
        return _shrink(grey, side)
    return cv2.resize(halved, _shrunk_size(grey, side), interpolation=cv2.INTER_LINEAR), longest / side


def _shrink(grey: npt.NDArray[Any], side: int) -> tuple[npt.NDArray[Any], float]:
    """Shrink a grey picture to a longest side.

    Returns:
        The picture, and how many of the given pixels are one of its pixels (1.0 where nothing was shrunk).
    """
    longest = max(grey.shape)
    if longest <= side:
        return grey, 1.0
    return cv2.resize(grey, _shrunk_size(grey, side), interpolation=cv2.INTER_AREA), longest / side


def _shrunk_size(grey: npt.NDArray[Any], side: int) -> tuple[int, int]:
    """Return the width and height of a picture whose longest side is shrunk to ``side``."""
    longest = max(grey.shape)
    return max(1, round(grey.shape[1] * side / longest)), max(1, round(grey.shape[0] * side / longest))


def _outline(grey: npt.NDArray[Any], to_original: float) -> tuple[float, float, float, float] | None:
    """Find the bounding box of the largest part that differs from the border, without thin parts.

    Args:
        grey: Grey levels, shape (height, width), uint8.
        to_original: Pixels of the original picture for each of these.

    Returns:
        Left, top, right and bottom in pixels of the original; None where nothing differs.
    """
    small, scale = _shrink(grey, _OUTLINE_SIDE)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    background = np.full_like(small, int(np.median(border)))
    foreground = (cv2.absdiff(small, background) > _BACKGROUND_TOLERANCE).astype(np.uint8)
    opened = cv2.morphologyEx(foreground, cv2.MORPH_OPEN, np.ones((_OPENING_SIDE, _OPENING_SIDE), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(opened)
    # The first of them is the background.
    if count < 2:
        return None
    left, top, width, height, _ = stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))]
    scale *= to_original
    return (
        float(left * scale),
        float(top * scale),
        float((left + width) * scale),
        float((top + height) * scale),
    )
