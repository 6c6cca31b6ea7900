"""Choosing an answer for each entity among what is printed in a picture.

The rule is a plain sum of evidence. Its weights were set by hand on labelled pictures of the challenge.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from tapeline.candidates import Candidate, Keyword, find_candidates
from tapeline.picture import Box, TextLine
from tapeline.quantities import format_quantity


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """A quantity that wasn't answered, but could have been.

    Attributes:
        prediction: ``NUMBER UNIT``, other than the answer's and every other runner-up's.
        confidence: From 0 to 1, like :attr:`Answer.confidence`.
        text: The line that it was read from.
        box: That line's corners, in pixels of the original picture.
    """

    prediction: str
    confidence: float
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered for one entity of one picture.

    Attributes:
        prediction: ``NUMBER UNIT``; empty where the picture doesn't say.
        confidence: From 0 to 1; 0 where the prediction is empty. It orders answers, and is no probability.
        text: The line that it was read from; empty where the prediction is.
        box: That line's corners, in pixels of the original picture; None where the prediction is empty.
        runners_up: The next best, best first; at most :data:`RUNNERS_UP`. Silence can have some too.
    """

    prediction: str
    confidence: float
    text: str
    box: Box | None
    runners_up: tuple[RunnerUp, ...] = ()


RUNNERS_UP: Final = 2
"""How many runners-up come with an answer."""


SILENT: Final = Answer(prediction="", confidence=0.0, text="", box=None)
"""The answer where the picture doesn't say."""

SIDE_NAMES: Final = ("width", "height", "depth")
"""The entities that are lengths of the same product, and so compete for its measures."""

_DEPTH_IS_WIDTH: Final = 0.7
_DEPTH_IS_HEIGHT: Final = 1.0
# What speaks against answering depth with the measure chosen for another side.

_SILENT_BELOW: Final[dict[str, float]] = {
    "width": -1.0, "height": -1.0, "depth": -1.0,
    "item_weight": 0.0, "maximum_weight_recommendation": 0.0, "item_volume": 0.0,
    "voltage": -3.0, "wattage": -3.0,
}  # fmt: skip
"""Evidence below which an answer is left out."""

# How much a keyword speaks for an entity (above zero) or against it; what isn't listed is _OFF_TOPIC.
_OFF_TOPIC: Final = -2.0
_LABEL: Final = 0.7
# A label beside the number counts that much of a word in its own line: it may be another's.
_WEIGHT_BY_KEYWORD: Final[dict[str, dict[Keyword, float]]] = {
    "width": {
        Keyword.WIDTH: 6, Keyword.DIAMETER: 1, Keyword.LENGTH: -1, Keyword.HEIGHT: -4, Keyword.DEPTH: -4
    },
    "height": {
        Keyword.HEIGHT: 6, Keyword.LENGTH: -1, Keyword.DIAMETER: -3, Keyword.WIDTH: -4, Keyword.DEPTH: -4
    },
    "depth": {
        Keyword.DEPTH: 6, Keyword.LENGTH: 2, Keyword.DIAMETER: 2, Keyword.WIDTH: -2, Keyword.HEIGHT: -4
    },
    "item_weight": {
        Keyword.WEIGHT: 3, Keyword.POWER: 0, Keyword.VOLUME: 0, Keyword.PACKAGE: -1, Keyword.LOAD: -3
    },
    "maximum_weight_recommendation": {Keyword.LOAD: 4, Keyword.VOLUME: 0, Keyword.WEIGHT: -1},
    "item_volume": {Keyword.VOLUME: 2, Keyword.LOAD: 0, Keyword.WEIGHT: 1},
    "voltage": {Keyword.VOLTAGE: 2, Keyword.INPUT: 1, Keyword.OUTPUT: -1, Keyword.POWER: 0, Keyword.LOAD: 0},
    "wattage": {Keyword.POWER: 2, Keyword.INPUT: 1, Keyword.OUTPUT: 0, Keyword.LOAD: 0, Keyword.VOLTAGE: 0},
}  # fmt: skip

_UNLIKELY: Final = frozenset({"microgram", "milligram", "gram", "ounce"})
"""Units in which loads are seldom given, and contents and weights are."""

# In millimetres, grams, millilitres, volts or watts.
_SIZE: Final[dict[str, float]] = {
    "millimetre": 1.0, "centimetre": 10.0, "metre": 1000.0, "inch": 25.4, "foot": 304.8, "yard": 914.4,
    "microgram": 1e-6, "milligram": 1e-3, "gram": 1.0, "kilogram": 1000.0, "ton": 1e6,
    "ounce": 28.3495, "pound": 453.592,
    "microlitre": 1e-3, "millilitre": 1.0, "centilitre": 10.0, "decilitre": 100.0, "litre": 1000.0,
    "fluid ounce": 29.5735, "cubic inch": 16.3871, "cup": 236.588, "pint": 473.176, "quart": 946.353,
    "gallon": 3785.41, "imperial gallon": 4546.09, "cubic foot": 28316.8,
    "millivolt": 1e-3, "volt": 1.0, "kilovolt": 1000.0, "watt": 1.0, "kilowatt": 1000.0,
}  # fmt: skip
_ROUNDING: Final = 0.04
"""By what part two spellings of one size may differ: 3.14 in for 8 cm, but also 4 in for 10 cm."""

_SIDE_BY_MEMBER: Final[dict[int, tuple[str, ...]]] = {2: ("width", "height"), 3: ("depth", "width", "height")}
"""Which side each member of an ``A x B (x C)`` group is, where the picture doesn't say."""

_MIDDLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Measure:
    """One size in a picture, printed in one or more units beside one another, in reading order."""

    candidates: tuple[Candidate, ...]

    @property
    def first(self) -> Candidate:
        return self.candidates[0]

    @property
    def keywords(self) -> frozenset[Keyword]:
        """What its own lines say."""
        return frozenset[Keyword]().union(*(c.keywords for c in self.candidates))

    @property
    def labels(self) -> frozenset[Keyword]:
        """What the lines beside it say."""
        return frozenset[Keyword]().union(*(c.label for c in self.candidates))


def _size(candidate: Candidate) -> float:
    return float(candidate.quantity.value) * _SIZE[candidate.quantity.unit]


def _same_measure(a: Candidate, b: Candidate) -> bool:
    """Say whether two candidates give one size in two units."""
    if a.quantity.unit == b.quantity.unit or abs(a.x - b.x) >= 0.15 or abs(a.y - b.y) >= 0.08:
        return False
    return abs(_size(a) - _size(b)) <= _ROUNDING * max(_size(a), _size(b))


def _measures(candidates: Sequence[Candidate]) -> list[_Measure]:
    """Put together the candidates that give one size in several units."""
    groups: list[list[Candidate]] = []
    for candidate in candidates:
        group = next((g for g in groups if all(_same_measure(candidate, c) for c in g)), None)
        if group is None:
            groups.append([candidate])
        else:
            group.append(candidate)
    return [_Measure(tuple(group)) for group in groups]


def _evidence(measure: _Measure, entity: str) -> float:
    """Return how much speaks for a measure whatever its place: words, large print, read early and surely."""
    first = measure.first
    weights = _WEIGHT_BY_KEYWORD[entity]
    evidence = sum(weights.get(word, _OFF_TOPIC) for word in measure.keywords)
    if not measure.keywords:
        evidence += _LABEL * sum(weights.get(word, 0.0) for word in measure.labels)
    evidence += 4.0 * min(first.size, 0.15) - 0.05 * min(first.order, 10) + 0.5 * first.score
    if len(measure.candidates) > 1:
        evidence += 0.5
    if entity == "maximum_weight_recommendation" and first.quantity.unit in _UNLIKELY:
        evidence -= 2.0
    if first.range_bound == "high":
        evidence -= 0.1
    return evidence


def _side_evidence(measure: _Measure, entity: str) -> float:
    """Return how much speaks for a measure as this side of the product."""
    first = measure.first
    evidence = _evidence(measure, entity)
    if first.range_bound is not None:
        evidence -= 1.0
    if first.group_size > 1:
        sides = _SIDE_BY_MEMBER.get(first.group_size, ())
        return evidence + (1.5 if entity in sides and sides.index(entity) == first.member else 0.0)
    # Numbers beside a product measure its height, numbers above or below it its width.
    beside = abs(first.x - _MIDDLE) - abs(first.y - _MIDDLE)
    upright = 2.0 if first.direction == "up" else max(-1.0, min(1.0, 4.0 * beside))
    if entity == "height":
        return evidence + upright
    if entity == "width":
        return evidence - upright
    return evidence + (2.0 if first.direction == "oblique" else -0.5 * upright)


def _choose_sides(measures: Sequence[_Measure]) -> dict[str, tuple[_Measure, float]]:
    """Choose width, height and depth together: an answer to one speaks against it for another.

    Returns:
        Side -> its measure and the evidence for it; empty where there is no measure.
    """
    if not measures:
        return {}
    evidence = {side: [_side_evidence(m, side) for m in measures] for side in SIDE_NAMES}
    places = range(len(measures))
    # The best pair of different measures is among the two best of each.
    best = {
        side: sorted(places, key=lambda place: -evidence[side][place])[:2] for side in ("height", "width")
    }
    pairs = [(t, w) for t in best["height"] for w in best["width"] if t != w] or [(0, 0)]
    tall, wide = max(pairs, key=lambda pair: evidence["height"][pair[0]] + evidence["width"][pair[1]])
    taken = {wide: _DEPTH_IS_WIDTH, tall: _DEPTH_IS_HEIGHT}
    deep = max(places, key=lambda place: evidence["depth"][place] - taken.get(place, 0.0))
    chosen = {"height": tall, "width": wide, "depth": deep}
    return {side: (measures[place], evidence[side][place]) for side, place in chosen.items()}


def choose_answers(
    lines: Sequence[TextLine], entity_names: Sequence[str], *, width: int, height: int
) -> dict[str, Answer]:
    """Choose an answer for each entity from the text of one picture.

    Of a range, the lower end is given. Of a size in several units, the one that is read first.

    Args:
        lines: The picture's text, in any order.
        entity_names: What is asked for; each one of :data:`~tapeline.entities.UNITS_BY_ENTITY`. The
            answer for one doesn't depend on what else is asked.
        width: The original picture's width in pixels.
        height: The original picture's height in pixels.

    Returns:
        Entity name -> its answer, for every name in ``entity_names``.

    Raises:
        RowError: With ``unknown_entity``, where a name isn't one of those that can be asked for.
    """
    answers: dict[str, Answer] = {}
    for entity in entity_names:
        measures = _measures(find_candidates(lines, entity, width=width, height=height))
        if entity in SIDE_NAMES:
            rated = [(measure, _side_evidence(measure, entity)) for measure in measures]
            best = _choose_sides(measures).get(entity)
        else:
            rated = [(measure, _evidence(measure, entity)) for measure in measures]
            best = max(rated, key=lambda item: item[1], default=None)
        if best is None or best[1] < _SILENT_BELOW[entity]:
            answers[entity] = replace(SILENT, runners_up=_runners_up(rated, answered=""))
            continue
        chosen = best[0].first
        prediction = format_quantity(chosen.quantity)
        answers[entity] = Answer(
            prediction=prediction,
            confidence=_confidence(best[1]),
            text=chosen.text,
            box=chosen.box,
            runners_up=_runners_up(rated, answered=prediction),
        )
    return answers


def _confidence(evidence: float) -> float:
    return 1.0 / (1.0 + math.exp(-evidence))


def _runners_up(rated: Sequence[tuple[_Measure, float]], *, answered: str) -> tuple[RunnerUp, ...]:
    """Return the best measures that print as something else than what was answered."""
    found: dict[str, RunnerUp] = {}
    for measure, evidence in sorted(rated, key=lambda item: -item[1]):
        first = measure.first
        prediction = format_quantity(first.quantity)
        if prediction != answered and prediction not in found:
            found[prediction] = RunnerUp(prediction, _confidence(evidence), first.text, first.box)
    return tuple(islice(found.values(), RUNNERS_UP))
