"""Calibration: from ratings to probabilities."""

from dataclasses import dataclass

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
