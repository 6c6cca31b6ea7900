"""Line evidence: how each measure stands to the drawn segments around it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tapeline.picture import FloatArray
from tapeline.ranking.measures import Measure
from tapeline.reading.scene import DIRECTIONS, Scene

# The columns of the evidence. For each direction, of its best segment the nearness (its length, less with
# distance), the length as a part of the picture's longer side, the gap to the text in letter heights, and
# how far off the segment's middle the text stands; ``flank`` is the length of segments that the text
# interrupts. ``line_angle`` is the angle in degrees of the best segment of all.
COLUMNS: Final = (
    *(
        f"{direction}_{what}"
        for direction in DIRECTIONS
        for what in ("near", "length", "gap", "off_centre", "flank")
    ),
    "line_angle",
)

# Points on a segment that stand for all of it when its distance is measured.
_SAMPLES: Final = 9

# Letter heights that stand for no segment, and that gaps are cut off at.
_NO_GAP: Final = 9.0

# Letter heights of gap over which a segment's nearness falls by the factor e. Chosen by hand.
_GAP_DECAY: Final = 1.5

# Part of its nearness that a segment loses where the text stands beyond its end. Chosen by hand.
_OFF_CENTRE_WEIGHT: Final = 0.5

# Lengths of the segment that the text's distance from its middle is cut off at.
_MAX_OFF_CENTRE: Final = 1.5

# Letter heights that a text may stand off the direction of a segment that it interrupts. Chosen by hand.
_MAX_OFFSET: Final = 0.7

# Letter heights of gap to a segment that the text may interrupt at most. Chosen by hand.
_MAX_INTERRUPTION: Final = 2.0


# Factor over the lines that a side may stand on from which a line shows that the measure is another side. By
# hand.
_CLEARLY: Final = 2.0


class _Closeness(NamedTuple):
    """How a text stands to each segment, each of shape (segments,)."""

    near: FloatArray
    gap: FloatArray
    off_centre: FloatArray
    # Where along the segment the text's centre falls: 0 at its start, 1 at its end.
    along: FloatArray
    interrupts: npt.NDArray[np.bool_]


class LineEvidence:
    """Works out the evidence of one picture's measures, each measure's once.

    Args:
        scene: The picture.
    """

    def __init__(self, scene: Scene) -> None:
        self._known: dict[tuple[int, ...], FloatArray] = {}
        ends = scene.dimension_lines.ends
        self._start, self._vector = ends[:, :2], ends[:, 2:] - ends[:, :2]
        self._length = np.hypot(self._vector[:, 0], self._vector[:, 1])
        self._unit = self._vector / self._length[:, None]
        self._relative = self._length / scene.longest_side
        self._degrees = np.degrees(np.arctan2(abs(self._vector[:, 1]), abs(self._vector[:, 0])))
        steps = np.linspace(0.0, 1.0, _SAMPLES)
        self._points = self._start[:, None, :] + steps[None, :, None] * self._vector[:, None, :]
        directions = scene.dimension_lines.directions
        self._by_direction = [np.flatnonzero(directions == index) for index in range(len(DIRECTIONS))]

    def of(self, measures: Sequence[Measure]) -> FloatArray:
        """Return the evidence of measures.

        Returns:
            Shape (measures, :data:`COLUMNS`), float64.
        """
        return np.array([self._of_measure(m) for m in measures], np.float64).reshape(-1, len(COLUMNS))

    def _of_measure(self, measure: Measure) -> FloatArray:
        # The same quantities are one measure for several entities, in whatever units each wants them.
        key = tuple(candidate.order for candidate in measure.candidates)
        if key not in self._known:
            self._known[key] = _row(
                self._by_direction, self._closeness(measure), self._relative, self._degrees
            )
        return self._known[key]

    def _closeness(self, measure: Measure) -> _Closeness:
        left, top, right, bottom = measure.bounds
        letter = measure.first.line.letter_height
        unit, points = self._unit, self._points
        dx = np.maximum(np.maximum(left - points[:, :, 0], points[:, :, 0] - right), 0.0)
        dy = np.maximum(np.maximum(top - points[:, :, 1], points[:, :, 1] - bottom), 0.0)
        gap = np.hypot(dx, dy).min(axis=1, initial=np.inf)
        # Between two points of an upright segment the text may stand nearer than either.
        from_start = np.array([measure.bounds.x, measure.bounds.y]) - self._start
        along = (from_start * unit).sum(axis=1) / self._length
        offset = abs(from_start[:, 0] * unit[:, 1] - from_start[:, 1] * unit[:, 0])
        half = (abs(unit[:, 1]) * (right - left) + abs(unit[:, 0]) * (bottom - top)) / 2
        beside = (along > 0) & (along < 1)
        gap = np.where(beside, np.minimum(gap, np.maximum(offset - half, 0.0)), gap) / letter
        off_centre = np.minimum(abs(along - 0.5), _MAX_OFF_CENTRE)
        decay = np.exp(-gap / _GAP_DECAY)
        near = self._relative * decay * (1.0 - _OFF_CENTRE_WEIGHT * np.minimum(off_centre, 1.0))
        # Text in a line's gap: the line's ends come near, and its direction leads through the text.
        interrupts = (offset < _MAX_OFFSET * letter) & ~beside & (gap < _MAX_INTERRUPTION)
        return _Closeness(near, gap, off_centre, along, interrupts)


def lines_contradict(strengths: FloatArray, side: str, *, least: float) -> npt.NDArray[np.bool_]:
    """Say of each measure whether the line that it stands on shows that it isn't a side.

    A height doesn't stand on a flat line, nor a width or a depth on an upright one.

    Args:
        strengths: From :func:`direction_strengths`, shape (measures, directions).
        side: One of :data:`~tapeline.entities.SIDES`.
        least: Strength from which a line shows that.

    Returns:
        Shape (measures,).
    """
    flat, upright, oblique = strengths.T
    wrong, possible = (flat, np.maximum(upright, oblique)) if side == "height" else (
        upright, np.maximum(flat, oblique)
    )  # fmt: skip
    mask: npt.NDArray[np.bool_] = (wrong > least) & (wrong > _CLEARLY * possible)
    return mask


def direction_strengths(evidence: FloatArray) -> FloatArray:
    """Return how strongly segments of each direction belong to each measure.

    Args:
        evidence: From :meth:`LineEvidence.of`, shape (measures, :data:`COLUMNS`).

    Returns:
        Nearness and flank added up, shape (measures, :data:`~tapeline.reading.scene.DIRECTIONS`).
    """
    return np.stack(
        [
            evidence[:, COLUMNS.index(f"{direction}_near")] + evidence[:, COLUMNS.index(f"{direction}_flank")]
            for direction in DIRECTIONS
        ],
        axis=1,
    )


def _row(
    by_direction: Sequence[npt.NDArray[np.int_]], close: _Closeness, relative: FloatArray, degrees: FloatArray
) -> FloatArray:
    """Return the evidence of one measure, shape (:data:`COLUMNS`,)."""
    row: list[float] = []
    best_angle, best = 0.0, 0.0
    for chosen in by_direction:
        if not len(chosen):
            row += [0.0, 0.0, _NO_GAP, 0.0, 0.0]
            continue
        nearest = chosen[np.argmax(close.near[chosen])]
        broken = chosen[close.interrupts[chosen]]
        before = relative[broken[close.along[broken] > 1]].max(initial=0.0)
        after = relative[broken[close.along[broken] < 0]].max(initial=0.0)
        row += [
            close.near[nearest],
            relative[nearest],
            min(close.gap[nearest], _NO_GAP),
            close.off_centre[nearest],
            # A line on both sides of its number is surer than one on either.
            before + after + min(before, after),
        ]
        if close.near[nearest] + before + after > best:
            best, best_angle = close.near[nearest] + before + after, degrees[nearest]
    return np.array([*row, best_angle], np.float64)
