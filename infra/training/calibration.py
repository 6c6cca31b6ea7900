"""Calibrating confidence: from cross-validated ratings to the share of right answers."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression

from infra.training.cross_validation import best_quantity
from infra.training.examples import Example, is_contradicted
from infra.training.scoring import is_right
from tapeline.errors import GroundTruthError
from tapeline.picture import FloatArray
from tapeline.ranking.calibration import Calibration
from tapeline.ranking.priors import Priors

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


def calibrate_family(
    examples: Sequence[Example], ratings: Sequence[FloatArray], family: Sequence[str], priors: Priors
) -> Calibration:
    """Fit a family's curve on cross-validated ratings; a contradicted vote counts as wrong.

    Args:
        examples: The examples; those about other entities, or without a row of their own, are left out.
        ratings: Each one's, as :func:`~infra.training.cross_validation.cross_validate` returns them.
        family: Names of entities.
        priors: Which units and sizes each entity usually has.

    Raises:
        GroundTruthError: No example of the family has a measure.
    """
    rated: list[float] = []
    right: list[bool] = []
    for example, values in zip(examples, ratings, strict=True):
        best = best_quantity(example, values, priors)
        if example.entity not in family or example.row is None or best is None:
            continue
        quantity, rating = best
        rated.append(rating)
        right.append(not is_contradicted(example) and is_right(example.row, quantity))
    if not rated:
        raise GroundTruthError(
            f"expected rows of {', '.join(family)} on pictures with a quantity to choose, received none: "
            "add rows of at least one of them"
        )
    return calibrate(rated, right)
