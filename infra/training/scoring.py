"""The challenge's score: precision, recall and F1."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from infra.training.labels import LabelledRow
from tapeline.quantities import Quantity

type Outcome = Literal["tp", "fp", "fn", "tn"]


def outcome(row: LabelledRow, quantity: Quantity | None) -> Outcome:
    """Say what a prediction counts as.

    A wrong one is a false positive, and so is any where the picture doesn't say; an empty one is a false
    negative where the picture says.
    """
    if quantity is None:
        return "tn" if row.silent else "fn"
    return "tp" if is_right(row, quantity) else "fp"


def is_right(row: LabelledRow, quantity: Quantity) -> bool:
    """Say whether a quantity is among a row's right answers."""
    return Quantity(round(quantity.value, 4).normalize(), quantity.unit) in row.answers


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of outcomes, with the figures made of them."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def rows(self) -> int:
        """How many rows were scored."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> float:
        """Right ones among the predictions."""
        return self.tp / (self.tp + self.fp) if self.tp else 0.0

    @property
    def recall(self) -> float:
        """Right ones among right ones and silences that weren't."""
        return self.tp / (self.tp + self.fn) if self.tp else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self.tp else 0.0


def scores(outcomes: Iterable[tuple[str, Outcome]]) -> dict[str, Score]:
    """Return the score of each kind of rows, and of ``all`` first."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for kind, result in outcomes:
        counts["all"][result] += 1
        counts[kind][result] += 1
    return {
        kind: Score(count["tp"], count["fp"], count["fn"], count["tn"])
        for kind, count in sorted(counts.items(), key=lambda item: (item[0] != "all", item[0]))
    }


def table(title: str, rows: Mapping[str, Score]) -> str:
    """Return scores as lines of text."""
    lines = [f"{title:32s} rows     P     R    F1    tp   fp   fn   tn"]
    lines += [
        f"{kind:32s} {s.rows:4d} {s.precision:.3f} {s.recall:.3f} {s.f1:.3f}  "
        f"{s.tp:4d} {s.fp:4d} {s.fn:4d} {s.tn:4d}"
        for kind, s in rows.items()
    ]
    return "\n".join(lines)
