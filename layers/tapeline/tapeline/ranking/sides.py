"""Sides together: width, height and depth weighed against one another in pictures with much text.

Nearly all labelled sides that the trees are grown on are in sparse pictures, where a length is a side of the
product. Among much text most lengths are something else: a part's, another view's, another thing's. What
tells there is weighed here, on top of the trees.
"""

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np

from tapeline.ranking.candidates import Keyword
from tapeline.ranking.features import (
    IN_ORDER,
    MANY_LINES,
    OF_ANOTHER_THING,
    SIDE_NAMES,
    Matrix,
    Scene,
    bounds,
    letter_height,
    words_at,
)
from tapeline.ranking.measures import Measure

_WEIGHTS: Final[dict[str, dict[str, float]]] = {
    "width": {
        "always": 0.1, "rating": 0.53, "alone": -3.6, "of_another_thing": -1.8, "taken": -2.3, "letters": 2.4,
        "oblique_text": 2.1,
    },
    "height": {
        "always": 0.5, "rating": 0.68, "alone": -3.9, "of_another_thing": -3.5, "taken": -2.9, "letters": 2.8,
        "oblique_text": -2.3, "usual_place": 2.7, "named": 4.6, "low": -1.2,
    },
    "depth": {
        "always": -3.2, "rating": 0.13, "alone": -1.8, "of_another_thing": -3.0, "taken": -0.7,
        "letters": 1.9, "oblique_text": 2.4, "in_group": 3.0, "in_corner": 3.3, "named": 1.5,
    },
}  # fmt: skip
# Logarithms of odds for each piece of evidence that _evidence() returns, fitted as a choice among a picture's
# lengths and silence (conditional logit, L2 0.05) to 362 sides of 152 large pictures of the training split
# that were read by eye; see docs/decisions/0004. Pieces that didn't help a side in cross-validation are left
# out there.
_LEAST, _MOST = -8.0, 4.0
# Ratings of the trees beyond these say no more.
_LOW: Final = 0.6
# From how far down a picture what stands there is seldom a height.


def weighs_together(scene: Scene) -> bool:
    """Say whether a picture has so much text that its sides are weighed together."""
    return len(scene.lines) >= MANY_LINES


def rate_together(
    measures: Sequence[Measure], ratings: Matrix, taken: AbstractSet[int], entity: str, scene: Scene
) -> Matrix:
    """Rate the lengths in a picture with much text as one side, in view of the other two.

    Args:
        measures: The picture's lengths; at least one.
        ratings: What the trees say of each measure as this side, shape (measures,).
        taken: The places of those that the trees rate best as another side.
        entity: The side.
        scene: The picture.

    Returns:
        Shape (measures,), on the scale of the trees' ratings.
    """
    alone = len(measures) == 1
    heights = [max(letter_height(c.box) for c in measure.candidates) for measure in measures]
    weights = _WEIGHTS[entity]
    return np.array(
        [
            weights["rating"] * min(max(ratings[place], _LEAST), _MOST)
            + weights["alone"] * alone
            + weights["taken"] * (place in taken and not alone)
            + weights["letters"] * math.log(heights[place] / max(heights))
            + sum(weights.get(name, 0.0) * value for name, value in _evidence(measure, entity, scene).items())
            for place, measure in enumerate(measures)
        ]
    )


def _evidence(measure: Measure, entity: str, scene: Scene) -> dict[str, float]:
    """Return what a measure's own text and place say of it as a side, mostly 0 or 1."""
    words = words_at(measure)
    left, top, right, bottom = bounds([c.box for c in measure.candidates])
    across = (left + right) / 2 / max(scene.width, 1)
    along = (top + bottom) / 2 / max(scene.height, 1)
    group = max(measure.candidates, key=lambda c: c.group_size)
    in_group = group.group_size == len(SIDE_NAMES)
    return {
        "always": 1.0,
        "of_another_thing": bool(words & OF_ANOTHER_THING),
        "oblique_text": measure.first.direction == "oblique",
        "in_group": in_group,
        "usual_place": (1 if IN_ORDER[len(SIDE_NAMES)][group.member] == entity else -1) if in_group else 0,
        "in_corner": 2 * min(abs(across - 0.5), abs(along - 0.5)),
        "low": along > _LOW,
        "named": Keyword(entity) in words,
    }
