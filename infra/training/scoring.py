"""The challenge's score: precision, recall and F1."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from infra.training.ground_truth import TruthRow
from tapeline.answers import Answer
from tapeline.quantities import Quantity, round_quantity

# What a prediction counts as: a true or false positive, or a false or true negative.
type Outcome = Literal["tp", "fp", "fn", "tn"]

# Resamples of an interval. Chosen by hand: its ends then vary by about 0.002.
_RESAMPLES: Final = 2000

# Percentiles of the resamples that bound an interval: 95 % lie between them.
_PERCENTILES: Final = (2.5, 97.5)

# Bins of probability, of equal width, in which said and true shares are compared.
_BINS: Final = 10


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """A row with its answer and what that counts as."""

    row: TruthRow
    answer: Answer
    outcome: Outcome

    @property
    def is_wrong(self) -> bool:
        """Whether the answer lowers the score."""
        return self.outcome in {"fp", "fn"}


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of outcomes, with the figures made of them."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def rows(self) -> int:
        """The number of scored rows."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> float:
        """The share of right predictions among those that aren't empty; 0 without a right one."""
        return self.tp / (self.tp + self.fp) if self.tp else 0.0

    @property
    def recall(self) -> float:
        """The share of right predictions among right and wrongly empty ones; 0 without a right one."""
        return self.tp / (self.tp + self.fn) if self.tp else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self.tp else 0.0


def outcome(row: TruthRow, quantity: Quantity | None) -> Outcome:
    """Say what a prediction counts as.

    A wrong one is a false positive, and so is any where the picture doesn't say; an empty one is a false
    negative where the picture says.

    Args:
        row: The row that is answered.
        quantity: The prediction; None for an empty one.
    """
    if quantity is None:
        return "tn" if row.says_nothing else "fn"
    return "tp" if is_right(row, quantity) else "fp"


def is_right(row: TruthRow, quantity: Quantity) -> bool:
    """Say whether a quantity, rounded as it would be written, is among a row's right answers."""
    return round_quantity(quantity) in row.answers


def scores(outcomes: Iterable[tuple[str, Outcome]]) -> dict[str, Score]:
    """Return the score of each kind of rows, and of ``all`` first.

    Args:
        outcomes: For each row its kind, such as its entity, and its outcome.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for kind, result in outcomes:
        counts["all"][result] += 1
        counts[kind][result] += 1
    return {
        kind: Score(count["tp"], count["fp"], count["fn"], count["tn"])
        for kind, count in sorted(counts.items(), key=lambda item: (item[0] != "all", item[0]))
    }


def f1_interval(outcomes: Sequence[tuple[str, Outcome]]) -> tuple[float, float]:
    """Return the 95 % interval of F1, by bootstrap: whole pictures are drawn, since their rows are alike.

    Args:
        outcomes: For each row the link of its picture, and its outcome; at least one.
    """
    links = sorted({link for link, _ in outcomes})
    row_of = {link: index for index, link in enumerate(links)}
    # Twice the right ones, and what the F1 divides them by.
    sums = np.zeros((len(links), 2))
    for link, result in outcomes:
        right, wrong = 2.0 * (result == "tp"), float(result in {"fp", "fn"})
        sums[row_of[link]] += [right, right + wrong]
    drawn = np.random.default_rng(0).integers(0, len(links), (_RESAMPLES, len(links)))
    above, below = sums[drawn].sum(axis=1).T
    low, high = np.percentile(above / np.maximum(below, 1.0), _PERCENTILES)
    return float(low), float(high)


def calibration_error(probabilities: Sequence[float], came_true: Sequence[bool]) -> float:
    """Return the expected calibration error: how far probabilities are from what came true, on average.

    Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015.

    Args:
        probabilities: What was said, 0 to 1 each.
        came_true: Whether it was so.

    Returns:
        The mean over ten bins of equal width, weighted by their rows, of the difference between the mean
        probability and the share that came true; 0 without any.
    """
    said, true = np.array(probabilities, np.float64), np.array(came_true, np.float64)
    bins = np.minimum((said * _BINS).astype(int), _BINS - 1)
    differences = [abs((said[bins == b] - true[bins == b]).sum()) for b in range(_BINS)]
    return float(np.sum(differences) / max(len(said), 1))
