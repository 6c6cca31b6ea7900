"""Measures: the sizes in a picture, each printed in one unit or in several beside one another."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from tapeline.entities import SIDES
from tapeline.geometry import Bounds, bounds_of
from tapeline.quantities import Quantity, size
from tapeline.ranking.candidates import Candidate
from tapeline.ranking.keywords import (
    NO_KEYWORDS,
    OF_ANOTHER_THING,
    SIDE_KEYWORDS,
    Keyword,
    Keywords,
    is_of_another_thing,
)

# Entity -> what is larger is misread or meant otherwise, in the units of
# :data:`~tapeline.quantities.SIZE_BY_UNIT`: 100 metres, 20 tonnes, a load of 100 tonnes, 100 cubic metres,
# a megavolt, a megawatt. Chosen by hand.
LARGEST: Final[dict[str, float]] = {
    "width": 1e5, "height": 1e5, "depth": 1e5, "item_weight": 2e7, "maximum_weight_recommendation": 1e8,
    "item_volume": 1e8, "voltage": 1e6, "wattage": 1e6,
}  # fmt: skip

# Relative tolerance between two spellings of one size: 3.14 in for 8 cm, but also 4 in for 10 cm. Chosen by
# hand.
_SAME_SIZE_TOLERANCE: Final = 0.04

# Distance within which two units of one size stand, as a part of the picture's width. Chosen by hand.
_SAME_SPOT_X: Final = 0.15

# The same as a part of the picture's height. Chosen by hand.
_SAME_SPOT_Y: Final = 0.08


@dataclass(frozen=True, slots=True)
class Measure:
    """One size in a picture.

    Attributes:
        candidates: The units that it is printed in beside one another, in reading order; at least one.
        keywords: What its own lines say.
        captions: What the lines beside it say.
        table_rows: What the lines left in its rows say.
        bounds: Around its lines.
        letter_height: Of its largest letters, in pixels.
    """

    candidates: tuple[Candidate, ...]
    keywords: Keywords
    captions: Keywords
    table_rows: Keywords
    bounds: Bounds
    letter_height: float

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> Self:
        """Return the measure that candidates of one size make up."""
        return cls(
            candidates=tuple(candidates),
            keywords=NO_KEYWORDS.union(*(c.keywords for c in candidates)),
            captions=NO_KEYWORDS.union(*(c.caption for c in candidates)),
            table_rows=NO_KEYWORDS.union(*(c.table_row for c in candidates)),
            bounds=bounds_of(candidate.line.box for candidate in candidates),
            letter_height=max(candidate.line.letter_height for candidate in candidates),
        )

    @property
    def first(self) -> Candidate:
        """The candidate that is read first."""
        return self.candidates[0]

    @property
    def grouped(self) -> Candidate:
        """The candidate in the largest ``A x B x C`` group."""
        return max(self.candidates, key=lambda candidate: candidate.found.group_size)

    @property
    def side_keywords(self) -> Keywords:
        """What is said of it as a side: by its own line, else by its caption, else by its row."""
        another_thing = OF_ANOTHER_THING & self.table_rows
        for words in (self.keywords, self.captions, self.table_rows):
            if words & SIDE_KEYWORDS:
                return words | another_thing
        return self.keywords | (OF_ANOTHER_THING & (self.captions | self.table_rows))

    def has_quantity_of(self, other: "Measure") -> bool:
        """Say whether another measure gives the same quantity, in one of its units at least."""
        own = {candidate.quantity for candidate in self.candidates}
        return self is other or any(candidate.quantity in own for candidate in other.candidates)


def log_size(quantity: Quantity) -> float:
    """Return the decimal logarithm of a quantity's size, in the units of ``SIZE_BY_UNIT``."""
    return math.log10(min(max(size(quantity), 1e-9), 1e12))


def find_measures(candidates: Sequence[Candidate], entity: str) -> list[Measure]:
    """Combine the candidates that give one size in several units; implausible ones are left out.

    Args:
        candidates: A picture's candidates for the entity.
        entity: One of :data:`~tapeline.entities.UNITS_BY_ENTITY`.
    """
    return combine(candidate for candidate in candidates if not _is_implausible(candidate, entity))


def combine(candidates: Iterable[Candidate]) -> list[Measure]:
    """Combine the candidates that give one size in several units."""
    combined: list[list[Candidate]] = []
    for candidate in candidates:
        group = next((g for g in combined if all(_is_same_size(candidate, c) for c in g)), None)
        if group is None:
            combined.append([candidate])
        else:
            group.append(candidate)
    return [Measure.of(group) for group in combined]


def _is_same_size(a: Candidate, b: Candidate) -> bool:
    """Say whether two candidates give one size in two units."""
    if a.quantity.unit == b.quantity.unit:
        return False
    if abs(a.x - b.x) >= _SAME_SPOT_X or abs(a.y - b.y) >= _SAME_SPOT_Y:
        return False
    return abs(size(a.quantity) - size(b.quantity)) <= _SAME_SIZE_TOLERANCE * max(
        size(a.quantity), size(b.quantity)
    )


def _is_implausible(candidate: Candidate, entity: str) -> bool:
    """Say whether a candidate is absurdly large, a side of another thing, or the weight of a serving.

    Of the training rows' weights with such a word in their own line and none of a weight, 5 in 86 are right.
    """
    said = candidate.keywords
    if size(candidate.quantity) > LARGEST[entity] or (entity in SIDES and is_of_another_thing(said)):
        return True
    return entity == "item_weight" and Keyword.SERVING in said and Keyword.WEIGHT not in said
