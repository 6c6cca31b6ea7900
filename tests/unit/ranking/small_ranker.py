"""A ranker small enough to read: a few stumps, so that training anew breaks no test."""

from itertools import combinations
from typing import Any, Final

import numpy as np

from tapeline.entities import COMPETING, SIDES, UNITS_BY_ENTITY
from tapeline.ranking.assignment import CHOICE_EVIDENCE, PAIR_EVIDENCE, Assignment
from tapeline.ranking.calibration import Calibration
from tapeline.ranking.features import FEATURES
from tapeline.ranking.forest import Forest
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import Decision, Family, Ranker, default_line_rater

USUAL: Final = -1.0
RARE: Final = -4.0
BASE: Final = -0.9
ABSTAIN_RATIO: Final = 0.14

# All units and sizes are equally usual, but for the ounce of a weight.
PRIORS = Priors(
    units={
        entity: dict.fromkeys(units, USUAL) | ({"ounce": RARE} if "gram" in units else {})
        for entity, units in UNITS_BY_ENTITY.items()
    },
    sizes={entity: {str(size): USUAL for size in range(-40, 50)} for entity in UNITS_BY_ENTITY},
)


def leaf(value: float) -> dict[str, Any]:
    """Return a tree that adds the same to every measure."""
    return {"feature": [], "threshold": [], "left": [], "right": [], "value": [value]}


def stump(feature: str, threshold: float, below: float, above: float) -> dict[str, Any]:
    """Return a tree that adds one value up to a feature's threshold and another above it."""
    return {
        "feature": [FEATURES.index(feature)],
        "threshold": [threshold],
        "left": [-1],
        "right": [-2],
        "value": [below, above],
    }


def small_ranker(*, same: float = -3.0) -> Ranker:
    """Return a ranker whose trees go by words, lines of the own side, and large letters.

    Args:
        same: The weight of one measure as two competing entities.
    """
    trees = [
        leaf(BASE),
        stump("own_line", 0.1, 0.0, 2.0),
        stump("other_line", 0.1, 0.0, -2.5),
        stump("letter_lead", 0.2, 0.0, 0.3),
        stump("words_for", 0.5, 0.0, 4.0),
        stump("words_against", 0.5, 0.0, -4.0),
    ]
    curve = Calibration(np.array([-4.0, 4.0]), np.array([0.1, 0.9]))
    others = tuple(name for name in UNITS_BY_ENTITY if name not in SIDES)
    choice = [float(name == "rating") for name in CHOICE_EVIDENCE]
    pair = [same * (name == "same") for name in PAIR_EVIDENCE]
    return Ranker(
        tuple(
            Family(names, Forest.from_document(trees), Forest.from_document(trees))
            for names in (SIDES, others)
        ),
        tuple(
            Assignment(names, dict.fromkeys(names, choice), [pair] * len(list(combinations(names, 2))))
            for names in COMPETING
        ),
        dict.fromkeys(UNITS_BY_ENTITY, Decision(curve, curve, ABSTAIN_RATIO)),
        PRIORS,
        default_line_rater(),
        {"command": "tests"},
    )
