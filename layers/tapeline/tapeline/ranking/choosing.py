"""Choosing an answer for each entity among what is printed in a picture."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from tapeline.answers import Answer, RunnerUp
from tapeline.entities import EIGHT, EntitySet
from tapeline.notes import add_note
from tapeline.quantities import Quantity, round_quantity
from tapeline.ranking.own_entities import choose_own
from tapeline.ranking.ranker import Ranker, Ranking, RatedMeasure, default_ranker
from tapeline.reading.scene import Scene

# How many runners-up come with an answer at most.
RUNNERS_UP: Final = 2


def choose_answers(
    scene: Scene,
    entity_names: Iterable[str],
    entities: EntitySet = EIGHT,
    *,
    category: str = "",
    ranker: Ranker | None = None,
) -> dict[str, Answer]:
    """Choose an answer for each entity from what is in one picture.

    Args:
        scene: What was observed in the picture.
        entity_names: What is asked for; each one of ``entities``. The answer for one of the eight doesn't
            depend on what else is asked.
        entities: What the names mean.
        category: The product's category, the input's ``group_id``; empty where it isn't known. Own entities
            don't depend on it.
        ranker: What weighs the measures; the one that comes with the package where it is left out.

    Returns:
        Entity name -> its answer, for every name in ``entity_names``.

    Raises:
        RowError: With ``unknown_entity``, where a name isn't one of those that can be asked for.
    """
    ranker = ranker or default_ranker()
    names = tuple(entity_names)
    own = {name: entity for name in names if (entity := entities.own_entity(name)) is not None}
    rankings = ranker.rate(scene, [name for name in names if name not in own], category)
    answers = {
        name: _choose(ranking, ranker.decisions[name].abstain_ratio) for name, ranking in rankings.items()
    }
    for name, entity in own.items():
        others = [other for other in own.values() if other.kind == entity.kind and other.name != name]
        answers[name] = choose_own(scene, entity, others, ranker)
        if entity.weights is None:
            add_note(f"{name} goes by words alone: it wasn't trained, and its confidence isn't calibrated")
    return answers


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
