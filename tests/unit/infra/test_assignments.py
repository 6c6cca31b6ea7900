"""Fitting assignments: what pictures teach of competing entities."""

import numpy as np
import pytest

from infra.training.assignments import fit_assignments, labelled_pictures
from infra.training.examples import Example, build_examples
from infra.training.ground_truth import TruthRow
from tapeline.entities import COMPETING, UNITS_BY_ENTITY
from tapeline.picture import FloatArray, TextLine
from tapeline.ranking.assignment import BY_RATING, PAIR_EVIDENCE, Assignment
from tapeline.reading.observing import NO_SHAPES, scene_of
from tapeline.reading.scene import Scene
from tests.unit.infra.small_truth import RATER, truth_row
from tests.unit.ranking.small_ranker import PRIORS

CONTENTS = ("item_weight", "maximum_weight_recommendation", "item_volume")


def printed(*texts: str) -> Scene:
    """Return a picture with these lines, one below the other."""
    lines = [
        TextLine(text, 0.9, ((100, y), (400, y), (400, y + 24), (100, y + 24)))
        for y, text in ((100.0 + 150 * number, text) for number, text in enumerate(texts))
    ]
    return scene_of(lines, NO_SHAPES, 800, 800)


def bottles(count: int, source: str = "small") -> tuple[list[TruthRow], dict[str, Scene]]:
    """Return pictures whose ounces are what the bottle holds, not its weight."""
    rows: list[TruthRow] = []
    scenes: dict[str, Scene] = {}
    for number in range(count):
        link = f"https://e.org/{number}.png"
        scenes[link] = printed(f"{10 + number} oz")
        rows += [
            truth_row("item_volume", f"{10 + number} fluid ounce", link=link, source=source),
            truth_row("item_weight", link=link, source=source),
        ]
    return rows, scenes


def equally_rated(examples: list[Example], rating: float = 1.0) -> list[FloatArray]:
    return [np.full(len(example.measures), rating) for example in examples]


def weights_of(assignments: tuple[Assignment, ...], *names: str) -> Assignment:
    return next(assignment for assignment in assignments if assignment.entities == names)


def test_one_printed_place_isnt_weight_and_volume() -> None:
    rows, scenes = bottles(20)
    examples = build_examples(rows, scenes, PRIORS, RATER)
    ratings = equally_rated(examples)
    contents = weights_of(fit_assignments(labelled_pictures(examples, ratings)), *CONTENTS)
    own = {example.entity: example for example in examples if example.link == "https://e.org/3.png"}
    found = contents.probabilities(
        {name: own[name].measures for name in CONTENTS}, {name: np.ones(1) for name in CONTENTS}
    )
    assert found["item_volume"][0] > 0.9
    assert found["item_weight"][0] < 0.1


def test_every_entity_is_in_one_group() -> None:
    assert sorted(name for names in COMPETING for name in names) == sorted(UNITS_BY_ENTITY)


@pytest.mark.parametrize("source", ["vote", "catalogue"])
def test_what_nobody_read_teaches_nothing(source: str) -> None:
    rows, scenes = bottles(5, source=source)
    examples = build_examples(rows, scenes, PRIORS, RATER)
    assert labelled_pictures(examples, equally_rated(examples)) == []


def test_without_pictures_the_ratings_decide() -> None:
    for assignment in fit_assignments([]):
        assert all(tuple(weights) == BY_RATING for weights in assignment.choice_weights.values())
        assert all(list(weights) == [0.0] * len(PAIR_EVIDENCE) for weights in assignment.pair_weights)
