"""Own entities: words, kinds and weights decide; the eight stay as they are."""

import numpy as np
import pytest

from tapeline.answers import Answer
from tapeline.entities import UNITS_BY_ENTITY, EntitySet
from tapeline.entity_file import load_entities, parse_entities
from tapeline.notes import collect_notes
from tapeline.picture import TextLine
from tapeline.ranking.choosing import choose_answers
from tapeline.ranking.own_entities import OWN_EVIDENCE, WORDS_CONFIDENCE
from tapeline.reading.observing import NO_SHAPES, scene_of
from tapeline.reading.scene import Scene

CABLE = '[cable_length]\nkind = "length"\nwords = ["cable", "power cord"]\nunit = "metre"\n'


PRODUCTS = load_entities("products")


def scene(*lines: str) -> Scene:
    """Return a picture with lines of text below one another, far enough not to be captions."""
    text = [
        TextLine(
            line,
            0.95,
            ((50, top), (50 + 20 * len(line), top), (50 + 20 * len(line), top + 40), (50, top + 40)),
        )
        for line, top in ((line, 60 + 150 * number) for number, line in enumerate(lines))
    ]
    return scene_of(text, NO_SHAPES, 1000, 1000)


def answer(entity: str, *lines: str, entities: EntitySet = PRODUCTS) -> Answer:
    return choose_answers(scene(*lines), [entity], entities)[entity]


def mine(text: str, weights: tuple[float, ...] | None = None) -> EntitySet:
    return EntitySet(parse_entities(text, "mine", {"cable_length": weights} if weights else None))


@pytest.mark.parametrize(
    ("entity", "lines", "prediction"),
    [
        ("cable_length", ["Cable length: 1.5 m", "Height 30 cm"], "1.5 metre"),
        ("cable_length", ["6 ft power cord", "10 inch"], "1.8288 metre"),
        ("cable_length", ["Height 30 cm", "Width 20 cm"], ""),
        ("cable_length", ["No length at all"], ""),
        ("battery_capacity", ["5000mAh", "3.7V"], "5000 milliampere hour"),
        ("battery_capacity", ["Battery 2 Ah", "Output 3 A"], "2000 milliampere hour"),
        ("pressure", ["150 PSI"], "150 psi"),
        ("pieces", ["Pack of 12"], "12 piece"),
        ("frequency", ["100-240V 50/60Hz"], "60 hertz"),
    ],
)
def test_words_and_kinds_answer(entity: str, lines: list[str], prediction: str) -> None:
    assert answer(entity, *lines).prediction == prediction


def test_confidence_says_that_it_goes_by_words() -> None:
    with collect_notes() as notes:
        found = answer("battery_capacity", "Battery capacity 5000mAh")
    assert 0 < found.confidence <= WORDS_CONFIDENCE
    assert found.confidence <= found.stated
    assert notes == [
        "battery_capacity goes by words alone: it wasn't trained, and its confidence isn't calibrated"
    ]


def test_trained_weights_take_the_place_of_those_chosen_by_hand() -> None:
    silent = tuple(-9.0 if name == "bias" else 0.0 for name in OWN_EVIDENCE)
    sure = tuple(9.0 if name == "bias" else 0.0 for name in OWN_EVIDENCE)
    with collect_notes() as notes:
        for weights, prediction in ((silent, ""), (sure, "1.5 metre")):
            found = answer("cable_length", "Cable 1.5 m", entities=mine(CABLE, weights))
            assert found.prediction == prediction
        assert found.confidence > WORDS_CONFIDENCE
    assert notes == []


def test_runners_up_come_with_an_answer_and_without() -> None:
    found = answer("cable_length", "Cable 1.5 m", "Height 30 cm")
    assert [item.quantity.unit for item in found.runners_up] == ["metre"]
    assert answer("cable_length", "Height 30 cm", "Width 20 cm").runners_up


def test_implausible_sizes_are_not_answered() -> None:
    short = mine(f'{CABLE}largest = "5 metre"\n')
    assert answer("cable_length", "Cable 50 m", entities=short).prediction == ""


def test_the_answers_to_the_eight_do_not_depend_on_own_entities() -> None:
    picture = scene("Width 20 cm, 5 kg", "5000mAh 18.5Wh 50Hz", "220 V 60 W", "Cable 1.5 m, 2 pcs")
    beside = choose_answers(picture, [*UNITS_BY_ENTITY, "cable_length", "battery_capacity"], PRODUCTS)
    alone = choose_answers(picture, UNITS_BY_ENTITY)
    assert {name: beside[name] for name in alone} == alone


def test_probabilities_add_up() -> None:
    found = answer("cable_length", "Cable 1.5 m", "2 m", "3 m")
    assert np.isclose(found.stated, min(found.stated, WORDS_CONFIDENCE))
