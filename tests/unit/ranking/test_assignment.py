"""Assigning measures to competing entities, with weights small enough to reckon by hand."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.entities import SIDES
from tapeline.picture import FloatArray, TextLine
from tapeline.ranking.assignment import (
    BY_RATING,
    CHOICE_EVIDENCE,
    PAIR_EVIDENCE,
    Assignment,
    pair_evidence,
)
from tapeline.ranking.features import MeasureSet
from tapeline.ranking.ranker import MeasureSets, default_line_rater
from tapeline.reading.observing import NO_SHAPES, scene_of

RATER = default_line_rater()


def lengths(*texts: str) -> MeasureSet:
    """Return the lengths of a picture with these lines, one below the other."""
    lines = [
        TextLine(text, 0.9, ((100, y), (400, y), (400, y + 24), (100, y + 24)))
        for y, text in ((100.0 + 150 * number, text) for number, text in enumerate(texts))
    ]
    return MeasureSets(scene_of(lines, NO_SHAPES, 800, 800), RATER).of("width")


def sides_by(**pair_weights: float) -> Assignment:
    """Return an assignment of sides that goes by ratings and by these weights of pairs."""
    choice = [float(name == "rating") for name in CHOICE_EVIDENCE]
    pairs = [[pair_weights.get(name, 0.0) for name in PAIR_EVIDENCE]] * 3
    return Assignment(SIDES, dict.fromkeys(SIDES, choice), pairs)


def assigned(assignment: Assignment, measures: MeasureSet, ratings: dict[str, FloatArray]) -> list[str]:
    found = assignment.probabilities(dict.fromkeys(SIDES, measures), ratings)
    best = {side: int(found[side].argmax()) for side in SIDES}
    return [
        measures.measures[best[side]].first.line.text if best[side] < len(measures) else "" for side in SIDES
    ]


def rated(width: list[float], height: list[float], depth: list[float]) -> dict[str, FloatArray]:
    return {side: np.array(values) for side, values in zip(SIDES, (width, height, depth), strict=True)}


def test_one_measure_is_one_side_where_the_best_total_says_so() -> None:
    measures = lengths("60 cm", "35 cm")
    ratings = rated([3.0, -4.0], [-9.0, -9.0], [2.0, 1.0])
    assert assigned(sides_by(), measures, ratings) == ["60 cm", "", "60 cm"]
    assert assigned(sides_by(same=-5.0), measures, ratings) == ["60 cm", "", "35 cm"]


def test_a_diameter_serves_two_sides() -> None:
    weights = sides_by(same=-5.0, same_diameter=6.0)
    ratings = rated([3.0, -4.0], [-9.0, -9.0], [2.0, -1.0])
    assert assigned(weights, lengths("60 cm", "35 cm"), ratings) == ["60 cm", "", ""]
    assert assigned(weights, lengths("Diameter 60 cm", "35 cm"), ratings) == [
        "Diameter 60 cm", "", "Diameter 60 cm"
    ]  # fmt: skip


def test_silence_is_a_choice_and_has_a_probability() -> None:
    alone = Assignment(("width",), {"width": BY_RATING}, ())
    found = alone.probabilities({"width": lengths("60 cm")}, {"width": np.zeros(1)})
    assert found["width"].tolist() == [0.5, 0.5]
    none = alone.probabilities({"width": lengths("red")}, {"width": np.zeros(0)})
    assert none["width"].tolist() == [1.0]


@given(
    st.lists(st.floats(-4, 4), min_size=9, max_size=9),
    st.lists(st.floats(-2, 2), min_size=len(PAIR_EVIDENCE), max_size=len(PAIR_EVIDENCE)),
)
def test_probabilities_are_those_of_all_assignments(values: list[float], weights: list[float]) -> None:
    measures = lengths("10 x 20 cm", "10 cm")
    ratings = rated(values[:3], values[3:6], values[6:])
    assert len(measures) == 3
    assignment = sides_by(**dict(zip(PAIR_EVIDENCE, weights, strict=True)))
    evidence = pair_evidence(measures, measures, range(3), range(3)) @ np.array(weights)
    totals: dict[tuple[int, ...], float] = {}
    for chosen in product(range(4), repeat=3):
        own = sum(float(ratings[side][index]) for side, index in zip(SIDES, chosen, strict=True) if index < 3)
        pairs = (evidence[chosen[i], chosen[j]] for i, j in ((0, 1), (0, 2), (1, 2)))
        totals[chosen] = math.exp(own + sum(pairs))
    everything = sum(totals.values())
    found = assignment.probabilities(dict.fromkeys(SIDES, measures), ratings)
    for axis, side in enumerate(SIDES):
        expected = [
            sum(total for chosen, total in totals.items() if chosen[axis] == index) / everything
            for index in range(4)
        ]
        assert found[side] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("texts", "first", "second", "expected"),
    [
        (["60 cm", "35 cm"], 0, 0, {"same", "same_of_two"}),
        (["60 cm"], 0, 0, {"same", "same_alone"}),
        (["Diameter 60 cm", "60 cm", "7 cm"], 0, 0, {"same", "same_diameter", "same_repeated"}),
        (["60 cm", "60 cm", "7 cm"], 0, 1, {"twin"}),
        (["10 x 20 x 30 cm"], 0, 2, {"group", "group_order"}),
        (["10 x 20 x 30 cm"], 2, 0, {"group"}),
        (["10 x 20 cm", "7 cm"], 0, 2, {"group_of_one"}),
        (["60 cm", "35 cm"], 0, 1, set()),
        (["60 cm", "35 cm"], 2, 2, {"silent"}),
        (["60 cm", "35 cm"], 2, 0, set()),
    ],
)
def test_evidence_on_two_choices(texts: list[str], first: int, second: int, expected: set[str]) -> None:
    measures = lengths(*texts)
    every = range(len(measures))
    values = pair_evidence(measures, measures, every, every)[first, second]
    assert {name for name, value in zip(PAIR_EVIDENCE, values, strict=True) if value} == expected


def test_of_many_measures_the_best_rated_are_assigned() -> None:
    measures = lengths(*(f"{number + 1} cm" for number in range(40)))
    ratings = rated([float(n) / 8 for n in range(40)], [-3.0] * 40, [-3.0] * 40)
    found = sides_by(same=-1.0).probabilities(dict.fromkeys(SIDES, measures), ratings)
    assert found["width"].shape == (41,)
    assert found["width"].argmax() == 39
    assert found["width"].sum() == pytest.approx(1.0)
    assert found["width"][0] == 0.0


def test_it_is_written_and_read_again() -> None:
    assignment = sides_by(same=-1.5)
    document = assignment.to_document()
    assert Assignment.from_document(document).to_document() == document
    with pytest.raises(ValueError, match="make train"):
        Assignment.from_document({**document, "evidence": ["rating"]})
