"""Dashes: short segments in a row put together to the sides of dashed lines.

Lengths and distances are parts of the picture's longer side.
"""

from typing import Final

import numpy as np

from tapeline.picture import FloatArray

# Length of a dash at most. Chosen by hand.
_MAX_DASH: Final = 0.03

# Dashes in a row from which they are a dashed line. Chosen by hand.
_MIN_DASHES: Final = 4

# Gap between two dashes of a line at most. Chosen by hand.
_MAX_DASH_GAP: Final = 0.015

# Distance across a dashed line within which its dashes lie. Chosen by hand.
_DASH_LEVEL: Final = 0.004

# Slope of a dash against its line's axis at most. Chosen by hand.
_MAX_DASH_SLOPE: Final = 0.15


def join_dashes(segments: FloatArray, longest_side: float) -> FloatArray:
    """Return the sides of dashed lines that flat and upright short segments make up.

    Args:
        segments: Outside text, shape (segments, 4).
        longest_side: The original picture's longer side in pixels.

    Returns:
        Shape (sides, 4).
    """
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    short = segments[lengths < _MAX_DASH * longest_side]
    lines: list[FloatArray] = []
    for along, across in ((0, 1), (1, 0)):
        way = short[:, along + 2] - short[:, along]
        straight = abs(short[:, across] - short[:, across + 2]) < _MAX_DASH_SLOPE * abs(way)
        # The segments of one side of a line run one way.
        for start, end in ((along, along + 2), (along + 2, along)):
            dashes = short[straight & ((way > 0) == (start == along))]
            levels = (dashes[:, across] + dashes[:, across + 2]) / 2
            bands = np.round(levels / (_DASH_LEVEL * longest_side)).astype(int)
            names, counts = np.unique(bands, return_counts=True)
            for band in names[counts >= _MIN_DASHES]:
                members = np.flatnonzero(bands == band)
                for low, high, level in _chains(dashes[members], levels[members], along, longest_side):
                    line = np.empty(4)
                    line[[start, end]] = low, high
                    line[[across, across + 2]] = level
                    lines.append(line)
    return np.array(lines, np.float64).reshape(-1, 4)


def _chains(
    dashes: FloatArray, levels: FloatArray, along: int, longest_side: float
) -> list[tuple[float, float, float]]:
    """Return the start, end and level of each chain of enough dashes without a wide gap."""
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
