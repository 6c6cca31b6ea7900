from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.answers import Answer
from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import ErrorCode, RowError
from tapeline.picture import Shapes, TextLine
from tapeline.quantities import format_prediction
from tapeline.ranking.choosing import choose_answers
from tapeline.ranking.forest import Forest
from tapeline.ranking.keywords import Keyword
from tapeline.ranking.priors import Category
from tapeline.ranking.ranker import MeasureSets, default_line_rater
from tapeline.reading.observing import NO_SHAPES, scene_of
from tapeline.reading.scene import Scene
from tests.unit.ranking.small_ranker import leaf, small_ranker

RATER = default_line_rater()

RANKER = small_ranker()


def line(text: str, x: float = 100, y: float = 100, *, vertical: bool = False) -> TextLine:
    wide, high = 12.0 * len(text), 24.0
    if vertical:
        return TextLine(text, 0.9, ((x, y + wide), (x, y), (x + high, y), (x + high, y + wide)))
    return TextLine(text, 0.9, ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high)))


def scene(lines: list[TextLine], shapes: Shapes = NO_SHAPES) -> Scene:
    return scene_of(lines, shapes, 800, 800)


def choose(seen: Scene, *entities: str) -> dict[str, Answer]:
    return choose_answers(seen, entities, ranker=RANKER)


def predict(lines: list[TextLine], *entities: str) -> list[str]:
    answers = choose(scene(lines), *entities)
    return [format_prediction(answers[name].quantity) for name in entities]


@pytest.mark.parametrize(
    ("text", "entity", "expected"),
    [
        ("Net weight: 12.5 kg", "item_weight", "12.5 kilogram"),
        ("Max load 120 kg", "maximum_weight_recommendation", "120 kilogram"),
        ("Max load 120 kg", "item_weight", ""),
        ("12V DC", "voltage", "12 volt"),
        ("2200 W", "wattage", "2200 watt"),
        ("16 fl oz", "item_volume", "16 fluid ounce"),
        ("Height: 30 cm", "height", "30 centimetre"),
        ("5000 mAh", "voltage", ""),
        ("Best before 2027", "item_weight", ""),
        ("Protein 25 g", "item_weight", ""),
        ("NET WT 46000 kg", "item_weight", ""),
        ("Length 3000 m", "width", ""),
    ],
)
def test_a_line_that_says_it(text: str, entity: str, expected: str) -> None:
    assert predict([line(text)], entity) == [expected]


def test_words_beside_the_numbers_win() -> None:
    lines = [line("Width: 40 cm", y=100), line("Height: 90 cm", y=200), line("Depth: 35 cm", y=300)]
    assert predict(lines, "depth", "height", "width") == ["35 centimetre", "90 centimetre", "40 centimetre"]


def test_an_answer_says_where_it_was_read() -> None:
    said = line("Net weight 2 kg")
    answer = choose(scene([said]), "item_weight")["item_weight"]
    assert answer.text
    assert answer.box is not None
    assert 0 < answer.confidence <= 1


def test_where_nothing_was_read_it_abstains() -> None:
    assert predict([], *UNITS_BY_ENTITY) == [""] * len(UNITS_BY_ENTITY)


def test_an_unknown_entity_is_an_error() -> None:
    with pytest.raises(RowError, match="colour") as caught:
        choose(scene([]), "colour")
    assert caught.value.code is ErrorCode.UNKNOWN_ENTITY


@given(
    st.lists(
        st.builds(line, st.text(min_size=1, max_size=40), st.floats(0, 800), st.floats(0, 800)), max_size=6
    )
)
def test_whatever_was_read_every_answer_has_a_unit_of_its_entity(lines: list[TextLine]) -> None:
    for entity, answer in choose(scene(lines), *UNITS_BY_ENTITY).items():
        if answer.quantity is not None:
            assert answer.quantity.unit in UNITS_BY_ENTITY[entity]


@pytest.mark.parametrize(
    ("text", "entity", "expected"),
    [
        ("14.5cm / 5.7in", "height", "14.5 centimetre"),
        ("5.7in / 14.5cm", "height", "5.7 inch"),
        ("NET WT 12 OZ (340g)", "item_weight", "340 gram"),
        ("20oz Bowl", "item_volume", "20 fluid ounce"),
        ("Product weight 80 g", "maximum_weight_recommendation", ""),
    ],
)
def test_of_several_units_the_catalogue_s_or_the_first(text: str, entity: str, expected: str) -> None:
    assert predict([line(text)], entity) == [expected]


def test_each_side_gets_a_measure_of_its_own_where_there_are_enough() -> None:
    lines = [line('20"W x 10"D x 30"H')]
    assert predict(lines, "width", "depth", "height") == ["20 inch", "10 inch", "30 inch"]


def test_inch_marks_read_as_degrees_are_repaired() -> None:
    sides = ("width", "depth", "height")
    assert predict([line("77°L X 54°W X 41°H")], "width", "height") == ["54 inch", "41 inch"]
    lines = [line("Width", y=100), line("20°", x=200, y=100), line('Height 30"', y=400)]
    assert predict(lines, "width") == ["20 inch"]
    assert predict([line("Rotates by 20°")], *sides) == ["", "", ""]


def test_weight_and_load_of_one_picture_stay_apart() -> None:
    lines = [line("Net weight 8 kg", y=100), line("Load capacity 150 kg", y=300)]
    assert predict(lines, "item_weight", "maximum_weight_recommendation") == ["8 kilogram", "150 kilogram"]


def test_a_part_of_the_product_is_not_its_size() -> None:
    lines = [line("Seat height 45 cm", y=100), line("Height 90 cm", y=300)]
    assert predict(lines, "height") == ["90 centimetre"]


def test_an_answer_does_not_depend_on_what_else_is_asked() -> None:
    lines = [line("90 cm", x=40, y=350, vertical=True), line("40 cm", x=350, y=740), line("35 cm", y=60)]
    sides = ["width", "height", "depth"]
    together = choose(scene(lines), *sides)
    alone = {side: choose(scene(lines), side)[side] for side in sides}
    assert together == alone


def test_crowded_pictures_are_rated_too() -> None:
    lines = [line(f"{number} cm", x=number % 40 * 20, y=number // 40 * 20) for number in range(1, 400)]
    answers = choose(scene(lines), "width", "height", "depth")
    assert all(len(answer.runners_up) == 2 for answer in answers.values())


def test_the_line_that_a_number_stands_on_says_which_side_it_is() -> None:
    lines = [line("90 cm", x=60, y=380), line("40 cm", x=370, y=740)]
    flat = Shapes(np.array([[200, 730, 600, 730]], np.float32), (200, 100, 600, 700))
    upright = Shapes(np.array([[140, 100, 140, 700]], np.float32), (200, 100, 600, 700))
    both = Shapes(np.concatenate([flat.segments, upright.segments]), flat.outline)
    answers = choose(scene(lines, both), "width", "height")
    assert format_prediction(answers["height"].quantity) == "90 centimetre"
    assert format_prediction(answers["width"].quantity) == "40 centimetre"


def test_a_measure_on_an_upright_line_is_no_width() -> None:
    upright = Shapes(np.array([[140, 100, 140, 700]], np.float32), (200, 100, 600, 700))
    answers = choose(scene([line("90 cm", x=60, y=380)], upright), "width", "height")
    assert format_prediction(answers["height"].quantity) == "90 centimetre"
    assert format_prediction(answers["width"].quantity) == ""


def test_runners_up_are_the_other_quantities_best_first() -> None:
    lines = [line("Net Wt 500 g", y=100), line("2 kg", y=300), line("500 g", y=500), line("3 kg", y=700)]
    answer = choose(scene(lines), "item_weight")["item_weight"]
    assert format_prediction(answer.quantity) == "500 gram"
    assert sorted(format_prediction(runner.quantity) for runner in answer.runners_up) == [
        "2 kilogram",
        "3 kilogram",
    ]
    assert answer.runners_up[0].text in {"2 kg", "3 kg"}
    assert answer.confidence > answer.runners_up[0].confidence >= answer.runners_up[1].confidence


def test_an_empty_answer_has_runners_up_too() -> None:
    answer = choose(scene([line("Height 45 cm")]), "depth")["depth"]
    assert format_prediction(answer.quantity) == ""
    assert [format_prediction(runner.quantity) for runner in answer.runners_up] == ["45 centimetre"]


def test_a_side_of_a_part_is_not_even_a_runner_up() -> None:
    answer = choose(scene([line("Seat height 45 cm")]), "height")["height"]
    assert (format_prediction(answer.quantity), answer.runners_up) == ("", ())


def test_letters_of_a_list_are_no_sides() -> None:
    listed = [
        line(text, y=300 + 40 * place) for place, text in enumerate(["A.46cm", "B.51cm", "C.55cm", "D.61cm"])
    ]
    assert not any(MeasureSets(scene(listed), RATER).of("depth").keywords)
    assert MeasureSets(scene(listed[3:]), RATER).of("depth").keywords == (frozenset({Keyword.DEPTH}),)


def test_each_answer_says_how_probably_the_picture_states_it() -> None:
    lines = [line("Height: 30 cm"), line("12 cm", y=500)]
    answers = choose(scene(lines), "height", "width", "voltage")
    assert answers["height"].stated >= answers["height"].confidence > 0.5
    assert answers["width"].stated >= answers["width"].confidence
    silent = answers["voltage"]
    assert (silent.quantity, silent.confidence) == (None, 0.0)
    assert 0 <= silent.stated < answers["width"].stated


def test_one_weight_is_no_weight_and_load_at_once() -> None:
    lines = [line("100 kg")]
    assert predict(lines, "item_weight", "maximum_weight_recommendation") == ["100 kilogram"] * 2
    apart = choose_answers(
        scene([line("Load capacity 100 kg")]),
        ["item_weight", "maximum_weight_recommendation"],
        ranker=small_ranker(same=-20.0),
    )
    assert [format_prediction(answer.quantity) for answer in apart.values()] == ["", "100 kilogram"]


def test_products_of_a_known_category_are_rated_by_their_own_trees() -> None:
    silent = Forest.from_document([leaf(-9.0)])
    ranker = replace(
        RANKER,
        families=tuple(replace(family, category_forest=silent) for family in RANKER.families),
        priors=replace(RANKER.priors, categories={"752266": Category(300, {})}),
    )
    seen = scene([line("Height: 30 cm")])
    for category, expected in (("", "30 centimetre"), ("shoes", "30 centimetre"), ("752266", "")):
        answer = choose_answers(seen, ["height"], category=category, ranker=ranker)["height"]
        assert format_prediction(answer.quantity) == expected
