"""Line evidence: which of the drawn lines around it each measure stands on, and what that line is like.

Each pair of a measure and a line is rated, by where they are to one another and by what the line looks like.
One line serves one number: a line that suits another number better counts less, and at last each number owns
one line at most.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tapeline.geometry import Bounds
from tapeline.picture import FloatArray
from tapeline.ranking.line_pairs import compare_lines, figures_of
from tapeline.ranking.line_ratings import (
    LineRater,
    assign_lines,
    line_shares,
    numbers_of,
    probability_of,
)
from tapeline.ranking.measures import Measure, log_size
from tapeline.reading.scene import DIRECTIONS, Scene

# The columns on the best line of each direction: how probably it is the measure's (``strength``), its length
# as a part of the picture's longer side, the gap to the text in letter heights, how far off the line's middle
# the text stands in lengths of the line, and the line's ``strokes``, ``broken`` and ``marked``.
_OF_DIRECTION: Final = ("strength", "length", "gap", "off_centre", "stroke", "broken", "marked")

# What each own line is among the others that measures own. ``figures`` counts the figures that these
# lines are around (see :mod:`~.line_pairs`); ``figure_lines``, ``figure_flat``, ``figure_upright`` and
# ``figure_oblique`` the lines of the own figure, and ``figure_part`` is that figure's extent over the largest
# one's. ``figure_lead`` is the natural logarithm of the line's length over that of the figure's longest other
# one of its direction. ``inner`` counts the longer lines that it runs beside, ``outer`` the shorter ones,
# ``beside`` those that follow it on its level. ``scale`` is the decimal logarithm of the measure's size for
# each pixel of its line, less the median of the figure's. ``lonely`` is how far off the nearest line of
# another direction is, in lengths of the longer of the two.
_OF_FIGURE: Final = (
    "figures", "figure_lines", "figure_part", "figure_flat", "figure_upright", "figure_oblique",
    "figure_lead", "inner", "outer", "beside", "scale", "lonely",
)  # fmt: skip

# The columns on the line that the measure owns. ``margin`` is by how much it is rated above the next one.
# ``tilt`` is in degrees off the horizontal, and ``slope`` the sine of twice that angle, above 0 where the
# line rises to the right. ``steeper`` are the degrees that it leans more than the flattest line, upright ones
# aside, that another number owns. ``longer`` is the natural logarithm of its length over that of the longest
# other one. ``part`` is its length as a part of the outline's extent in its direction. ``x`` and ``y`` are
# where its middle lies, 1 at the outline's right or lower border and -1 at the left or upper one; ``outside``
# says whether it lies outside. ``corner`` says whether it shares an end with a line that another number owns,
# and ``parallel`` whether the text runs along it.
_OF_OWN: Final = (
    "strength", "margin", "length", "gap", "off_centre", "stroke", "broken", "marked",
    "tilt", "slope", "steeper", "longer", "part", "x", "y", "outside", "corner", "parallel", *_OF_FIGURE,
)  # fmt: skip

# The columns of the evidence.
COLUMNS: Final = (
    *(f"{direction}_{what}" for direction in DIRECTIONS for what in _OF_DIRECTION),
    *(f"own_{what}" for what in _OF_OWN),
)

# What ratings and margins are cut off at, in log-odds. Chosen by hand.
_MAX_MARGIN: Final = 10.0

# Letter heights of gap within which most numbers stand beside their line.
_NEAR_GAP: Final = 1.5

# Letter heights that stand for no line, and that gaps are cut off at.
_NO_GAP: Final = 9.0

# Lengths of a line that the distance from its middle is cut off at.
_MAX_OFF_CENTRE: Final = 1.5

# Letter heights of gap to a line up to which the text may interrupt it.
_MAX_BROKEN_GAP: Final = 0.3

# Cosine of the angle between text and line from which they are parallel.
_PARALLEL: Final = 0.97

# Distance between two lines' ends, as a part of the picture's longer side, up to which they share a corner.
_CORNER: Final = 0.03

# Natural logarithm of a ratio of two lines' lengths from which one is longer. Chosen by hand.
_LONGER: Final = 0.03

# What ``figure_lead`` is cut off at, and where the figure has no other line of its direction. Chosen by hand.
_MAX_LEAD: Final = 2.0

# Decades that differences of scales are cut off at. Chosen by hand.
_MAX_SCALE: Final = 1.0

# Extents of the outline from its centre that a line's place is cut off at.
_MAX_PLACE: Final = 2.0

# Factor over the lines that a side may stand on from which a line shows that the measure is another side. By
# hand.
_CLEARLY: Final = 2.0


class _Relation(NamedTuple):
    """How each measure stands to each line, each of shape (measures, lines)."""

    gap: FloatArray
    off_centre: FloatArray
    broken: FloatArray
    parallel: FloatArray
    # See :data:`~tapeline.ranking.line_ratings.TERMS`; shape (measures, lines, terms).
    terms: FloatArray


class LineEvidence:
    """Works out the evidence of one picture's measures, each set of measures' once.

    Args:
        scene: The picture.
        rater: Rates its lines.
    """

    def __init__(self, scene: Scene, rater: LineRater) -> None:
        self._rater = rater
        self._known: dict[tuple[tuple[int, ...], ...], FloatArray] = {}
        self._lines = scene.dimension_lines
        self._longest_side = scene.longest_side
        self._outline = scene.outline or Bounds(0.0, 0.0, float(scene.width), float(scene.height))
        ends = self._lines.ends
        self._vector = ends[:, 2:] - ends[:, :2]
        self._length = np.hypot(self._vector[:, 0], self._vector[:, 1])
        self._unit = self._vector / self._length[:, None]
        left, top, right, bottom = self._outline
        x, y = ((ends[:, :2] + ends[:, 2:]) / 2).T
        self._x = 2 * (x - self._outline.x) / max(right - left, 1.0)
        self._y = 2 * (y - self._outline.y) / max(bottom - top, 1.0)
        self._outside = np.maximum(abs(self._x), abs(self._y)) > 1

    def of(self, measures: Sequence[Measure]) -> FloatArray:
        """Return the evidence of all measures of a picture that can answer an entity.

        Returns:
            Shape (measures, :data:`COLUMNS`), float64, finite.
        """
        # The same quantities are one measure for several entities, in whatever units each wants them.
        key = tuple(tuple(candidate.order for candidate in m.candidates) for m in measures)
        if key not in self._known:
            self._known[key] = self._compute(measures)
        return self._known[key]

    def terms(self, measures: Sequence[Measure]) -> FloatArray:
        """Return what each pair of a measure and a line is rated by.

        Returns:
            Shape (measures, lines, :data:`~tapeline.ranking.line_ratings.TERMS`), float64.
        """
        return self._relate(measures).terms

    def _compute(self, measures: Sequence[Measure]) -> FloatArray:
        evidence = np.zeros((len(measures), len(COLUMNS)))
        for name in (*DIRECTIONS, "own"):
            evidence[:, COLUMNS.index(f"{name}_gap")] = _NO_GAP
        if not len(measures) or not len(self._lines):
            return evidence
        relation = self._relate(measures)
        numbers = numbers_of(measures)
        ratings = self._rater.rate(relation.terms, numbers)
        shares = line_shares(ratings)
        for index, direction in enumerate(DIRECTIONS):
            lines = np.flatnonzero(self._lines.directions == index)
            if len(lines):
                best = lines[ratings[:, lines].argmax(axis=1)]
                strength = shares[:, lines].sum(axis=1) * probability_of(
                    ratings[np.arange(len(measures)), best]
                )
                columns = {"strength": strength, **self._columns(relation, best)}
                for what in _OF_DIRECTION:
                    evidence[:, COLUMNS.index(f"{direction}_{what}")] = columns[what]
        owned = assign_lines(ratings, numbers)
        if (owned >= 0).any():
            self._add_own(evidence, relation, ratings, owned)
            self._add_figures(evidence, measures, owned)
        return evidence

    def _relate(self, measures: Sequence[Measure]) -> _Relation:
        letter = np.array([measure.first.line.letter_height for measure in measures])[:, None]
        boxes = [[candidate.line.box for candidate in measure.candidates] for measure in measures]
        distances = _distances(np.array(list(chain.from_iterable(boxes)), np.float64), self._lines.ends)
        firsts = np.cumsum([0, *map(len, boxes[:-1])])
        gap = np.minimum.reduceat(distances, firsts, axis=0) / letter
        centre = np.array([(measure.bounds.x, measure.bounds.y) for measure in measures]).reshape(-1, 2)
        start = self._lines.ends[:, :2]
        along = (centre @ self._unit.T - (start * self._unit).sum(axis=1)) / self._length
        off_centre = abs(along - 0.5)
        text = np.array([measure.first.line.box for measure in measures], np.float64).reshape(-1, 4, 2)
        reading = text[:, 1] - text[:, 0] + text[:, 2] - text[:, 3]
        reading /= np.maximum(np.hypot(reading[:, 0], reading[:, 1]), 1e-9)[:, None]
        parallel = (abs(reading @ self._unit.T) > _PARALLEL).astype(np.float64)
        broken = (self._lines.broken & (gap < _MAX_BROKEN_GAP)).astype(np.float64)
        terms = np.stack(
            np.broadcast_arrays(
                np.minimum(gap, _NEAR_GAP),
                np.clip(gap - _NEAR_GAP, 0.0, _NO_GAP - _NEAR_GAP),
                np.minimum(off_centre, 0.5),
                np.minimum(off_centre * self._length / letter, 4.0),
                np.log(self._length / self._longest_side),
                self._lines.strokes,
                broken,
                parallel,
                self._outside,
                self._lines.marked,
            ),
            axis=-1,
        ).astype(np.float64)
        return _Relation(gap, off_centre, broken, parallel, terms)

    def _columns(self, relation: _Relation, lines: npt.NDArray[np.int_]) -> dict[str, FloatArray]:
        """Return what is known of one line of each measure; ``lines`` has shape (measures,)."""
        pairs = (np.arange(len(lines)), lines)
        return {
            "length": self._length[lines] / self._longest_side,
            "gap": np.minimum(relation.gap[pairs], _NO_GAP),
            "off_centre": np.minimum(relation.off_centre[pairs], _MAX_OFF_CENTRE),
            "stroke": self._lines.strokes[lines],
            "broken": relation.broken[pairs],
            "marked": self._lines.marked[lines],
            "parallel": relation.parallel[pairs],
        }

    def _add_own(
        self, evidence: FloatArray, relation: _Relation, ratings: FloatArray, owned: npt.NDArray[np.int_]
    ) -> None:
        """Fill in the columns of owned lines; ``owned`` is -1 where a measure has none."""
        rows = np.flatnonzero(owned >= 0)
        lines = owned[rows]
        rating = ratings[rows, lines]
        others = ratings[rows].copy()
        others[np.arange(len(rows)), lines] = -np.inf
        margin = rating - np.maximum(others.max(axis=1), rating - _MAX_MARGIN)
        x, y = self._vector[lines].T
        tilt = np.degrees(np.arctan2(abs(y), abs(x)))
        left, top, right, bottom = self._outline
        # How long a line of this direction can be within the outline.
        extent = np.minimum(
            (right - left) / np.maximum(abs(self._unit[lines, 0]), 1e-3),
            (bottom - top) / np.maximum(abs(self._unit[lines, 1]), 1e-3),
        )
        columns = {name: column[rows] for name, column in self._columns(relation, owned).items()} | {
            "strength": probability_of(rating),
            "margin": np.maximum(margin, -_MAX_MARGIN),
            "tilt": tilt,
            "slope": -2 * self._unit[lines, 0] * self._unit[lines, 1],
            "part": np.minimum(self._length[lines] / np.maximum(extent, 1.0), _MAX_PLACE),
            "x": np.clip(self._x[lines], -_MAX_PLACE, _MAX_PLACE),
            "y": np.clip(self._y[lines], -_MAX_PLACE, _MAX_PLACE),
            "outside": self._outside[lines].astype(np.float64),
            **self._beside_others(lines, tilt),
        }
        for what, column in columns.items():
            evidence[rows, COLUMNS.index(f"own_{what}")] = column

    def _add_figures(
        self, evidence: FloatArray, measures: Sequence[Measure], owned: npt.NDArray[np.int_]
    ) -> None:
        """Fill in the columns of owned lines' figures; ``owned`` is -1 where a measure has none."""
        rows = np.flatnonzero(owned >= 0)
        # Measures of one number own one line.
        lines, index = np.unique(owned[rows], return_inverse=True)
        log_sizes = np.array([log_size(measures[row].first.quantity) for row in rows.tolist()])
        scales = log_sizes - np.log10(self._length[lines])[index]
        for what, column in self._figure_columns(lines, index, scales).items():
            evidence[rows, COLUMNS.index(f"own_{what}")] = column

    def _figure_columns(
        self,
        lines: npt.NDArray[np.int_],
        index: npt.NDArray[np.int_],
        scales: FloatArray,
    ) -> dict[str, FloatArray]:
        """Return the columns of :data:`_OF_FIGURE`.

        Args:
            lines: The lines that measures own, each once.
            index: Of each measure's line among them, shape (measures,).
            scales: Decimal logarithm of each measure's size for each pixel of its line, shape (measures,).
        """
        compared = compare_lines(self._lines.ends[lines], self._longest_side)
        figure = figures_of(compared)
        count = int(figure.max()) + 1
        corners = self._lines.ends[lines].reshape(-1, 2, 2)
        least, most = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
        np.minimum.at(least, figure, corners.min(axis=1))
        np.maximum.at(most, figure, corners.max(axis=1))
        extent = np.hypot(*(most - least).T)
        together = figure[:, None] == figure
        directions = self._lines.directions[lines]
        rival = together & (directions[:, None] == directions) & ~np.eye(len(lines), dtype=bool)
        lead = np.where(rival, compared.longer, _MAX_LEAD).min(axis=1)
        medians = np.array([np.median(scales[figure[index] == number]) for number in range(count)])
        of_line = {
            "figure_lines": together.sum(axis=1),
            "figure_part": (extent / extent.max())[figure],
            **{
                f"figure_{name}": (together & (directions == number)).sum(axis=1)
                for number, name in enumerate(DIRECTIONS)
            },
            "figure_lead": np.clip(lead, -_MAX_LEAD, _MAX_LEAD),
            "inner": (compared.overlapping & (compared.longer < -_LONGER)).sum(axis=1),
            "outer": (compared.overlapping & (compared.longer > _LONGER)).sum(axis=1),
            "beside": compared.beside.sum(axis=1),
            "lonely": np.where(compared.parallel | np.eye(len(lines), dtype=bool), 1.0, compared.apart).min(
                axis=1
            ),
        }
        columns = {name: np.asarray(values[index], np.float64) for name, values in of_line.items()}
        return columns | {
            "figures": np.full(len(index), float(count)),
            "scale": np.clip(scales - medians[figure[index]], -_MAX_SCALE, _MAX_SCALE),
        }

    def _beside_others(self, lines: npt.NDArray[np.int_], tilt: FloatArray) -> dict[str, FloatArray]:
        """Compare owned lines with one another."""
        different = lines[:, None] != lines
        level = different & (self._lines.directions[lines] != DIRECTIONS.index("upright"))
        flattest = np.where(level, tilt, np.inf).min(axis=1)
        longest = np.where(level, self._length[lines], 0.0).max(axis=1)
        length = self._length[lines]
        ends = self._lines.ends[lines].reshape(-1, 2, 2)
        apart = np.hypot(*np.moveaxis(ends[:, None, :, None] - ends[None, :, None], -1, 0)).min(axis=(2, 3))
        return {
            "steeper": np.where(np.isfinite(flattest), tilt - flattest, 0.0),
            "longer": np.where(longest > 0, np.log(length / np.where(longest > 0, longest, length)), 0.0),
            "corner": (different & (apart < _CORNER * self._longest_side)).any(axis=1).astype(np.float64),
        }


def _distances(boxes: FloatArray, segments: FloatArray) -> FloatArray:
    """Return the distance of segments from rotated rectangles; 0 where they touch.

    Args:
        boxes: Corners in reading direction, shape (boxes, 4, 2).
        segments: Shape (segments, 4).

    Returns:
        Shape (boxes, segments).
    """
    top, side = boxes[:, 1] - boxes[:, 0] + boxes[:, 2] - boxes[:, 3], boxes[:, 3] - boxes[:, 0]
    width = np.hypot(top[:, 0], top[:, 1])
    along = top / np.maximum(width, 1e-9)[:, None]
    half = np.stack([width / 4, np.hypot(side[:, 0], side[:, 1]) / 2], axis=1)[:, None]
    axes = np.stack([along, np.stack([-along[:, 1], along[:, 0]], axis=1)], axis=1)
    centre = (axes @ boxes.mean(axis=1)[:, :, None])[:, None, :, 0]
    # Both ends along and across each box, shape (boxes, segments, 2).
    start, end = (segments[:, ends] @ axes.transpose(0, 2, 1) - centre for ends in ((0, 1), (2, 3)))
    vector = end - start
    nearest = np.full(start.shape[:2], np.inf)
    for point in (start, end):
        beyond = np.maximum(abs(point) - half, 0.0)
        nearest = np.minimum(nearest, np.hypot(beyond[..., 0], beyond[..., 1]))
    squared = np.maximum((vector**2).sum(axis=-1), 1e-9)
    for corner in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        way = np.array(corner) * half - start
        part = np.clip((way * vector).sum(axis=-1) / squared, 0.0, 1.0)[..., None]
        off = way - part * vector
        nearest = np.minimum(nearest, np.hypot(off[..., 0], off[..., 1]))
    # Where the segment enters and leaves the box along each axis, as parts of the segment.
    safe = np.where(abs(vector) < 1e-9, 1e-9, vector)
    one, other = (-half - start) / safe, (half - start) / safe
    enters = np.maximum(np.minimum(one, other).max(axis=-1), 0.0)
    leaves = np.minimum(np.maximum(one, other).min(axis=-1), 1.0)
    return np.where(enters < leaves, 0.0, nearest)


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
    """Return how strongly lines of each direction belong to each measure.

    Args:
        evidence: From :meth:`LineEvidence.of`, shape (measures, :data:`COLUMNS`).

    Returns:
        The probability that the measure's line has the direction, 0 to 1; shape (measures,
        :data:`~tapeline.reading.scene.DIRECTIONS`).
    """
    return evidence[:, [COLUMNS.index(f"{direction}_strength") for direction in DIRECTIONS]]
