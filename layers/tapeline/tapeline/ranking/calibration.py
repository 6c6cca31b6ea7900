"""Calibration: from ratings to probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A curve from ratings to probabilities, linear between its points and flat beyond them.

    Attributes:
        ratings: Ascending, shape (points,), float64.
        shares: The share of right answers at each, never falling, shape (points,), float64.
    """

    ratings: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    def confidence(self, rating: float) -> float:
        """Return how probably an answer with this rating is right, 0 to 1."""
        return float(np.interp(rating, self.ratings, self.shares))

    @classmethod
    def from_document(cls, document: Mapping[str, Sequence[float]]) -> Self:
        """Build a calibration from its JSON form."""
        return cls(np.array(document["ratings"]), np.array(document["shares"]))

    def to_document(self) -> dict[str, list[float]]:
        """Return the JSON form."""
        return {"ratings": self.ratings.tolist(), "shares": self.shares.tolist()}
