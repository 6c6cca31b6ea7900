"""Measures: the sizes in a picture, each printed in one unit or in several beside one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tapeline.quantities import size
from tapeline.ranking.candidates import Candidate, Keyword

LARGEST: Final[dict[str, float]] = {
    "width": 1e5, "height": 1e5, "depth": 1e5, "item_weight": 2e7, "maximum_weight_recommendation": 1e8,
    "item_volume": 1e8, "voltage": 1e6, "wattage": 1e6,
}  # fmt: skip
"""Entity -> what is larger is misread or meant otherwise, in the units of
:data:`~tapeline.quantities.SIZE_BY_UNIT`: 100 metres, 20 tonnes, a load of 100 tonnes, 100 cubic metres, a
megavolt, a megawatt."""

_ROUNDING: Final = 0.04
"""By what part two spellings of one size may differ: 3.14 in for 8 cm, but also 4 in for 10 cm."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One size in a picture.

    Attributes:
        candidates: The units that it is printed in beside one another, in reading order; at least one.
    """

    candidates: tuple[Candidate, ...]

    @property
    def first(self) -> Candidate:
        """The one that is read first."""
        return self.candidates[0]

    @property
    def keywords(self) -> frozenset[Keyword]:
        """What its own lines say."""
        return frozenset[Keyword]().union(*(c.keywords for c in self.candidates))

    @property
    def labels(self) -> frozenset[Keyword]:
        """What the lines beside it say."""
        return frozenset[Keyword]().union(*(c.label for c in self.candidates))


def _same_measure(a: Candidate, b: Candidate) -> bool:
    """Say whether two candidates give one size in two units."""
    if a.quantity.unit == b.quantity.unit or abs(a.x - b.x) >= 0.15 or abs(a.y - b.y) >= 0.08:
        return False
    return abs(size(a.quantity) - size(b.quantity)) <= _ROUNDING * max(size(a.quantity), size(b.quantity))


def _is_decoy(candidate: Candidate) -> bool:
    """Say whether a candidate is absurdly large, or the weight of a nutrient or a serving.

    Of the training rows' weights with such a word in their own line and none of a weight, 5 in 86 are right.
    """
    if size(candidate.quantity) > LARGEST[candidate.entity]:
        return True
    said = candidate.keywords
    return candidate.entity == "item_weight" and Keyword.SERVING in said and Keyword.WEIGHT not in said


def find_measures(candidates: Sequence[Candidate]) -> list[Measure]:
    """Put together the candidates that give one size in several units; decoys are left out."""
    groups: list[list[Candidate]] = []
    for candidate in candidates:
        if _is_decoy(candidate):
            continue
        group = next((g for g in groups if all(_same_measure(candidate, c) for c in g)), None)
        if group is None:
            groups.append([candidate])
        else:
            group.append(candidate)
    return [Measure(tuple(group)) for group in groups]
