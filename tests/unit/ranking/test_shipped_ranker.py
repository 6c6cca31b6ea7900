"""The shipped ranker where pictures leave no doubt: training anew must not lose these."""

import numpy as np
import pytest

from tapeline.entities import SIDES
from tapeline.picture import Shapes, TextLine
from tapeline.quantities import format_prediction
from tapeline.ranking.choosing import choose_answers
from tapeline.reading.observing import NO_SHAPES, scene_of


def line(text: str, x: float, y: float, high: float = 28) -> TextLine:
    wide = high / 2 * len(text)
    return TextLine(text, 0.97, ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high)))


def strokes(*segments: tuple[float, float, float, float]) -> list[tuple[float, float, float, float]]:
    """Return both edges of drawn lines two pixels wide, as a segment detector finds them."""
    return [
        edge for x1, y1, x2, y2 in segments for edge in ((x1, y1, x2, y2), (x2 + 2, y2 + 2, x1 + 2, y1 + 2))
    ]


def predict(lines: list[TextLine], shapes: Shapes, *entities: str) -> list[str]:
    answers = choose_answers(scene_of(lines, shapes, 1000, 1000), entities)
    return [format_prediction(answers[name].quantity) for name in entities]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["Width: 40 cm", "Height: 90 cm", "Depth: 35 cm"], ["40", "90", "35"]),
        (["Depth: 35 cm", "Width: 40 cm", "Height: 90 cm"], ["40", "90", "35"]),
        (["40cm (W)", "90cm (H)", "35cm (D)"], ["40", "90", "35"]),
        (["30 x 20 x 10 cm (W x D x H)"], ["30", "10", "20"]),
    ],
)
def test_words_decide(texts: list[str], expected: list[str]) -> None:
    lines = [line(text, 300, 200 + 200 * row) for row, text in enumerate(texts)]
    assert predict(lines, NO_SHAPES, *SIDES) == [f"{number} centimetre" for number in expected]


def test_drawn_lines_decide() -> None:
    # A box in perspective, with an upright line, a flat one and an oblique one.
    drawn = strokes((150, 250, 150, 750), (230, 800, 640, 800), (670, 800, 800, 700))
    shapes = Shapes(np.array(drawn, np.float32), (230.0, 200.0, 800.0, 760.0))
    lines = [line("90 cm", 50, 490), line("60 cm", 400, 815), line("35 cm", 755, 765)]
    assert predict(lines, shapes, *SIDES) == ["60 centimetre", "90 centimetre", "35 centimetre"]


def test_weight_and_load_stay_apart() -> None:
    lines = [line("Net weight: 8 kg", 200, 200), line("Max load capacity: 150 kg", 200, 500)]
    entities = ("item_weight", "maximum_weight_recommendation")
    assert predict(lines, NO_SHAPES, *entities) == ["8 kilogram", "150 kilogram"]


@pytest.mark.parametrize(
    "text",
    [
        "Net weight: 2 kg", "NET WEIGHT: 69.2KG", "Net weight 98 kg", "Product weight: 98 lb", "N.W. 40 kg",
        "Weight 69 lbs",
    ],
)  # fmt: skip
def test_a_word_outweighs_the_size_of_a_weight(text: str) -> None:
    answers = predict([line(text, 300, 300)], NO_SHAPES, "item_weight", "maximum_weight_recommendation")
    assert answers[0]
    assert not answers[1]


def test_ounces_that_are_also_millilitres_are_no_weight() -> None:
    lines = [line("33 oz / 1 l", 200, 200), line("Bottle", 200, 300)]
    assert predict(lines, NO_SHAPES, "item_volume", "item_weight") == ["33 fluid ounce", ""]


def test_where_nothing_was_read_it_may_still_be_stated() -> None:
    answers = choose_answers(scene_of([], NO_SHAPES, 1000, 1000), SIDES)
    for answer in answers.values():
        assert (answer.quantity, answer.confidence) == (None, 0.0)
        assert 0 < answer.stated < 1
