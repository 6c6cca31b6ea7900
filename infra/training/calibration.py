"""Calibrating confidence: from cross-validated probabilities to the share of right answers."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression

from infra.training.abstaining import ABSTAIN_RATIO
from infra.training.cross_validation import CrossValidation
from infra.training.examples import Example, is_contradicted, is_read_by_eye, match_mask
from infra.training.ground_truth import TruthRow
from tapeline.entities import SIDES, UNITS_BY_ENTITY
from tapeline.errors import GroundTruthError
from tapeline.ranking.calibration import Calibration
from tapeline.ranking.ranker import Decision, log_odds

# Entities that share their curves: depth and load are right less often at the same rating.
CALIBRATED_TOGETHER: Final = (
    ("width", "height"),
    ("depth",),
    ("maximum_weight_recommendation",),
    tuple(name for name in UNITS_BY_ENTITY if name not in {*SIDES, "maximum_weight_recommendation"}),
)

# Points of a curve at most. Chosen by hand.
_POINTS: Final = 40

# Answers that make up a point at least, where there are so many. Chosen by hand.
_MIN_ANSWERS: Final = 5

# Decimals of a rating in the artefact.
_RATING_DECIMALS: Final = 3

# Decimals of a share in the artefact.
_SHARE_DECIMALS: Final = 4


def calibrate(ratings: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Fit the curve from ratings to shares of right answers by isotonic regression.

    Answers of about the same rating are grouped; neighbouring groups whose shares would fall are pooled.

    Args:
        ratings: Of answers that were cross-validated, in log-odds; at least one.
        right: Whether each was right.
    """
    rated, was_right = np.array(ratings, np.float64), np.array(right, np.float64)
    order = np.argsort(rated, kind="stable")
    groups = np.array_split(order, min(_POINTS, max(1, len(order) // _MIN_ANSWERS)))
    sizes = np.array([len(group) for group in groups], np.float64)
    means = np.array([rated[group].mean() for group in groups])
    # Half an answer each way, so that a small group of right answers isn't certain.
    shares = np.array([(was_right[group].sum() + 0.5) / (len(group) + 1) for group in groups])
    fitted = isotonic_regression(shares, weights=sizes).x
    # Where the residuals add up to nothing, a pool ends; equal neighbours keep a point each.
    residuals = np.cumsum(sizes * (shares - fitted))
    ends = np.flatnonzero(np.isclose(residuals, 0.0)) + 1
    pools = np.split(np.arange(len(groups)), ends[ends < len(groups)])
    return Calibration(
        np.array([round(np.average(means[p], weights=sizes[p]).item(), _RATING_DECIMALS) for p in pools]),
        np.array([round(fitted[p[0]].item(), _SHARE_DECIMALS) for p in pools]),
    )


def calibrate_decisions(found: CrossValidation) -> dict[str, Decision]:
    """Fit the curves of each entity on what was cross-validated.

    Entities of one of :data:`CALIBRATED_TOGETHER` share theirs; those without a row of their own take the
    curves of all entities. They are calibrated on rows that were read by eye, since votes are easy and never
    silent; but for sides, on the others where nobody read any. Those count as stated where a right answer
    was read.

    Args:
        found: The examples and what is chosen in them.

    Raises:
        GroundTruthError: No example has a row.
    """
    usable = [
        index
        for index, example in enumerate(found.examples)
        if example.row is not None and _is_calibrated_on(example, example.row)
    ]
    if not usable:
        raise GroundTruthError(
            "expected rows of the train split on pictures that could be observed, received none: add rows"
        )
    decisions: dict[str, Decision] = {}
    for names in CALIBRATED_TOGETHER:
        own = [index for index in usable if found.examples[index].entity in names]
        indexes = [index for index in own if _has_read_row(found.examples[index])] or own or usable
        confidence, stated = _confidence(found, indexes), _stated(found, indexes)
        for name in names:
            decisions[name] = Decision(confidence, stated, ABSTAIN_RATIO)
    return decisions


def _confidence(found: CrossValidation, indexes: Sequence[int]) -> Calibration:
    """Return the curve from the best measure's log-odds to the share of right ones."""
    with_best = [(index, best) for index in indexes if (best := found.best(index)) is not None]
    return calibrate(
        # Without any measure nothing is answered, so that one point at 0 is enough.
        [log_odds(float(found.probabilities[index][best])) for index, best in with_best] or [0.0],
        [found.is_best_right(i) and not is_contradicted(found.examples[i]) for i, _ in with_best] or [False],
    )


def _stated(found: CrossValidation, indexes: Sequence[int]) -> Calibration:
    """Return the curve from the log-odds of all measures to the share of rows whose picture states them."""
    return calibrate(
        [log_odds(float(1.0 - found.probabilities[index][-1])) for index in indexes],
        [_is_stated(found.examples[index]) for index in indexes],
    )


def _is_calibrated_on(example: Example, row: TruthRow) -> bool:
    return example.entity not in SIDES or is_read_by_eye(row)


def _has_read_row(example: Example) -> bool:
    return example.row is not None and is_read_by_eye(example.row)


def _is_stated(example: Example) -> bool:
    row = example.row
    if row is None or row.says_nothing:
        return False
    return is_read_by_eye(row) or bool(match_mask(example, row).any())
