"""The challenge's score: precision, recall and F1."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from infra.training.ground_truth import TruthRow
from tapeline.quantities import Quantity, round_quantity
from tapeline.ranking.choosing import Answer

# What a prediction counts as: a true or false positive, or a false or true negative.
type Outcome = Literal["tp", "fp", "fn", "tn"]


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
