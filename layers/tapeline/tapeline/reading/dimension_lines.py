"""Dimension lines: the segments of a picture put together to the lines that were drawn.

A drawn stroke is two segments, one on either side, and each may be in pieces; a line may be interrupted by
its number, or be dashed. Lengths and distances are parts of the picture's longer side where a comment doesn't
say otherwise. Constants are chosen by hand where no comment says otherwise: halved or doubled, those on
lengths, gaps and distances change the direction of one to three in 550 lines that readers named.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from tapeline.picture import FloatArray, Shapes, TextLine
from tapeline.reading.dashes import join_dashes
from tapeline.reading.scene import DIRECTIONS, DimensionLines

# Degrees off the horizontal up to which a line is flat. Measured on 440 training pictures: of 137 lines that
# a reader called horizontal 136 lean less than this, of 76 that a reader called oblique 70 lean more.
_FLAT_DEGREES: Final = 6.0

# Degrees off the vertical up to which a line is upright. Measured on the same pictures: of 280 lines that a
# reader called vertical 269 lean less than this, of the oblique ones 3.
_UPRIGHT_DEGREES: Final = 12.0

# Length of a segment from which it may be a piece of a line.
_MIN_PIECE: Final = 0.01

# The longest pieces that are looked at: pictures with more are full of texture, and the time to compare them
# grows with the square.
_MAX_PIECES: Final = 300

# Length of a thin stroke below which it is texture.
_MIN_STROKE: Final = 0.015

# Length of the edge of an area below which it is texture.
_MIN_EDGE: Final = 0.03

# Part of a line's length from which it counts as a stroke.
_MOSTLY: Final = 0.4

# Letter heights around a text line within which segments are strokes of letters.
_TEXT_MARGIN: Final = 0.1

# Letter heights from which a segment within text is no stroke of a letter: the boxes of slanting text hold
# its line as well.
_MAX_LETTER_STROKE: Final = 1.5

# Letter height from which a text box is none: parts of products are read as single large letters.
_MAX_LETTER: Final = 0.15

# Characters up to which a text without any digit doesn't hide a line: arrows are read as letters.
_ARROW_CHARACTERS: Final = 2

# Cosine of the angle between two segments from which they are parallel.
_PARALLEL: Final = 0.985

# Distance between the two sides of a stroke at most.
_MAX_WIDTH: Final = 0.012

# Part of the shorter one's length along which the two sides of a dark stroke lie beside each other.
_DARK_OVERLAP: Final = 0.5

# The same for a light stroke. Larger: between a line and an edge beside it there is a light stripe, too.
_LIGHT_OVERLAP: Final = 0.7

# Distance across a line within which its pieces lie.
_SAME_LEVEL: Final = 0.003

# Gap between two pieces of a line at most.
_MAX_GAP: Final = 0.012

# Length of a line that text interrupts, between its two parts, at most.
_MAX_BREAK: Final = 0.35

# Distance across an interrupted line within which its parts lie.
_BREAK_LEVEL: Final = 0.004

# The same as a part of the first part's length, where that is more.
_BREAK_SLOPE: Final = 0.02

# What is added to it, as a part of the gap.
_GAP_SLOPE: Final = 0.03

# Extents of the text that interrupts a line that its gap is long at most.
_BREAK_EXTENTS: Final = 2.2

# Letter heights of its text that the gap may be longer.
_BREAK_LETTERS: Final = 2.5

# Letter heights off a line's axis up to which the middle of the text lies that interrupts it.
_BREAK_OFFSET: Final = 0.45

# The same as a part of the text's extent across the line, where that is more.
_BREAK_OFFSET_EXTENT: Final = 0.35

# Distance from a line's end within which a segment marks it.
_MARK_REACH: Final = 0.009

# Sine of the angle between a line and a segment from which this can mark an end.
_MARK_SINE: Final = 0.4

# Length of a segment from which it can mark an end.
_MIN_MARK: Final = 0.006

# The lines of a picture in which nothing is drawn.
NO_DIMENSION_LINES: Final = DimensionLines(
    np.zeros((0, 4)), np.zeros(0, int), np.zeros(0), np.zeros(0, bool), np.zeros(0)
)


class _Lines(NamedTuple):
    """Lines on the way: see :class:`~tapeline.reading.scene.DimensionLines`."""

    ends: FloatArray
    strokes: FloatArray
    broken: npt.NDArray[np.bool_]

    @classmethod
    def whole(cls, ends: FloatArray, strokes: FloatArray) -> Self:
        return cls(ends, strokes, np.zeros(len(ends), bool))

    def chosen(self, index: npt.NDArray[np.bool_]) -> Self:
        return type(self)(self.ends[index], self.strokes[index], self.broken[index])

    def joined(self, other: "_Lines") -> Self:
        return type(self)(
            np.concatenate([self.ends, other.ends]),
            np.concatenate([self.strokes, other.strokes]),
            np.concatenate([self.broken, other.broken]),
        )


class _Frames:
    """The boxes of text lines, each with its own axes along and across the text.

    Args:
        text: The text lines; those that may be arrows are left out.
    """

    def __init__(self, text: Sequence[TextLine]) -> None:
        boxes = np.array(
            [
                line.box
                for line in text
                if len(line.text) > _ARROW_CHARACTERS or any(char.isdigit() for char in line.text)
            ],
            np.float64,
        ).reshape(-1, 4, 2)
        self.centre = boxes.mean(axis=1)
        top = boxes[:, 1] - boxes[:, 0] + boxes[:, 2] - boxes[:, 3]
        width = np.hypot(top[:, 0], top[:, 1])
        self.along = top / np.maximum(width, 1e-9)[:, None]
        self.across = np.stack([-self.along[:, 1], self.along[:, 0]], axis=1)
        self.half_width = width / 4
        side = boxes[:, 3] - boxes[:, 0]
        self.letter = np.maximum(np.hypot(side[:, 0], side[:, 1]), 1.0)

    def hold_strokes(self, segments: FloatArray, longest_side: float) -> npt.NDArray[np.bool_]:
        """Say of each segment whether it is a stroke of a letter: short, with both ends in a box."""
        margin = _TEXT_MARGIN * self.letter
        short = _lengths(segments)[:, None] < _MAX_LETTER_STROKE * self.letter
        inside = short & (self.letter < _MAX_LETTER * longest_side)
        for ends in (segments[:, :2], segments[:, 2:]):
            for axis, half in ((self.along, self.half_width), (self.across, self.letter / 2)):
                inside &= abs(ends @ axis.T - (self.centre * axis).sum(axis=1)) < half + margin
        held: npt.NDArray[np.bool_] = inside.any(axis=1)
        return held


def find_dimension_lines(shapes: Shapes, text: Sequence[TextLine], longest_side: float) -> DimensionLines:
    """Find the lines outside text that are long enough to be drawn ones.

    Args:
        shapes: What is drawn in the picture.
        text: Its text lines: strokes of letters are no lines, and a line may be interrupted by text.
        longest_side: The original picture's longer side in pixels.
    """
    frames = _Frames(text)
    segments = shapes.segments.astype(np.float64)
    segments = segments[_lengths(segments) > _MIN_MARK * longest_side]
    segments = segments[~frames.hold_strokes(segments, longest_side)]
    pieces = np.concatenate([segments, join_dashes(segments, longest_side)])
    lines = _join_pieces(_longest(pieces, longest_side), longest_side)
    least = np.where(lines.strokes > _MOSTLY, _MIN_STROKE, _MIN_EDGE) * longest_side
    lines = lines.chosen(_lengths(lines.ends) > least)
    lines = _bridge(lines, frames, longest_side)
    return DimensionLines(
        lines.ends,
        _directions(lines.ends),
        lines.strokes,
        lines.broken,
        _marked(lines.ends, segments, longest_side),
    )


def _lengths(segments: FloatArray) -> FloatArray:
    lengths: FloatArray = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    return lengths


def _axes(segments: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the lengths of segments, and the units along and across them; these point to the dark side."""
    lengths = _lengths(segments)
    along = (segments[:, 2:] - segments[:, :2]) / lengths[:, None]
    return lengths, along, np.stack([-along[:, 1], along[:, 0]], axis=1)


def _coordinates(axes: FloatArray, origins: FloatArray, points: FloatArray) -> FloatArray:
    """Return where points lie on each of some axes, from its origin: shape (axes, points)."""
    coordinates: FloatArray = axes @ points.T - (axes * origins).sum(axis=1)[:, None]
    return coordinates


def _directions(ends: FloatArray) -> npt.NDArray[np.int_]:
    degrees = np.degrees(np.arctan2(abs(ends[:, 3] - ends[:, 1]), abs(ends[:, 2] - ends[:, 0])))
    flat, upright, oblique = (DIRECTIONS.index(name) for name in ("flat", "upright", "oblique"))
    return np.where(
        degrees < _FLAT_DEGREES, flat, np.where(degrees > 90 - _UPRIGHT_DEGREES, upright, oblique)
    )


def _longest(segments: FloatArray, longest_side: float) -> FloatArray:
    lengths = _lengths(segments)
    longest = np.argsort(-lengths, kind="stable")[:_MAX_PIECES]
    return segments[longest[lengths[longest] > _MIN_PIECE * longest_side]]


def _join_pieces(pieces: FloatArray, longest_side: float) -> _Lines:
    """Put the pieces and the two sides of each line together.

    Args:
        pieces: Shape (pieces, 4), the longest first.
        longest_side: The original picture's longer side in pixels.
    """
    if not len(pieces):
        return _Lines.whole(np.zeros((0, 4)), np.zeros(0))
    lengths, along, across = _axes(pieces)
    start, middle = pieces[:, :2], (pieces[:, :2] + pieces[:, 2:]) / 2
    cosine = along @ along.T
    offset = _coordinates(across, start, middle)
    close = (abs(cosine) > _PARALLEL) & (abs(offset) < _MAX_WIDTH * longest_side)
    a, b = np.nonzero(np.triu(close, 1))
    cosine, offset = cosine[a, b], offset[a, b]
    ends = [((points[b] - start[a]) * along[a]).sum(axis=1) for points in (start, pieces[:, 2:])]
    overlap = np.minimum(np.maximum(*ends), lengths[a]) - np.maximum(np.minimum(*ends), 0.0)
    dark = (cosine < 0) & (offset > 0) & (overlap > _DARK_OVERLAP * lengths[b])
    in_dark = np.isin(np.arange(len(pieces)), np.concatenate([a[dark], b[dark]]))
    light = (cosine < 0) & (offset < 0) & (overlap > _LIGHT_OVERLAP * lengths[b])
    light &= ~in_dark[a] & ~in_dark[b]
    level = (cosine > 0) & (abs(offset) < _SAME_LEVEL * longest_side) & (overlap > -_MAX_GAP * longest_side)
    belong = dark | light | level
    line = _components(len(pieces), zip(a[belong].tolist(), b[belong].tolist(), strict=True))
    in_stroke = np.isin(line, line[np.concatenate([a[dark | light], b[dark | light]])])
    return _Lines.whole(*_merged(pieces, line, in_stroke))


def _components(count: int, pairs: Iterable[tuple[int, int]]) -> npt.NDArray[np.int_]:
    """Return the index, from 0 without gaps, of the connected component of each of some nodes."""
    parents = list(range(count))

    def root(node: int) -> int:
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    for a, b in pairs:
        one, other = sorted((root(a), root(b)))
        parents[other] = one
    return np.unique([root(node) for node in range(count)], return_inverse=True)[1].astype(int)


def _merged(
    pieces: FloatArray, line: npt.NDArray[np.int_], in_stroke: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the lines that pieces make up, and how much of each is a stroke.

    Args:
        pieces: Shape (pieces, 4), the longest first.
        line: The index of each one's line.
        in_stroke: Whether its line has two sides.
    """
    count = int(line.max(initial=-1)) + 1
    lengths, along, _ = _axes(pieces)
    first = np.unique(line, return_index=True)[1]
    same_way = np.sign((along * along[first][line]).sum(axis=1))
    weighted = along * (lengths * same_way)[:, None]
    axis = np.stack([np.bincount(line, weighted[:, k], count) for k in (0, 1)], axis=1)
    axis /= np.hypot(axis[:, 0], axis[:, 1])[:, None]
    normal = np.stack([-axis[:, 1], axis[:, 0]], axis=1)
    level = ((pieces[:, :2] + pieces[:, 2:]) / 2 * normal[line]).sum(axis=1)
    sides = []
    for way in (1, -1):
        own = np.where(same_way == way, lengths, 0.0)
        total = np.bincount(line, own, count)
        sides.append((total, np.bincount(line, own * level, count) / np.maximum(total, 1e-9)))
    (one, one_level), (other, other_level) = sides
    middle = np.where(other > 0, (one_level + other_level) / 2, one_level)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    for points in (pieces[:, :2], pieces[:, 2:]):
        position = (points * axis[line]).sum(axis=1)
        np.minimum.at(low, line, position)
        np.maximum.at(high, line, position)
    ends = np.concatenate(
        [axis * position[:, None] + normal * middle[:, None] for position in (low, high)], axis=1
    )
    strokes = np.minimum(np.minimum(one, other) / np.maximum(high - low, 1e-9), 1.0)
    return ends, np.where(in_stroke[first], strokes, 0.0)


def _bridge(lines: _Lines, frames: _Frames, longest_side: float) -> _Lines:
    """Join strokes that have one direction and only text between them; each once, the nearest first."""
    lengths, along, across = _axes(lines.ends)
    start, end = lines.ends[:, :2], lines.ends[:, 2:]
    near, far = (_coordinates(along, start, points) for points in (start, end))
    gap = np.minimum(near, far) - lengths[:, None]
    off = np.maximum(*(abs(_coordinates(across, start, points)) for points in (start, end)))
    tolerance = np.maximum(_BREAK_LEVEL * longest_side, _BREAK_SLOPE * lengths)[:, None]
    possible = (gap > 0) & (gap < _MAX_BREAK * longest_side) & (off < tolerance + _GAP_SLOPE * gap)
    possible &= abs(along @ along.T) > _PARALLEL
    stroke = lines.strokes > _MOSTLY
    a, b = np.nonzero(possible & stroke[:, None] & stroke)
    used: set[int] = set()
    joined: list[FloatArray] = []
    for pair in np.argsort(gap[a, b], kind="stable"):
        one, other = int(a[pair]), int(b[pair])
        if used & {one, other}:
            continue
        inner, outer = (start, end) if near[one, other] < far[one, other] else (end, start)
        if _is_bridged(end[one], inner[other], frames):
            joined.append(np.concatenate([start[one], outer[other]]))
            used |= {one, other}
    rest = lines.chosen(~np.isin(np.arange(len(start)), list(used)))
    bridged = np.array(joined, np.float64).reshape(-1, 4)
    return rest.joined(_Lines(bridged, np.ones(len(bridged)), np.ones(len(bridged), bool)))


def _is_bridged(start: FloatArray, end: FloatArray, frames: _Frames) -> bool:
    """Say whether one or several text lines fill the gap between two points."""
    gap = float(np.hypot(*(end - start)))
    along = (end - start) / max(gap, 1e-9)
    across = np.array([-along[1], along[0]])
    half_letter = frames.letter / 2
    extent, width = (
        abs(frames.along @ axis) * frames.half_width + abs(frames.across @ axis) * half_letter
        for axis in (along, across)
    )
    position = (frames.centre - start) @ along
    inside = (position > -0.2 * gap) & (position < 1.2 * gap)
    inside &= abs((frames.centre - start) @ across) < np.maximum(
        _BREAK_OFFSET_EXTENT * width, _BREAK_OFFSET * frames.letter
    )
    filled = _BREAK_EXTENTS * extent[inside].sum() + _BREAK_LETTERS * frames.letter
    return bool((inside & (gap < filled)).any())


def _marked(ends: FloatArray, segments: FloatArray, longest_side: float) -> FloatArray:
    """Return the part of each line's ends at which a segment crosses it."""
    lengths, along, across = _axes(segments)
    crossing = abs(_axes(ends)[1] @ across.T) > _MARK_SINE
    reach = _MARK_REACH * longest_side
    marked = np.zeros(len(ends))
    for points in (ends[:, :2], ends[:, 2:]):
        position = _coordinates(along, segments[:, :2], points)
        near = abs(_coordinates(across, segments[:, :2], points)) < reach
        near &= (position > -reach) & (position < lengths[:, None] + reach)
        marked += (near.T & crossing).any(axis=1) / 2
    return marked
