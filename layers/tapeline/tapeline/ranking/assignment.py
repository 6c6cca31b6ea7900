"""Assignment: the measures of a picture are assigned to competing entities together.

Width, height and depth compete for a picture's lengths; own weight, load and volume for its weights and
ounces. An assignment gives each entity one measure or silence; its score adds up evidence on each choice and
on each pair of choices. The probabilities of all assignments are worked out exactly: a conditional random
field over at most three variables (Lafferty et al., "Conditional Random Fields", 2001), whose weights
``make train`` fits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, Final, Self

import numpy as np

from tapeline.entities import SIDES
from tapeline.picture import FloatArray
from tapeline.ranking.features import MeasureSet
from tapeline.ranking.keywords import Keyword, Keywords, is_of_another_thing, polarities
from tapeline.ranking.measures import Measure

# Evidence on one choice; all 0 for silence. ``rating`` is the trees' log-odds, ``stated`` 1 for each measure,
# ``measures`` and ``letters`` the logarithm of one more than their number, and than that of the letters in
# the measure's line; the others are 0 or 1: the only measure, one that a word names as the entity, as another
# one, and one that isn't named where another is.
CHOICE_EVIDENCE: Final = (
    "rating", "stated", "measures", "letters", "alone", "named", "named_otherwise", "named_elsewhere"
)  # fmt: skip

# Evidence on the choices of two entities, 0 or 1 each. ``same_...``: both are one measure; one that a word
# names as one of the two, one that is called a diameter, whose quantity is printed elsewhere too, the only
# one, or one of two. ``twin``: both are the same quantity, printed in two places. ``group...``: both are
# members of one A x B x C, the first entity's before the second's; only one of them is of a group.
# ``silent``: both are silence.
PAIR_EVIDENCE: Final = (
    "same", "same_named", "same_diameter", "same_repeated", "same_alone", "same_of_two", "twin", "group",
    "group_order", "group_of_one", "silent",
)  # fmt: skip

# The weights of :data:`CHOICE_EVIDENCE` that leave the ratings as they are, as log-odds against silence.
BY_RATING: Final = tuple(float(name == "rating") for name in CHOICE_EVIDENCE)

# The keywords that name one of two competing entities.
_NAMES: Final[Keywords] = frozenset(
    {Keyword.WIDTH, Keyword.HEIGHT, Keyword.DEPTH, Keyword.WEIGHT, Keyword.LOAD}
)

# Log-odds that ratings are cut off at, either way. Chosen by hand.
_MAX_RATING: Final = 10.0

# Measures that are assigned, the best rated ones; others have probability 0. Chosen by hand: of 2,600
# training pictures none has more, and time grows with their third power.
_MAX_ASSIGNED: Final = 24


@dataclass(frozen=True, slots=True)
class Assignment:
    """The weights by which competing entities are assigned measures.

    Attributes:
        entities: Their names; at most three.
        choice_weights: Entity -> weights of :data:`CHOICE_EVIDENCE`.
        pair_weights: Weights of :data:`PAIR_EVIDENCE`, for each two of the entities in the order of
            ``itertools.combinations``.
    """

    entities: tuple[str, ...]
    choice_weights: Mapping[str, Sequence[float]]
    pair_weights: Sequence[Sequence[float]]

    def probabilities(
        self, sets: Mapping[str, MeasureSet], ratings: Mapping[str, FloatArray]
    ) -> dict[str, FloatArray]:
        """Return how probable each choice is, in view of the choices of the other entities.

        Args:
            sets: Entity -> its measures.
            ratings: Entity -> log-odds of its measures, shape (measures,).

        Returns:
            Entity -> the probability of each measure, and of silence as the last, shape (measures + 1,).
        """
        kept = {name: _best_rated(name, sets, ratings) for name in self.entities}
        choices = [
            choice_evidence(sets[name], name, ratings[name], kept[name]) @ np.array(self.choice_weights[name])
            for name in self.entities
        ]
        # Two sides share their measures, so that all their pairs have the same evidence.
        evidence_of = cache(pair_evidence)
        pairs = [
            evidence_of(sets[a], sets[b], kept[a], kept[b]) @ np.array(weights)
            for (a, b), weights in zip(combinations(self.entities, 2), self.pair_weights, strict=True)
        ]
        marginals = choice_marginals(joint_scores(choices, pairs))
        found: dict[str, FloatArray] = {}
        for name, marginal in zip(self.entities, marginals, strict=True):
            found[name] = np.zeros(len(sets[name]) + 1)
            found[name][[*kept[name], -1]] = marginal
        return found

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Build an assignment from its JSON form.

        Raises:
            ValueError: It was trained with other evidence.
        """
        if document["evidence"] != [*CHOICE_EVIDENCE, *PAIR_EVIDENCE]:
            raise ValueError(
                f"expected weights of this version's evidence, received {document['evidence']}: train the "
                "ranker again with make train"
            )
        return cls(tuple(document["entities"]), document["choice_weights"], document["pair_weights"])

    def to_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "entities": list(self.entities),
            "evidence": [*CHOICE_EVIDENCE, *PAIR_EVIDENCE],
            "choice_weights": {name: list(weights) for name, weights in self.choice_weights.items()},
            "pair_weights": [list(weights) for weights in self.pair_weights],
        }


def choice_evidence(
    measure_set: MeasureSet, entity: str, ratings: FloatArray, kept: Sequence[int]
) -> FloatArray:
    """Return the evidence on each choice of one entity.

    Args:
        measure_set: The entity's measures.
        entity: Its name.
        ratings: Log-odds of the measures, shape (measures,).
        kept: Indexes of the measures to choose from.

    Returns:
        Shape (kept + 1, :data:`CHOICE_EVIDENCE`); the last row is silence.
    """
    evidence = np.zeros((len(kept) + 1, len(CHOICE_EVIDENCE)))
    said = [_polarities(measure_set.keywords[index], entity) for index in kept]
    is_named = any(own[0] for own in said)
    for row, (index, (speaks_for, speaks_against)) in enumerate(zip(kept, said, strict=True)):
        evidence[row] = [
            min(max(ratings[index], -_MAX_RATING), _MAX_RATING),
            1.0,
            np.log1p(len(measure_set)),
            np.log1p(measure_set.columns["letters"][index]),
            len(measure_set) == 1,
            speaks_for,
            speaks_against and not speaks_for,
            is_named and not speaks_for,
        ]
    return evidence


def pair_evidence(
    first: MeasureSet, second: MeasureSet, first_kept: Sequence[int], second_kept: Sequence[int]
) -> FloatArray:
    """Return the evidence on each two choices of two entities.

    Args:
        first: The measures of one entity.
        second: The measures of the other.
        first_kept: Indexes of the measures to choose from.
        second_kept: The same for the other.

    Returns:
        Shape (first + 1, second + 1, :data:`PAIR_EVIDENCE`); the last row and column are silence.
    """
    evidence = np.zeros((len(first_kept) + 1, len(second_kept) + 1, len(PAIR_EVIDENCE)))
    count = max(len(first_kept), len(second_kept))
    for row, i in enumerate(first_kept):
        for column, j in enumerate(second_kept):
            if _is_same(first.measures[i], second.measures[j]):
                values = _of_same(first, i, count)
            else:
                values = _of_two(first.measures[i], second.measures[j])
            for name, value in values.items():
                evidence[row, column, PAIR_EVIDENCE.index(name)] = value
    evidence[-1, -1, PAIR_EVIDENCE.index("silent")] = 1.0
    return evidence


def joint_scores(choices: Sequence[FloatArray], pairs: Sequence[FloatArray]) -> FloatArray:
    """Add up the scores of every assignment.

    Args:
        choices: For each entity the scores of its choices, shape (choices,).
        pairs: For each two entities, in the order of ``itertools.combinations``, those of their choices.

    Returns:
        One axis for each entity.
    """
    axes = len(choices)
    total = np.zeros([len(scores) for scores in choices])
    for axis, scores in enumerate(choices):
        total = total + np.expand_dims(scores, tuple(a for a in range(axes) if a != axis))
    for (i, j), scores in zip(combinations(range(axes), 2), pairs, strict=True):
        total = total + np.expand_dims(scores, tuple(a for a in range(axes) if a not in {i, j}))
    return total


def choice_marginals(scores: FloatArray) -> list[FloatArray]:
    """Return the probabilities of each entity's choices, from the scores of all assignments."""
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    return [sum_over_others(weights, axis) for axis in range(scores.ndim)]


def sum_over_others(table: FloatArray, *kept: int) -> FloatArray:
    """Sum a table of all assignments over the axes of all entities but those that are kept."""
    summed: FloatArray = table.sum(axis=tuple(axis for axis in range(table.ndim) if axis not in kept))
    return summed


def _best_rated(
    name: str, sets: Mapping[str, MeasureSet], ratings: Mapping[str, FloatArray]
) -> tuple[int, ...]:
    """Return the indexes, ascending, of the measures that any entity with the same measures rates best."""
    best = np.stack([ratings[other] for other in sets if sets[other] is sets[name]]).max(axis=0)
    return tuple(sorted(np.argsort(-best, kind="stable")[:_MAX_ASSIGNED].tolist()))


def _polarities(said: Keywords, entity: str) -> tuple[bool, bool]:
    """Say whether words name a measure as an entity, and whether as another one.

    A word that names a side of another thing, such as the width of a package, names none of the product's.
    """
    speaks_for, speaks_against = polarities(said, entity)
    return speaks_for and not (entity in SIDES and is_of_another_thing(said)), speaks_against


def _of_same(measure_set: MeasureSet, index: int, count: int) -> dict[str, float]:
    """Return the evidence on one measure, of so many, as both entities."""
    words = measure_set.keywords[index]
    return {
        "same": 1.0,
        "same_named": not words.isdisjoint(_NAMES),
        "same_diameter": Keyword.DIAMETER in words,
        "same_repeated": measure_set.columns["repeats"][index] > 1,
        "same_alone": count == 1,
        "same_of_two": count == 2,
    }


def _of_two(first: Measure, second: Measure) -> dict[str, float]:
    """Return what isn't 0 of the evidence on two measures."""
    values = {"twin": 1.0} if first.has_quantity_of(second) else {}
    a, b = first.grouped, second.grouped
    sizes = a.found.group_size, b.found.group_size
    if a.line is b.line and sizes[0] > 1 and sizes[0] == sizes[1]:
        values |= {"group": 1.0, "group_order": float(a.found.member < b.found.member)}
    elif (sizes[0] > 1) != (sizes[1] > 1):
        values["group_of_one"] = 1.0
    return values


def _is_same(first: Measure, second: Measure) -> bool:
    """Say whether two measures are one printed place."""
    if first is second:
        return True
    orders = {candidate.order for candidate in first.candidates}
    return any(candidate.order in orders for candidate in second.candidates)
