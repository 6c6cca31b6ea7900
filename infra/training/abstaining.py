"""When to abstain: the rating below which an entity isn't answered."""

import math
from typing import Final

from infra.training.forests import FAMILIES

# Entity -> probability below which it isn't answered. Where the picture says something, a wrong answer costs
# no more than an empty one, so that a low probability is worth an answer. Chosen by cross-validation on
# training rows; of sides on the 362 answers of docs/decisions/0004, width and height a little above the
# optimum.
ABSTAIN_PROBABILITY: Final = {"width": 0.12, "height": 0.12, "depth": 0.10} | dict.fromkeys(FAMILIES[1], 0.10)


def abstain_threshold(entity: str) -> float:
    """Return an entity's :data:`ABSTAIN_PROBABILITY` in log-odds."""
    probability = ABSTAIN_PROBABILITY[entity]
    return math.log(probability / (1 - probability))
