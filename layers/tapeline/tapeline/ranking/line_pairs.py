"""Line pairs: how drawn lines lie to one another, and which of them belong to one figure.

A picture may show the product, its package, a can beside it and somebody who uses it, each with dimension
lines of its own: a figure. Lines around one figure are near to one another for their length.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tapeline.picture import FloatArray

# Cosine of the angle between two lines from which they are parallel.
_PARALLEL: Final = 0.97

# Part of the shorter of two parallel lines from which they run beside each other, and up to which they don't.
# Chosen by hand.
_OVERLAPPING: Final = 0.5
_APART: Final = 0.1

# Distance across two parallel lines up to which they are on one level, as a part of the picture's longer
# side. Chosen by hand: the base lines of a front and a side view.
_SAME_LEVEL: Final = 0.08

# Lengths of the longer of two lines up to which the gap between them leaves them in one figure. Chosen by
# hand.
_FIGURE_GAP: Final = 0.3


class LinePairs(NamedTuple):
    """How each of some lines lies to each other one, each of shape (lines, lines).

    Attributes:
        apart: The gap between two lines in lengths of the longer one, at most 1; 0 where they cross.
        longer: The natural logarithm of the first one's length over the second one's.
        parallel: Whether they have one direction; False for a line and itself, and so are the next two.
        overlapping: Whether they are parallel and run beside each other, as the line of a part does beside
            that of the whole.
        beside: Whether they are parallel and follow each other on one level, as those of two views do.
    """

    apart: FloatArray
    longer: FloatArray
    parallel: npt.NDArray[np.bool_]
    overlapping: npt.NDArray[np.bool_]
    beside: npt.NDArray[np.bool_]


def compare_lines(ends: FloatArray, longest_side: float) -> LinePairs:
    """Compare each line with each other.

    Args:
        ends: x1, y1, x2, y2 in pixels of the original picture, shape (lines, 4); none of length 0.
        longest_side: The original picture's longer side in pixels.
    """
    start, end = ends[:, :2], ends[:, 2:]
    length = np.hypot(*(end - start).T)
    along = (end - start) / length[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    # Where each line's ends are along and across each other one, from its start; shape (lines, lines).
    one, other = (along @ points.T - (along * start).sum(axis=1)[:, None] for points in (start, end))
    one_level, other_level = (
        across @ points.T - (across * start).sum(axis=1)[:, None] for points in (start, end)
    )
    is_other = ~np.eye(len(ends), dtype=bool)
    parallel = (abs(along @ along.T) > _PARALLEL) & is_other
    overlap = np.minimum(np.maximum(one, other), length[:, None]) - np.maximum(np.minimum(one, other), 0.0)
    part = overlap / np.minimum(length[:, None], length)
    level = abs((one_level + other_level) / 2)
    # From each end of the second line to the nearest point of the first one.
    off = [
        np.hypot(way - np.clip(way, 0.0, length[:, None]), off)
        for way, off in ((one, one_level), (other, other_level))
    ]
    gap = np.minimum(*off)
    crosses = one_level * other_level < 0
    gap = np.where(crosses & crosses.T, 0.0, np.minimum(gap, gap.T))
    return LinePairs(
        apart=np.minimum(gap / np.maximum(length[:, None], length), 1.0),
        longer=np.log(length[:, None] / length),
        parallel=parallel,
        overlapping=parallel & (part > _OVERLAPPING),
        beside=parallel & (part < _APART) & (level < _SAME_LEVEL * longest_side),
    )


def figures_of(pairs: LinePairs) -> npt.NDArray[np.int_]:
    """Return the index, from 0 without gaps, of the figure that each line belongs to, shape (lines,)."""
    near = pairs.apart < _FIGURE_GAP
    figure = np.arange(len(near))
    for _ in range(len(near)):
        lowest = np.where(near, figure, len(near)).min(axis=1)
        if (lowest == figure).all():
            break
        figure = lowest
    return np.unique(figure, return_inverse=True)[1].astype(int)
