"""Sides together: width, height and depth weighed against one another in pictures with much text.

Nearly all labelled sides that the trees are grown on are in sparse pictures, where a length is a side of the
product. Among much text most lengths are something else: a part's, another view's, another thing's. What
tells there is weighed here, on top of the trees.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from tapeline.candidates import Keyword
from tapeline.features import (
    MANY_LINES,
    OF_ANOTHER_THING,
    SIDE_NAMES,
    Matrix,
    Scene,
    bounds,
    letter_height,
    words_at,
)
from tapeline.measures import Measure

EVIDENCE: Final = (
    "always", "rating", "alone", "of_another_thing", "taken", "letter", "oblique_text", "in_group",
    "in_corner", "named",
)  # fmt: skip
"""The columns that :func:`rate_together` weighs: 1; the trees' rating; whether it is the only length; whether
it is a part's or a package's; whether another side has it; the logarithm of its letters' height over the
largest; whether its text runs obliquely; whether it is one of an ``A x B x C``; how near it is to a corner;
whether a word names the side."""

_WEIGHTS: Final[dict[str, tuple[float, ...]]] = {
    "width": (0.8, 0.55, -3.8, -1.8, -2.4, 2.4, 2.2, -0.7, -0.3, -0.6),
    "height": (1.3, 0.71, -4.3, -3.3, -3.1, 2.8, -2.3, 2.6, -1.1, 3.9),
    "depth": (-3.2, 0.13, -1.8, -3.0, -0.7, 1.9, 2.4, 3.0, 3.3, 1.5),
}
# Logarithms of odds, fitted as a choice among a picture's lengths and silence (conditional logit, L2 0.05) to
# 357 sides of 151 large pictures of the training split that were read by eye; see docs/decisions/0004.
_LEAST, _MOST = -8.0, 4.0
# Ratings of the trees beyond these say no more.
_SEEN_FROM_THE_FRONT: Final = ("width", "height")
# What takes a measure away from another side. What the trees rate best as depth is mostly the width.


def weighs_together(scene: Scene) -> bool:
    """Say whether a picture has so much text that its sides are weighed together."""
    return len(scene.lines) >= MANY_LINES


def rate_together(
    measures: Sequence[Measure], ratings: Mapping[str, Matrix], entity: str, scene: Scene
) -> Matrix:
    """Rate the lengths in a picture with much text as one side, in view of the other two.

    Args:
        measures: The picture's lengths; at least one.
        ratings: Side -> what the trees say of each measure, shape (measures,); of all three sides.
        entity: The side.
        scene: The picture.

    Returns:
        Shape (measures,), on the scale of the trees' ratings.
    """
    evidence = np.zeros((len(measures), len(EVIDENCE)))
    rivals = [side for side in _SEEN_FROM_THE_FRONT if side != entity and len(measures) > 1]
    taken = {int(ratings[side].argmax()) for side in rivals}
    heights = [max(letter_height(c.box) for c in measure.candidates) for measure in measures]
    for place, measure in enumerate(measures):
        words = words_at(measure)
        left, top, right, bottom = bounds([c.box for c in measure.candidates])
        across = (left + right) / 2 / max(scene.width, 1)
        along = (top + bottom) / 2 / max(scene.height, 1)
        evidence[place] = (
            1.0,
            min(max(ratings[entity][place], _LEAST), _MOST),
            len(measures) == 1,
            bool(words & OF_ANOTHER_THING),
            place in taken,
            math.log(heights[place] / max(heights)),
            measure.first.direction == "oblique",
            max(c.group_size for c in measure.candidates) == len(SIDE_NAMES),
            2 * min(abs(across - 0.5), abs(along - 0.5)),
            Keyword(entity) in words,
        )
    together: Matrix = evidence @ np.array(_WEIGHTS[entity])
    return together
