"""Choosing an answer for each entity among what is printed in a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from tapeline.picture import Box
from tapeline.quantities import format_quantity
from tapeline.ranking.features import Scene
from tapeline.ranking.ranker import Ranker, RatedMeasure, default_ranker


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
        confidence: How probably the prediction is right, from 0 to 1; 0 where it is empty. Calibrated on
            pictures that the trees weren't grown on.
        text: The line that it was read from; empty where the prediction is, or comes from similar pictures.
        box: That line's corners, in pixels of the original picture; None where the text is empty.
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


def choose_answers(
    scene: Scene, entity_names: Sequence[str], *, ranker: Ranker | None = None
) -> dict[str, Answer]:
    """Choose an answer for each entity from what is in one picture.

    Args:
        scene: What was seen in the picture.
        entity_names: What is asked for; each one of :data:`~tapeline.entities.UNITS_BY_ENTITY`. The
            answer for one doesn't depend on what else is asked.
        ranker: What weighs the measures; the one that comes with the package where it is left out.

    Returns:
        Entity name -> its answer, for every name in ``entity_names``.

    Raises:
        RowError: With ``unknown_entity``, where a name isn't one of those that can be asked for.
    """
    ranker = ranker or default_ranker()
    return {name: _answer(scene, name, ranker) for name in entity_names}


def _answer(scene: Scene, entity: str, ranker: Ranker) -> Answer:
    """Return the answer to one entity: from the text, or from similar pictures where there is none."""
    guessed = ranker.guess(scene, entity)
    if guessed is not None:
        return Answer(format_quantity(guessed[0]), guessed[1], text="", box=None)
    return _choose(ranker.rate(scene, entity), ranker.silent_below(entity))


def _choose(rated: Sequence[RatedMeasure], silent_below: float) -> Answer:
    """Return an answer from an entity's measures, best first."""
    if not rated or rated[0].rating < silent_below:
        return Answer("", 0.0, "", None, _runners_up(rated, answered=""))
    best = rated[0]
    prediction = format_quantity(best.answer.quantity)
    return Answer(
        prediction=prediction,
        confidence=best.confidence,
        text=best.answer.text,
        box=best.answer.box,
        runners_up=_runners_up(rated, answered=prediction),
    )


def _runners_up(rated: Sequence[RatedMeasure], *, answered: str) -> tuple[RunnerUp, ...]:
    """Return the best measures that print as something else than what was answered."""
    found: dict[str, RunnerUp] = {}
    for measure in rated:
        prediction = format_quantity(measure.answer.quantity)
        if prediction != answered and prediction not in found:
            found[prediction] = RunnerUp(
                prediction, measure.confidence, measure.answer.text, measure.answer.box
            )
    return tuple(islice(found.values(), RUNNERS_UP))
