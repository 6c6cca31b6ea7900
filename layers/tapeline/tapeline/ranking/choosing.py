"""Choosing an answer for each entity among what is printed in a picture."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from tapeline.answers import Answer, RunnerUp
from tapeline.quantities import Quantity, round_quantity
from tapeline.ranking.ranker import Ranker, Ranking, RatedMeasure, default_ranker
from tapeline.reading.scene import Scene

# How many runners-up come with an answer at most.
RUNNERS_UP: Final = 2


def choose_answers(
    scene: Scene, entity_names: Iterable[str], *, ranker: Ranker | None = None
) -> dict[str, Answer]:
    """Choose an answer for each entity from what is in one picture.

    Args:
        scene: What was observed in the picture.
        entity_names: What is asked for; each one of :data:`~tapeline.entities.UNITS_BY_ENTITY`. The
            answer for one doesn't depend on what else is asked.
        ranker: What weighs the measures; the one that comes with the package where it is left out.

    Returns:
        Entity name -> its answer, for every name in ``entity_names``.

    Raises:
        RowError: With ``unknown_entity``, where a name isn't one of those that can be asked for.
    """
    ranker = ranker or default_ranker()
    return {
        name: _choose(ranking, ranker.decisions[name].abstain_ratio)
        for name, ranking in ranker.rate(scene, entity_names).items()
    }


def _choose(ranking: Ranking, abstain_ratio: float) -> Answer:
    """Return an answer from an entity's measures."""
    rated = ranking.measures
    if not rated or rated[0].probability < abstain_ratio * ranking.silence:
        return Answer(None, 0.0, ranking.stated, "", None, _runners_up(rated, answered=None))
    best = rated[0]
    quantity = round_quantity(best.answer.quantity)
    return Answer(
        quantity=quantity,
        confidence=best.confidence,
        stated=ranking.stated,
        text=best.answer.line.text,
        box=best.answer.line.box,
        runners_up=_runners_up(rated, answered=quantity),
    )


def _runners_up(rated: Sequence[RatedMeasure], *, answered: Quantity | None) -> tuple[RunnerUp, ...]:
    """Return the best measures that are written otherwise than what was answered."""
    found: dict[Quantity, RunnerUp] = {}
    for measure in rated:
        quantity = round_quantity(measure.answer.quantity)
        if quantity != answered and quantity not in found:
            line = measure.answer.line
            found[quantity] = RunnerUp(quantity, measure.confidence, line.text, line.box)
    return tuple(islice(found.values(), RUNNERS_UP))
