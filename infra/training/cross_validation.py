"""Cross-validation by picture: how examples are rated by trees that weren't trained on their pictures."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from infra.training.abstaining import abstain_threshold
from infra.training.examples import Example
from infra.training.forests import FAMILIES, train_forest
from infra.training.scoring import Outcome, outcome
from tapeline.picture import FloatArray
from tapeline.quantities import Quantity
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import preferred

# Parts that the pictures are dealt into. Chosen by hand.
_FOLDS: Final = 4


def cross_validate(examples: Sequence[Example]) -> list[FloatArray]:
    """Rate each example's measures by trees that were trained without its picture.

    Args:
        examples: All examples.

    Returns:
        For each example the log-odds of its measures, shape (measures,).

    Raises:
        GroundTruthError: A family has too few rows to be dealt into parts.
    """
    links = sorted({example.link for example in examples})
    dealt = dict(zip(links, np.random.default_rng(0).integers(0, _FOLDS, len(links)), strict=True))
    ratings: list[FloatArray] = [np.zeros(0)] * len(examples)
    for fold in range(_FOLDS):
        others = [example for example in examples if dealt[example.link] != fold]
        for family in FAMILIES:
            trees = train_forest(others, family)
            for index, example in enumerate(examples):
                if dealt[example.link] == fold and example.entity in family:
                    ratings[index] = trees.rate(example)
    return ratings


def best_quantity(example: Example, ratings: FloatArray, priors: Priors) -> tuple[Quantity, float] | None:
    """Return what an example would be answered with, and its rating, whether or not that is too low.

    Args:
        example: An example.
        ratings: Of its measures, in log-odds.
        priors: Which units and sizes each entity usually has.

    Returns:
        None where there is no measure.
    """
    if not len(ratings):
        return None
    best = int(ratings.argmax())
    return preferred(example.measures[best], example.entity, priors).quantity, float(ratings[best])


def outcomes(
    examples: Sequence[Example], ratings: Sequence[FloatArray], priors: Priors
) -> list[tuple[Example, Outcome]]:
    """Return the outcome of each example that has a row of its own.

    Args:
        examples: The examples.
        ratings: Each one's, as :func:`cross_validate` returns them.
        priors: Which units and sizes each entity usually has.
    """
    found: list[tuple[Example, Outcome]] = []
    for example, rated in zip(examples, ratings, strict=True):
        if example.row is None:
            continue
        best = best_quantity(example, rated, priors)
        is_answered = best is not None and best[1] >= abstain_threshold(example.entity)
        found.append((example, outcome(example.row, best[0] if best and is_answered else None)))
    return found
