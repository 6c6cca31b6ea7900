"""A ranker small enough to read: a stump or two on top of the rules, so that training anew breaks no test."""

from typing import Any

import numpy as np

from tapeline.entities import SIDES, UNITS_BY_ENTITY
from tapeline.ranking.calibration import Calibration
from tapeline.ranking.features import FEATURES
from tapeline.ranking.forest import Forest
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import Family, Ranker

USUAL = -1.0
RARE = -4.0
BASE = -0.9
THRESHOLD = -2.0

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


def small_ranker(*, together: bool = True) -> Ranker:
    """Return a ranker whose trees prefer what stands on a line of its own side, and large letters."""
    trees = [leaf(BASE), stump("own_line", 0.1, 0.0, 2.0), stump("letter_lead", 0.2, 0.0, 0.3)]
    calibration = Calibration(np.array([-4.0, 4.0]), np.array([0.1, 0.9]))
    others = tuple(name for name in UNITS_BY_ENTITY if name not in SIDES)
    families = tuple(
        Family(names, Forest.from_document(trees), calibration, dict.fromkeys(names, THRESHOLD))
        for names in (SIDES, others)
    )
    return Ranker(families, PRIORS, {"command": "tests"}, together=together)
