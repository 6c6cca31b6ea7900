"""Learning which drawn line is which number's, from notes of those who read the ground truth by eye.

A note such as ``vertical line 33 cm`` names the direction of the line that a side was read from.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import softmax

from infra.training.examples import matching
from infra.training.ground_truth import TruthRow
from tapeline.entities import SIDES
from tapeline.picture import FloatArray
from tapeline.ranking.line_evidence import LineEvidence
from tapeline.ranking.line_ratings import TERMS, LineRater, numbers_of, rival_shares
from tapeline.ranking.measures import Measure
from tapeline.ranking.ranker import MeasureSets
from tapeline.reading.scene import DIRECTIONS, Scene

# What a note says -> the direction of the line, the first that matches. A line along a product's front, top
# or base is flat in a front view, and leans by some degrees in perspective.
_NOTED: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\b(oblique|slant\w*|diagonal\w*)\b", re.IGNORECASE), "oblique"),
    (re.compile(r"\b(vertical|upright)\b", re.IGNORECASE), "upright"),
    (re.compile(r"\bhorizontal\b", re.IGNORECASE), "flat"),
    (re.compile(r"\b(front|base|top|side)s? (line|side|edge)\b", re.IGNORECASE), "along"),
)

# Noted direction -> the degrees off the horizontal that its line may have, least and most. Wider than the
# directions: perspective leans lines, and a slightly oblique one is still called so.
_TILTS: Final[dict[str, tuple[float, float]]] = {
    "flat": (0.0, 18.0), "upright": (72.0, 90.0), "oblique": (4.0, 84.0), "along": (0.0, 60.0),
}  # fmt: skip

# Weights that the fit is drawn to, of :data:`~tapeline.ranking.line_ratings.TERMS`. Chosen by hand: most
# noted lines are the nearest to their number, so that they tell little of what decides between two others.
_PRIOR: Final = {
    "gap": -1.1, "far": -0.6, "off_centre": -1.0, "off_centre_letters": -1.0, "log_length": 0.7,
    "stroke": 1.0, "broken": 1.0, "parallel": 0.7, "outside": 1.0, "marked": 1.0,
}  # fmt: skip

# The same of the weight of rivals.
_RIVAL_PRIOR: Final = -3.0

# The weights that aren't fitted: a note always names a line, so that none tells how far off is nobody's.
_NOT_FITTED: Final = frozenset({"gap", "far"})

# Weight of the squared distance from these weights in the loss. Chosen by hand: in cross-validation 0.3 to 3
# find as many of the noted lines, 97.3 %.
_PENALTY: Final = 1.0

# Times that the weights are fitted, each with the rivals by the weights before.
_ROUNDS: Final = 8

# Parts of the cross-validation.
_PARTS: Final = 5

# Decimals of a weight in the artefact.
_DECIMALS: Final = 2

# Lines that weights are fitted to at least. Chosen by hand: there are eleven weights.
_LEAST_LINES: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class NotedLine:
    """A measure whose line's direction a note names.

    Attributes:
        link: The picture.
        index: Of the measure among the picture's.
        numbers: The index of each measure's number.
        terms: See :meth:`~tapeline.ranking.line_evidence.LineEvidence.terms`.
        agreeing: Whether each line may be the one of the note, shape (lines,).
    """

    link: str
    index: int
    numbers: npt.NDArray[np.int_]
    terms: FloatArray
    agreeing: npt.NDArray[np.bool_]

    def inputs(self, rater: LineRater) -> FloatArray:
        """Return the terms of its pairs, and how probably each line is a rival's, by some weights."""
        rivals = rival_shares(rater.rate(self.terms, self.numbers), self.numbers)[self.index]
        return np.concatenate([self.terms[self.index], rivals[:, None]], axis=1)


def noted_direction(note: str) -> str | None:
    """Return the direction that a note names; None where it names none or several."""
    named = [direction for pattern, direction in _NOTED if pattern.search(note)]
    exact = [direction for direction in named if direction in DIRECTIONS]
    if len(exact) > 1 or not named:
        return None
    return named[0]


def answer_of(measures: Sequence[Measure], row: TruthRow) -> int | None:
    """Return the index of the measure that answers a row; None where it was not read, or several do."""
    right = np.flatnonzero(matching(measures, row))
    return int(right[0]) if len(right) == 1 else None


def noted_lines(rows: Iterable[TruthRow], scenes: Mapping[str, Scene], rater: LineRater) -> list[NotedLine]:
    """Return what to fit to: of rows of sides whose note names a direction, those that a line agrees with.

    Args:
        rows: The ground truth.
        scenes: Link -> what was observed in the picture.
        rater: Any; how it rates lines doesn't matter here.
    """
    found = (
        _noted_line(row, noted, scenes[row.image_link], rater)
        for row in rows
        if row.entity_name in SIDES and row.image_link in scenes and (noted := noted_direction(row.note))
    )
    return [line for line in found if line is not None]


def fit_line_rater(lines: Sequence[NotedLine], otherwise: LineRater) -> LineRater:
    """Fit the weights of the terms and of rivals: a conditional logit of which line is the measure's.

    Each line that agrees with the note may be the one. How probably a rival stands on a line depends on the
    weights, so that it is computed anew some times.

    Args:
        lines: What to fit to.
        otherwise: What to return where there are too few lines.
    """
    if len(lines) < _LEAST_LINES:
        return otherwise
    prior = np.array([*(_PRIOR[name] for name in TERMS), _RIVAL_PRIOR])
    fixed = np.array([name in _NOT_FITTED for name in (*TERMS, "rival")])
    weights = prior.copy()
    for _ in range(_ROUNDS):
        inputs = [line.inputs(_rater(weights)) for line in lines]

        def loss(free: FloatArray, inputs: Sequence[FloatArray] = inputs) -> tuple[float, FloatArray]:
            tried = weights.copy()
            tried[~fixed] = free
            off = free - prior[~fixed]
            value, slope = float(_PENALTY * (off**2).sum()), 2 * _PENALTY * off
            for line, own in zip(lines, inputs, strict=True):
                shares = softmax(own @ tried)
                right = shares * line.agreeing
                value -= np.log(right.sum())
                slope += (shares - right / right.sum()) @ own[:, ~fixed]
            return value, slope

        weights[~fixed] = minimize(loss, weights[~fixed], jac=True, method="L-BFGS-B").x
    return _rater(np.round(weights, _DECIMALS))


def cross_validated_share(lines: Sequence[NotedLine], otherwise: LineRater) -> float:
    """Return how often the best rated line agrees with the note, in pictures without part in the fit."""
    links = sorted({line.link for line in lines})
    parts = dict(zip(links, np.random.default_rng(0).integers(0, _PARTS, len(links)), strict=True))
    right = 0
    for part in range(_PARTS):
        rater = fit_line_rater([line for line in lines if parts[line.link] != part], otherwise)
        for line in lines:
            if parts[line.link] == part:
                rated = rater.rate(line.terms, line.numbers)[line.index]
                right += bool(line.agreeing[rated.argmax()])
    return right / len(lines)


def _rater(weights: FloatArray) -> LineRater:
    return LineRater(tuple(weights[:-1].tolist()), float(weights[-1]))


def _noted_line(row: TruthRow, noted: str, scene: Scene, rater: LineRater) -> NotedLine | None:
    """Return what to fit to; None where the answer wasn't read in one place, or no line agrees."""
    measures = MeasureSets(scene, rater).of(SIDES[0]).measures
    index = answer_of(measures, row)
    if index is None:
        return None
    x, y = (scene.dimension_lines.ends[:, 2:] - scene.dimension_lines.ends[:, :2]).T
    least, most = _TILTS[noted]
    tilt = np.degrees(np.arctan2(abs(y), abs(x)))
    agreeing = (tilt >= least) & (tilt <= most)
    if not agreeing.any():
        return None
    return NotedLine(
        row.image_link, index, numbers_of(measures), LineEvidence(scene, rater).terms(measures), agreeing
    )
