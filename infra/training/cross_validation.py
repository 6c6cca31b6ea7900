"""Cross-validation by picture: what trees and assignments choose that weren't trained on the picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from infra.training.abstaining import ABSTAIN_RATIO
from infra.training.assignments import fit_assignments, labelled_pictures
from infra.training.examples import Example, entities_of_pictures, match_mask
from infra.training.forests import FAMILIES, BoostedTrees, train_forest
from infra.training.scoring import Outcome, outcome
from tapeline.picture import FloatArray
from tapeline.quantities import Quantity
from tapeline.ranking.assignment import Assignment
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import preferred

# Parts that the pictures are dealt into. Chosen by hand.
_FOLDS: Final = 5

# Trains a family's trees on examples.
type Train = Callable[[Sequence[Example], Sequence[str]], BoostedTrees]


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """Examples with what is chosen in each without its picture.

    Attributes:
        examples: The examples.
        ratings: For each the log-odds of its measures, shape (measures,).
        probabilities: For each the probabilities of its measures, and of silence as the last, shape
            (measures + 1,).
    """

    examples: Sequence[Example]
    ratings: Sequence[FloatArray]
    probabilities: Sequence[FloatArray]

    def best(self, index: int) -> int | None:
        """Return the index of the most probable measure of an example; None where there is no measure."""
        probabilities = self.probabilities[index][:-1]
        return int(probabilities.argmax()) if len(probabilities) else None

    def answer(self, index: int, priors: Priors) -> Quantity | None:
        """Return what an example is answered with; None where it abstains."""
        best, example = self.best(index), self.examples[index]
        own = self.probabilities[index]
        if best is None or own[best] < ABSTAIN_RATIO * own[-1]:
            return None
        return preferred(example.measures.measures[best], example.entity, priors).quantity

    def is_best_right(self, index: int) -> bool:
        """Say whether the most probable measure of an example with a row of its own is right."""
        best, example = self.best(index), self.examples[index]
        return best is not None and example.row is not None and bool(match_mask(example, example.row)[best])


def cross_validate(
    examples: Sequence[Example],
    *,
    train: Train | None = None,
    teachers: Sequence[Example] | None = None,
    together: bool = True,
    seed: int = 0,
) -> CrossValidation:
    """Choose in each example by what was trained without its picture.

    The assignment of sides is fitted to ratings of trees that were trained without the rated picture, but
    not always without the picture that is chosen in: of the weights of a few dozen kinds of evidence, fitted
    to hundreds of pictures, that moves little.

    Args:
        examples: All examples.
        train: Trains a family's trees; :func:`~infra.training.forests.train_forest` where it is left out.
        teachers: What each example teaches, in their order; the examples themselves where it is left out.
        together: Whether competing entities are assigned together; else each alone.
        seed: Of the parts that the pictures are dealt into.

    Raises:
        GroundTruthError: A family has too few rows to be dealt into parts.
    """
    links = sorted({example.link for example in examples})
    dealt = dict(zip(links, np.random.default_rng(seed).integers(0, _FOLDS, len(links)), strict=True))
    train = train or train_forest
    teachers = teachers or examples
    ratings: list[FloatArray] = [np.zeros(0)] * len(examples)
    for fold in range(_FOLDS):
        others = [example for example in teachers if dealt[example.link] != fold]
        for family in FAMILIES:
            trees = train(others, family)
            for index, example in enumerate(examples):
                if dealt[example.link] == fold and example.entity in family:
                    ratings[index] = trees.rate(example)
    pictures = labelled_pictures(teachers, ratings)
    probabilities: list[FloatArray] = [np.zeros(0)] * len(examples)
    for fold in range(_FOLDS):
        assignments = fit_assignments(picture for picture in pictures if dealt[picture.link] != fold)
        own = [index for index, example in enumerate(examples) if dealt[example.link] == fold]
        found = assign(examples, ratings, own, assignments, together=together)
        for index, values in found.items():
            probabilities[index] = values
    return CrossValidation(examples, ratings, probabilities)


def assign(
    examples: Sequence[Example],
    ratings: Sequence[FloatArray],
    indexes: Sequence[int],
    assignments: Sequence[Assignment],
    *,
    together: bool = True,
) -> dict[int, FloatArray]:
    """Return the probabilities of the choices in some examples.

    Args:
        examples: All examples.
        ratings: Each one's log-odds.
        indexes: The examples to choose in: all of their pictures.
        assignments: How competing entities are assigned measures.
        together: Whether competing entities are assigned together.

    Returns:
        Index -> the probabilities, shape (measures + 1,).
    """
    parts = assignments if together else [part for whole in assignments for part in _split(whole)]
    chosen: dict[tuple[str, str], FloatArray] = {}
    for link, entities in entities_of_pictures(examples, indexes).items():
        for assignment in parts:
            if entities.keys() >= set(assignment.entities):
                own = {name: entities[name] for name in assignment.entities}
                found = assignment.probabilities(
                    {name: examples[index].measures for name, index in own.items()},
                    {name: ratings[index] for name, index in own.items()},
                )
                chosen |= {(link, name): values for name, values in found.items()}
    return {index: chosen[examples[index].link, examples[index].entity] for index in indexes}


def outcomes(found: CrossValidation, priors: Priors) -> list[tuple[Example, Outcome]]:
    """Return the outcome of each example that has a row of its own.

    Args:
        found: The examples and what is chosen in them.
        priors: Which units and sizes each entity usually has.
    """
    return [
        (example, outcome(example.row, found.answer(index, priors)))
        for index, example in enumerate(found.examples)
        if example.row is not None
    ]


def _split(whole: Assignment) -> list[Assignment]:
    """Return an assignment as one for each of its entities."""
    return [Assignment((name,), {name: whole.choice_weights[name]}, ()) for name in whole.entities]
