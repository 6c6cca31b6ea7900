"""Line ratings: how well each drawn line suits each measure, and which line each number owns."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tapeline.picture import FloatArray
from tapeline.ranking.measures import Measure

# What a pair of a measure and a line is rated by -> its weight, in log-odds. Fitted to the lines that readers
# named in notes on 440 training pictures: ``python -m benchmarks.dimension_lines --fit``.
TERMS: Final[dict[str, float]] = {
    # Letter heights from the text to the line, at most 1.5.
    "gap": -1.14,
    # Letter heights beyond these, at most 9 in all. Chosen by hand: a note always names a line, so that it
    # can't be fitted when there is none.
    "far": -0.6,
    # Lengths of the line from its middle to where the text stands, at most 0.5.
    "off_centre": -0.75,
    # The same in letter heights, at most 4.
    "off_centre_letters": -1.15,
    # Natural logarithm of the length as a part of the picture's longer side.
    "log_length": 0.68,
    "stroke": 1.22,
    # The text interrupts the line.
    "broken": 1.16,
    # The text runs along the line.
    "parallel": 0.74,
    # The line's middle lies outside the product's outline.
    "outside": 0.91,
    "marked": 1.17,
}

# Weight of how probably another number stands on the line. Fitted as above.
RIVAL_WEIGHT: Final = -2.88

# Rating of a line from which it is more probably a measure's than not. Chosen by hand: of 100 lines that
# readers named 98 are rated higher.
_EVEN_RATING: Final = -2.0

# Rating below which a line is no measure's own. Chosen by hand: one in ten.
_LEAST_RATING: Final = _EVEN_RATING - 2.2

# Lines of a number, the best rated ones, that it may own. Chosen by hand.
_MAX_CHOICE: Final = 6


def rate_pairs(terms: FloatArray, numbers: npt.NDArray[np.int_]) -> FloatArray:
    """Rate each pair of a measure and a line.

    Args:
        terms: From :meth:`~tapeline.ranking.line_evidence.LineEvidence.terms`, shape (measures, lines,
            :data:`TERMS`), at least one of each.
        numbers: The index of each measure's number, from 0 without gaps; measures of one number, such as the
            members of ``30 x 20 cm``, aren't rivals. Shape (measures,).

    Returns:
        Log-odds up to a constant, shape (measures, lines).
    """
    ratings = terms @ np.array(list(TERMS.values()))
    rated: FloatArray = ratings + RIVAL_WEIGHT * rival_shares(ratings, numbers)
    return rated


def line_shares(ratings: FloatArray) -> FloatArray:
    """Return how probably each line is the one of each measure, if any is; shape (measures, lines)."""
    shares: FloatArray = np.exp(ratings - ratings.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def rival_shares(ratings: FloatArray, numbers: npt.NDArray[np.int_]) -> FloatArray:
    """Return how probably each line belongs to another number than the measure's, shape (measures, lines)."""
    shares = line_shares(ratings)
    of_number = np.zeros((int(numbers.max()) + 1, ratings.shape[1]))
    np.maximum.at(of_number, numbers, shares)
    if len(of_number) == 1:
        return np.zeros_like(ratings)
    second, first = np.partition(of_number, -2, axis=0)[-2:]
    rivals: FloatArray = np.where(of_number >= first, second, first)[numbers]
    return rivals


def numbers_of(measures: Sequence[Measure]) -> npt.NDArray[np.int_]:
    """Return the index of the text line in which each measure's number stands."""
    lines: dict[int, int] = {}
    return np.array([lines.setdefault(id(m.first.line), len(lines)) for m in measures], int)


def assign_lines(ratings: FloatArray, numbers: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    """Give each number a line of its own, the best rated pairs first.

    Returns:
        The index of each measure's line, -1 for none, shape (measures,).
    """
    of_number = np.full((int(numbers.max()) + 1, ratings.shape[1]), -np.inf)
    np.maximum.at(of_number, numbers, ratings)
    owned = np.full(len(of_number), -1)
    best = np.argsort(-of_number, axis=1, kind="stable")[:, :_MAX_CHOICE]
    rated = np.take_along_axis(of_number, best, axis=1)
    taken: set[int] = set()
    for pair in np.argsort(-rated, axis=None, kind="stable").tolist():
        number, choice = divmod(pair, best.shape[1])
        line = int(best[number, choice])
        if rated[number, choice] < _LEAST_RATING:
            break
        if owned[number] < 0 and line not in taken:
            owned[number] = line
            taken.add(line)
    return owned[numbers]


def probability_of(ratings: FloatArray) -> FloatArray:
    """Return how probably lines of these ratings are a measure's."""
    probabilities: FloatArray = 1 / (1 + np.exp(np.clip(_EVEN_RATING - ratings, -50, 50)))
    return probabilities
