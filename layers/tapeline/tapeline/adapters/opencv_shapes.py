"""Finds line segments and the product's outline with OpenCV."""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from tapeline.picture import Picture, Shapes

_LONGEST_SIDE: Final = 736
"""Pixels to which a picture is shrunk before lines are searched: 12 ms on small, 28 ms on large ones."""

_OUTLINE_SIDE: Final = 256
_UNLIKE_BACKGROUND: Final = 14
# Levels of grey by which a pixel has to differ from the picture's border.
_OPENING: Final = 5
# Lines and letters are thinner than this many of 256 pixels, and vanish; products stay.


class OpenCvShapeFinder:
    """Finds line segments with LSD (von Gioi et al., 2010); a :class:`~tapeline.ports.ShapeFinder`."""

    def find(self, picture: Picture) -> Shapes:
        """Return a picture's line segments and its product's outline."""
        grey = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)
        small, scale = _shrink(grey, _LONGEST_SIDE)
        # Made anew each time: a detector keeps state, and making one costs microseconds.
        found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(small)[0]
        times = scale * picture.scale
        segments = np.zeros((0, 4), np.float32) if found is None else found.reshape(-1, 4) * times
        return Shapes(segments.astype(np.float32), _outline(small, times))


def _shrink(grey: npt.NDArray[Any], side: int) -> tuple[npt.NDArray[Any], float]:
    """Return a picture of at most this longest side, and how many of its pixels each new one stands for."""
    longest = max(grey.shape)
    if longest <= side:
        return grey, 1.0
    size = (max(1, round(grey.shape[1] * side / longest)), max(1, round(grey.shape[0] * side / longest)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA), longest / side


def _outline(grey: npt.NDArray[Any], times: float) -> tuple[float, float, float, float] | None:
    """Return the box around the largest thing that differs from the border, without thin parts."""
    small, scale = _shrink(grey, _OUTLINE_SIDE)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    unlike = cv2.absdiff(small, np.full_like(small, int(np.median(border)))) > _UNLIKE_BACKGROUND
    solid = cv2.morphologyEx(unlike.astype(np.uint8), cv2.MORPH_OPEN, np.ones((_OPENING, _OPENING), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2:
        return None
    left, top, width, height, _ = stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))]
    each = times * scale
    return float(left * each), float(top * each), float((left + width) * each), float((top + height) * each)
