"""Sides together: width, height and depth weighed against one another in text-heavy pictures.

Nearly all sides that the trees learned from are in sparse pictures, where a length is a side of the product.
In text-heavy pictures most lengths are something else: a part's, another view's, another thing's. What tells
there is weighed here, on top of the trees.

**Not reproducible:** no command makes the weights below again. They were fitted to ground truth that was not
kept (see docs/decisions/0004), so that they can't follow a change of features or trees. A joint decision that
``make train`` learns is to replace this module.
"""

import math
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np

from tapeline.entities import SIDES
from tapeline.picture import FloatArray
from tapeline.ranking.features import MeasureSet
from tapeline.ranking.keywords import OF_ANOTHER_THING, Keyword, Keywords
from tapeline.ranking.measures import Measure
from tapeline.ranking.rules import SIDES_IN_ORDER
from tapeline.reading.scene import Scene

# Side -> evidence -> weight, fitted as a choice among a picture's lengths and none of them (conditional
# logit, L2 0.05) to 362 sides of 152 large pictures of the training split. Evidence that didn't help a side
# in cross-validation is left out there.
_WEIGHTS: Final[dict[str, dict[str, float]]] = {
    "width": {
        "intercept": 0.1, "rating": 0.53, "alone": -3.6, "of_another_thing": -1.8, "taken": -2.3,
        "letter_height": 2.4, "oblique_text": 2.1,
    },
    "height": {
        "intercept": 0.5, "rating": 0.68, "alone": -3.9, "of_another_thing": -3.5, "taken": -2.9,
        "letter_height": 2.8, "oblique_text": -2.3, "usual_order": 2.7, "named": 4.6, "low": -1.2,
    },
    "depth": {
        "intercept": -3.2, "rating": 0.13, "alone": -1.8, "of_another_thing": -3.0, "taken": -0.7,
        "letter_height": 1.9, "oblique_text": 2.4, "in_group": 3.0, "in_corner": 3.3, "named": 1.5,
    },
}  # fmt: skip

# Lower bound that ratings are clipped to, in log-odds.
_MIN_RATING: Final = -8.0

# Upper bound that ratings are clipped to, in log-odds.
_MAX_RATING: Final = 4.0

# Part of the picture's height from which on down a measure is seldom a height. Chosen by hand.
_LOW: Final = 0.6


def rate_together(
    measure_set: MeasureSet, ratings: FloatArray, taken: AbstractSet[int], entity: str
) -> FloatArray:
    """Rate the lengths in a text-heavy picture as one side, in view of the other two.

    Args:
        measure_set: The picture's lengths; at least one.
        ratings: Rule log-odds plus forest of each measure as this side, shape (measures,).
        taken: The indexes of those with the best rating as another side.
        entity: The side.

    Returns:
        Shape (measures,), on the scale of the ratings.
    """
    is_alone = len(measure_set) == 1
    largest = max(measure.letter_height for measure in measure_set.measures)
    weights = _WEIGHTS[entity]
    return np.array(
        [
            weights["rating"] * min(max(ratings[index], _MIN_RATING), _MAX_RATING)
            + weights["alone"] * is_alone
            + weights["taken"] * (index in taken and not is_alone)
            + weights["letter_height"] * math.log(measure.letter_height / largest)
            + sum(
                weights.get(name, 0.0) * value
                for name, value in _evidence(
                    measure, measure_set.keywords[index], entity, measure_set.scene
                ).items()
            )
            for index, measure in enumerate(measure_set.measures)
        ]
    )


def _evidence(measure: Measure, words: Keywords, entity: str, scene: Scene) -> dict[str, float]:
    """Return what a measure's own text and position say of it as a side, mostly 0 or 1."""
    x, y = measure.bounds.x / max(scene.width, 1), measure.bounds.y / max(scene.height, 1)
    group = measure.grouped.found
    in_group = group.group_size == len(SIDES)
    usual = in_group and SIDES_IN_ORDER[len(SIDES)][group.member] == entity
    return {
        "intercept": 1.0,
        "of_another_thing": bool(words & OF_ANOTHER_THING),
        "oblique_text": measure.first.line.direction == "oblique",
        "in_group": in_group,
        "usual_order": (1 if usual else -1) if in_group else 0,
        "in_corner": 2 * min(abs(x - 0.5), abs(y - 0.5)),
        "low": y > _LOW,
        "named": Keyword(entity) in words,
    }
