"""Dimension lines: of all segments in a picture those that may be drawn lines, dashed ones put together."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tapeline.geometry import FLAT_DEGREES, bounds_of, letter_height
from tapeline.picture import FloatArray, Shapes, TextLine
from tapeline.reading.scene import DIRECTIONS, DimensionLines

# Length of a segment, as a part of the picture's longer side, below which it is texture. Chosen by hand.
_MIN_LENGTH: Final = 0.03

# Letter heights around a text line within which segments are strokes of letters. Chosen by hand.
_TEXT_MARGIN: Final = 0.15

# Length of a dash at most, as a part of the picture's longer side. Chosen by hand.
_MAX_DASH: Final = 0.03

# Dashes in a row from which they are a dashed line. Chosen by hand.
_MIN_DASHES: Final = 5

# Gap between two dashes of a line at most, as a part of the picture's longer side. Chosen by hand.
_MAX_DASH_GAP: Final = 0.015

# Distance across a dashed line within which its dashes lie, as a part of the longer side. Chosen by hand.
_SAME_LEVEL: Final = 0.004

# Slope of a dash against its line's axis at most. Chosen by hand.
_MAX_DASH_SLOPE: Final = 0.15

# The segments of a picture in which nothing is drawn.
NO_DIMENSION_LINES: Final = DimensionLines(np.zeros((0, 4)), np.zeros(0, int))


def find_dimension_lines(shapes: Shapes, text: Sequence[TextLine], longest_side: float) -> DimensionLines:
    """Find the segments outside text that are long enough to be drawn lines.

    Args:
        shapes: What is drawn in the picture.
        text: Its text lines: strokes of letters are no dimension lines.
        longest_side: The original picture's longer side in pixels.
    """
    found = shapes.segments.astype(np.float64)
    found = np.concatenate([found, _join_dashes(found, longest_side)])
    found = found[_lengths(found) > _MIN_LENGTH * longest_side]
    found = found[_outside_text(found, text)]
    degrees = np.degrees(np.arctan2(abs(found[:, 3] - found[:, 1]), abs(found[:, 2] - found[:, 0])))
    flat, upright, oblique = (DIRECTIONS.index(name) for name in ("flat", "upright", "oblique"))
    directions = np.where(
        degrees < FLAT_DEGREES, flat, np.where(degrees > 90 - FLAT_DEGREES, upright, oblique)
    )
    return DimensionLines(found, directions)


def _lengths(segments: FloatArray) -> FloatArray:
    lengths: FloatArray = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    return lengths


def _outside_text(segments: FloatArray, text: Sequence[TextLine]) -> npt.NDArray[np.bool_]:
    """Say of each segment whether one of its ends lies outside of every text line."""
    outside = np.ones(len(segments), bool)
    for line in text:
        left, top, right, bottom = bounds_of([line.box])
        margin = _TEXT_MARGIN * letter_height(line.box)
        inside = [
            (segments[:, x] > left - margin) & (segments[:, x] < right + margin)
            & (segments[:, x + 1] > top - margin) & (segments[:, x + 1] < bottom + margin)
            for x in (0, 2)
        ]  # fmt: skip
        outside &= ~(inside[0] & inside[1])
    return outside


def _join_dashes(segments: FloatArray, longest_side: float) -> FloatArray:
    """Return the dashed lines that flat and upright short segments make up, shape (lines, 4)."""
    short = segments[_lengths(segments) < _MAX_DASH * longest_side]
    lines: list[FloatArray] = []
    for along, across in ((0, 1), (1, 0)):
        rise = abs(short[:, across] - short[:, across + 2])
        dashes = short[rise < _MAX_DASH_SLOPE * abs(short[:, along] - short[:, along + 2])]
        levels = (dashes[:, across] + dashes[:, across + 2]) / 2
        bands = np.round(levels / (_SAME_LEVEL * longest_side)).astype(int)
        for band in np.unique(bands):
            members = np.flatnonzero(bands == band)
            for start, end, level in _chains(dashes[members], levels[members], along, longest_side):
                line = np.empty(4)
                line[[along, along + 2]] = start, end
                line[[across, across + 2]] = level
                lines.append(line)
    return np.array(lines, np.float64).reshape(-1, 4)


def _chains(
    dashes: FloatArray, levels: FloatArray, along: int, longest_side: float
) -> list[tuple[float, float, float]]:
    """Return the start, end and level of each chain of enough dashes without a wide gap."""
    if len(dashes) < _MIN_DASHES:
        return []
    starts = np.minimum(dashes[:, along], dashes[:, along + 2])
    ends = np.maximum(dashes[:, along], dashes[:, along + 2])
    order = np.argsort(starts)
    reach = np.maximum.accumulate(ends[order])
    breaks = np.flatnonzero(starts[order[1:]] - reach[:-1] > _MAX_DASH_GAP * longest_side) + 1
    return [
        (float(starts[chain].min()), float(ends[chain].max()), float(levels[chain].mean()))
        for chain in np.split(order, breaks)
        if len(chain) >= _MIN_DASHES
    ]
