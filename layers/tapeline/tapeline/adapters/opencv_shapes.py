"""Finds line segments and the product's outline with OpenCV."""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from tapeline.picture import Picture, Shapes

# Pixels of the longest side to which a picture is shrunk before segments are searched. Measured at this size:
# 12 ms for small pictures, 28 ms for large ones.
_SEGMENTS_SIDE: Final = 736

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
    Detection Control", 2010). The outline is the bounding box of the largest connected part of the picture
    that differs from the grey of its border.
    """

    def find(self, picture: Picture) -> Shapes:
        """Return a picture's segments and its product's outline, in pixels of the original picture."""
        grey = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)
        small, scale = _shrink(grey, _SEGMENTS_SIDE)
        # Created for each picture: a detector keeps state, and creating one takes microseconds.
        found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(small)[0]
        to_original = scale * picture.scale
        segments = np.zeros((0, 4), np.float32) if found is None else found.reshape(-1, 4) * to_original
        return Shapes(segments.astype(np.float32), _outline(small, to_original))


def _shrink(grey: npt.NDArray[Any], side: int) -> tuple[npt.NDArray[Any], float]:
    """Shrink a grey picture to a longest side.

    Returns:
        The picture, and how many of the given pixels are one of its pixels (1.0 where nothing was shrunk).
    """
    longest = max(grey.shape)
    if longest <= side:
        return grey, 1.0
    size = (max(1, round(grey.shape[1] * side / longest)), max(1, round(grey.shape[0] * side / longest)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA), longest / side


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
