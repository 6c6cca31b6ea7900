"""Line ratings: how well each drawn line suits each measure, and which line each number owns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tapeline.picture import FloatArray
from tapeline.ranking.measures import Measure

# What a pair of a measure and a line is rated by. ``gap``: letter heights from the text to the line, at most
# 1.5; ``far``: letter heights beyond these, at most 9 in all; ``off_centre``: lengths of the line from its
# middle to where the text stands, at most 0.5; ``off_centre_letters``: the same in letter heights, at most 4;
# ``log_length``: natural logarithm of the length as a part of the picture's longer side; ``broken``: the text
# interrupts the line; ``parallel``: the text runs along it; ``outside``: its middle lies outside the
# product's outline; ``stroke`` and ``marked``: see :class:`~tapeline.reading.scene.DimensionLines`.
TERMS: Final = (
    "gap", "far", "off_centre", "off_centre_letters", "log_length", "stroke", "broken", "parallel", "outside",
    "marked",
)  # fmt: skip

# Rating of a line from which it is more probably a measure's than not. Chosen by hand: of 100 lines that
# readers named 98 are rated higher.
_EVEN_RATING: Final = -2.0

# Rating below which a line is no measure's own. Chosen by hand: one in ten.
_LEAST_RATING: Final = _EVEN_RATING - 2.2

# Lines of a number, the best rated ones, that it may own. Chosen by hand.
_MAX_CHOICE: Final = 6


@dataclass(frozen=True, slots=True)
class LineRater:
    """Rates lines by weights that ``make train`` fits to the lines that readers named.

    Attributes:
        weights: Of each of :data:`TERMS`, in log-odds.
        rival_weight: Of how probably another number stands on the line.
    """

    weights: Sequence[float]
    rival_weight: float

    def rate(self, terms: FloatArray, numbers: npt.NDArray[np.int_]) -> FloatArray:
        """Rate each pair of a measure and a line.

        Args:
            terms: From :meth:`~tapeline.ranking.line_evidence.LineEvidence.terms`, shape (measures, lines,
                :data:`TERMS`), at least one of each.
            numbers: The index of each measure's number, from 0 without gaps; measures of one number, such as
                the members of ``30 x 20 cm``, aren't rivals. Shape (measures,).

        Returns:
            Log-odds up to a constant, shape (measures, lines).
        """
        ratings = terms @ np.array(self.weights)
        rated: FloatArray = ratings + self.rival_weight * rival_shares(ratings, numbers)
        return rated

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Build a rater from its JSON form.

        Raises:
            ValueError: It was trained with other terms.
        """
        if document["terms"] != list(TERMS):
            raise ValueError(
                f"expected weights of the terms of this version, received {document['terms']}: train the "
                "ranker again with make train"
            )
        return cls(document["weights"], document["rival_weight"])

    def to_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"terms": list(TERMS), "weights": list(self.weights), "rival_weight": self.rival_weight}


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
