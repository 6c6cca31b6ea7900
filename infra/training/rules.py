"""The rule that chose before there was a ranker, for comparison: a plain sum of evidence.

Its weights were set by hand.
"""

from collections.abc import Sequence
from typing import Final

from tapeline.quantities import format_quantity
from tapeline.ranking.candidates import Keyword, find_candidates
from tapeline.ranking.features import SIDE_NAMES, Scene
from tapeline.ranking.measures import Measure, find_measures

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

_SIDE_BY_MEMBER: Final[dict[int, tuple[str, ...]]] = {2: ("width", "height"), 3: ("depth", "width", "height")}
"""Which side each member of an ``A x B (x C)`` group is, where the picture doesn't say."""

_MIDDLE: Final = 0.5


def _evidence(measure: Measure, entity: str) -> float:
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


def _side_evidence(measure: Measure, entity: str) -> float:
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


def _choose_sides(measures: Sequence[Measure]) -> dict[str, tuple[Measure, float]]:
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


def choose_by_rule(scene: Scene, entity: str) -> str:
    """Return the prediction of the rule for one entity; empty where it is silent."""
    measures = find_measures(find_candidates(scene.lines, entity, width=scene.width, height=scene.height))
    if entity in SIDE_NAMES:
        best = _choose_sides(measures).get(entity)
    else:
        rated = [(measure, _evidence(measure, entity)) for measure in measures]
        best = max(rated, key=lambda item: item[1], default=None)
    if best is None or best[1] < _SILENT_BELOW[entity]:
        return ""
    return format_quantity(best[0].first.quantity)
