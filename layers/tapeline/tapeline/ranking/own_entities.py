"""Own entities: which of a picture's quantities answers an entity that a file defines.

What stands for a quantity is a short list of evidence: where the entity's words stand, how many others there
are, and what the trees that are trained for its kind think of it. A weight for each, and silence at 0, make
probabilities. The weights are chosen by hand, until ``tapeline train`` fits them to rows.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from tapeline.answers import Answer, RunnerUp
from tapeline.entities import KINDS, OwnEntity
from tapeline.picture import FloatArray
from tapeline.quantities import Quantity, find_new_quantities, plain_text, round_quantity, size_of
from tapeline.quantities.conversion import convert_quantity
from tapeline.ranking.candidates import Candidate, find_candidates
from tapeline.ranking.features import MeasureSet, compute_features
from tapeline.ranking.keywords import NO_KEYWORDS, WORDS_FOR, Keywords
from tapeline.ranking.line_evidence import LineEvidence
from tapeline.ranking.measures import combine
from tapeline.ranking.ranker import Ranker
from tapeline.ranking.words_beside import Caption, nearest_caption
from tapeline.reading.layout import is_left_in_row
from tapeline.reading.scene import PlacedLine, Scene

# Evidence on one quantity -> the weight that it has before training. Chosen by hand. ``bias`` is 1 for each;
# ``near``, ``in_line``, ``caption`` and ``table_row`` are 1 where a word of the entity stands beside the
# number, elsewhere in its line, in the caption, or in its row; ``elsewhere`` where only another quantity has
# one; ``rival`` where another own entity's word stands beside it, and ``otherwise`` one that names a side, a
# weight or the like, where none of its own does; ``alone`` and ``distinct`` where no other is of its kind,
# and where the kind is none that pictures are full of; ``others`` is the logarithm of one more than the
# others, ``likeness`` what the trees of its kind say, from -1 to 1, and ``range`` -1 and 1 at a range's ends.
OWN_EVIDENCE: Final[dict[str, float]] = {
    "bias": -2.0, "near": 4.0, "in_line": 2.0, "caption": 3.0, "table_row": 2.5, "elsewhere": -2.5,
    "rival": -2.5, "otherwise": -3.0, "alone": 1.0, "distinct": 1.5, "others": -0.4, "likeness": 0.5,
    "range": 0.3,
}  # fmt: skip

# What names another entity of the eight in a number's own line.
_OTHERWISE: Final[Keywords] = frozenset().union(*WORDS_FOR.values())

# The best quantity is answered where its probability is at least so many times that of silence; chosen by
# hand.
_ABSTAIN_RATIO: Final = 0.5

# Confidence at most where weights are chosen by hand. Chosen by hand too: on 40 pictures of cables and
# batteries (``make benchmark-own``) all 32 answers by words were right, but these are easy.
WORDS_CONFIDENCE: Final = 0.8

# Runners-up of an answer at most, as for the eight.
_RUNNERS_UP: Final = 2

# Log-odds of the trees at which ``likeness`` reaches three quarters. Chosen by hand.
_LIKENESS_SCALE: Final = 3.0


# Evidence of words -> 0 or 1.
type _Said = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OwnMeasures:
    """The quantities that could answer an own entity, with what speaks for each.

    Attributes:
        candidates: For each, the one that is read first of its units.
        evidence: Shape (candidates, :data:`OWN_EVIDENCE`), float64.
    """

    candidates: tuple[Candidate, ...]
    evidence: FloatArray


def choose_own(scene: Scene, entity: OwnEntity, others: Sequence[OwnEntity], ranker: Ranker) -> Answer:
    """Answer an own entity in a picture.

    Args:
        scene: The picture.
        entity: The entity.
        others: The own entities that are asked for with it; their words aren't its own.
        ranker: What the eight are trained with.
    """
    found = own_measures(scene, entity, others, ranker)
    probabilities = own_probabilities(found, entity)
    order = np.argsort(-probabilities[:-1], kind="stable")
    silence = float(probabilities[-1])
    most = 1.0 if entity.weights is not None else WORDS_CONFIDENCE
    rated = [
        (_quantity(found.candidates[index], entity), found.candidates[index], float(probabilities[index]))
        for index in order
    ]
    stated = min(1.0 - silence, most)
    if not rated or rated[0][2] < _ABSTAIN_RATIO * silence:
        return Answer(None, 0.0, stated, "", None, _runners_up(rated, None, most))
    quantity, candidate, probability = rated[0]
    confidence = min(probability, most)
    line = candidate.line
    runners_up = _runners_up(rated, quantity, most)
    return Answer(quantity, confidence, max(stated, confidence), line.text, line.box, runners_up)


def own_probabilities(found: OwnMeasures, entity: OwnEntity) -> FloatArray:
    """Return how probable each quantity is, and silence as the last; shape (candidates + 1,)."""
    weights = entity.weights if entity.weights is not None else tuple(OWN_EVIDENCE.values())
    scores = np.append(found.evidence @ np.array(weights), 0.0)
    powers = np.exp(scores - scores.max())
    probabilities: FloatArray = powers / powers.sum()
    return probabilities


def own_measures(scene: Scene, entity: OwnEntity, others: Sequence[OwnEntity], ranker: Ranker) -> OwnMeasures:
    """Find what could answer an own entity, and what speaks for each."""
    like = KINDS[entity.kind].like
    candidates = [
        candidate
        for candidate in _candidates(scene, entity)
        if entity.is_plausible(size_of(candidate.quantity))
    ]
    if not candidates:
        return OwnMeasures((), np.zeros((0, len(OWN_EVIDENCE))))
    likeness: Mapping[int, float] = {}
    if like:
        measures = combine(candidates)
        own = MeasureSet(measures, scene, LineEvidence(scene, ranker.line_rater))
        likeness = _likeness(own, like, ranker)
        candidates = [measure.first for measure in measures]
    words = _Words(scene, entity, others)
    said: list[_Said] = [words.of(candidate) for candidate in candidates]
    candidates, words_of, kept = _distinct(candidates, said)
    named = [any(own.values()) for own in words_of]
    rows = [
        [
            1.0,
            own["near"],
            own["in_line"],
            own["caption"],
            own["table_row"],
            float(any(named) and not is_named),
            float(words.is_rival(candidate) and not is_named),
            float(not own["near"] and not candidate.keywords.isdisjoint(_OTHERWISE)),
            float(len(candidates) == 1),
            float(not like),
            math.log1p(len(candidates) - 1),
            likeness.get(kept[index], 0.0),
            {"low": -1.0, None: 0.0, "high": 1.0}[candidate.found.range_bound],
        ]
        for index, (candidate, own, is_named) in enumerate(zip(candidates, words_of, named, strict=True))
    ]
    return OwnMeasures(tuple(candidates), np.array(rows))


def _candidates(scene: Scene, entity: OwnEntity) -> list[Candidate]:
    """Return the quantities in an entity's units: those that all entities share, or of a new kind."""
    if KINDS[entity.kind].like:
        return [c for c in find_candidates(scene) if c.quantity.unit in entity.units]
    found = [
        (line, quantity) for line in scene.lines for quantity in find_new_quantities(line.text, entity.units)
    ]
    return [
        Candidate(
            quantity.quantity,
            quantity,
            line,
            NO_KEYWORDS,
            NO_KEYWORDS,
            NO_KEYWORDS,
            line.bounds.x / max(scene.width, 1),
            line.bounds.y / max(scene.height, 1),
            order,
        )
        for order, (line, quantity) in enumerate(found)
    ]


def _distinct(
    candidates: Sequence[Candidate], said: Sequence[_Said]
) -> tuple[list[Candidate], list[_Said], list[int]]:
    """Put the candidates that state one quantity together: with the words of all, at the best named place."""
    places: dict[Quantity, list[int]] = {}
    for index, candidate in enumerate(candidates):
        places.setdefault(candidate.quantity, []).append(index)
    kept = [max(indexes, key=lambda index: sum(said[index].values())) for indexes in places.values()]
    words: list[_Said] = [
        {name: max(said[index][name] for index in indexes) for name in said[indexes[0]]}
        for indexes in places.values()
    ]
    return [candidates[index] for index in kept], words, kept


def _likeness(measures: MeasureSet, like: Sequence[str], ranker: Ranker) -> dict[int, float]:
    """Return what the trees that are trained for entities of a kind say of each measure, from -1 to 1."""
    ratings = [
        ranker.family(name).forest.evaluate(compute_features(measures, name, ranker.priors)) for name in like
    ]
    return {
        index: math.tanh(float(rating) / _LIKENESS_SCALE)
        for index, rating in enumerate(np.stack(ratings).max(axis=0))
    }


class _Words:
    """Where an entity's words stand in a picture."""

    def __init__(self, scene: Scene, entity: OwnEntity, others: Sequence[OwnEntity]) -> None:
        self._pattern = words_pattern(entity.words)
        rival = tuple(word for other in others for word in other.words if word not in entity.words)
        self._rival = words_pattern(rival)
        self._captions = [
            Caption(line, NO_KEYWORDS, ())
            for line in scene.lines
            if not line.quantities and self._pattern.search(line.plain) and not _has_number(line)
        ]

    def of(self, candidate: Candidate) -> dict[str, float]:
        """Return the evidence of words on a candidate."""
        line = candidate.line
        near = any(self._pattern.search(text) for text in _beside(candidate))
        caption = nearest_caption(line, self._captions)
        return {
            "near": float(near),
            "in_line": float(not near and self._pattern.search(plain_text(line.text)) is not None),
            "caption": float(caption is not None),
            "table_row": float(
                caption is None and any(is_left_in_row(other.line, line) for other in self._captions)
            ),
        }

    def is_rival(self, candidate: Candidate) -> bool:
        """Say whether another entity's words stand beside a candidate."""
        return any(self._rival.search(text) for text in _beside(candidate))


def _beside(candidate: Candidate) -> tuple[str, str]:
    """Return the texts before and after a number in its line, as far as the next number."""
    plain, found = plain_text(candidate.line.text), candidate.found
    before = re.split(r"[0-9]", plain[: found.start])[-1]
    after = re.split(r"[0-9]", plain[found.end :])[0]
    return before, after


def _has_number(line: PlacedLine) -> bool:
    return any(char.isdigit() for char in line.plain)


@cache
def words_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that finds any of some words in plain text; nothing where there are none."""
    if not words:
        return re.compile(r"(?!)")
    escaped = (r"[ ]?".join(map(re.escape, plain_text(word).split())) for word in words)
    return re.compile(rf"(?<![a-zß-ÿ])(?:{'|'.join(escaped)})s?(?![a-zß-ÿ])")


def _quantity(candidate: Candidate, entity: OwnEntity) -> Quantity:
    quantity = candidate.quantity
    return round_quantity(quantity if entity.unit is None else convert_quantity(quantity, entity.unit))


def _runners_up(
    rated: Sequence[tuple[Quantity, Candidate, float]], answered: Quantity | None, most: float
) -> tuple[RunnerUp, ...]:
    found: dict[Quantity, RunnerUp] = {}
    for quantity, candidate, probability in rated:
        if quantity != answered and quantity not in found:
            line = candidate.line
            found[quantity] = RunnerUp(quantity, min(probability, most), line.text, line.box)
    return tuple(found.values())[:_RUNNERS_UP]
