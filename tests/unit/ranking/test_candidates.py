import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.geometry import bounds_of
from tapeline.picture import TextLine
from tapeline.quantities import format_quantity
from tapeline.ranking.candidates import Candidate, candidates_for, find_candidates
from tapeline.ranking.keywords import Keyword
from tapeline.reading.observing import NO_SHAPES, scene_of


def line(text: str, x: float = 100, y: float = 100, *, degrees: float = 0) -> TextLine:
    """Text of 24 px letters whose own top left corner is at (x, y), turned clockwise."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    wide, high = 12.0 * len(text), 24.0
    right, down = (wide * cos, wide * sin), (-high * sin, high * cos)
    return TextLine(
        text,
        0.9,
        (
            (x, y),
            (x + right[0], y + right[1]),
            (x + right[0] + down[0], y + right[1] + down[1]),
            (x + down[0], y + down[1]),
        ),
    )


def candidates(entity: str, *lines: TextLine) -> list[Candidate]:
    return candidates_for(entity, find_candidates(scene_of(lines, NO_SHAPES, 800, 400)))


def values(entity: str, *lines: TextLine) -> list[str]:
    return [format_quantity(c.quantity) for c in candidates(entity, *lines)]


def test_only_the_entitys_units_are_candidates() -> None:
    lines = [line("12V 60W"), line("30 cm", y=200), line("2 kg 500 ml", y=300)]
    assert values("voltage", *lines) == ["12 volt"]
    assert values("wattage", *lines) == ["60 watt"]
    assert values("depth", *lines) == ["30 centimetre"]
    assert values("item_weight", *lines) == ["2 kilogram"]
    assert values("item_volume", *lines) == ["500 millilitre"]


def test_an_ounce_is_a_fluid_one_in_a_volume() -> None:
    assert values("item_volume", line("20oz Bowl")) == ["20 fluid ounce"]
    assert values("item_weight", line("20oz Bowl")) == ["20 ounce"]
    assert values("item_weight", line("20 fl oz")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Width: 10 cm", [{Keyword.WIDTH}]),
        ("10 cm wide", [{Keyword.WIDTH}]),
        ("WIDTH 10cm HEIGHT 20cm", [{Keyword.WIDTH}, {Keyword.HEIGHT}]),
        ("10 cm wide, 20 cm tall", [{Keyword.WIDTH}, {Keyword.HEIGHT}]),
        ("Width 10 cm / 3.9 in", [{Keyword.WIDTH}, {Keyword.WIDTH}]),
        ("10 cm / 3.9 in wide", [{Keyword.WIDTH}, {Keyword.WIDTH}]),
        ("W: 10 cm", [{Keyword.WIDTH}]),
        ("10 cm (H)", [{Keyword.HEIGHT}]),
        ('20"W x 10"D x 30"H', [{Keyword.WIDTH}, {Keyword.DEPTH}, {Keyword.HEIGHT}]),
        ("10 x 20 x 30 cm (L x W x H)", [{Keyword.LENGTH}, {Keyword.WIDTH}, {Keyword.HEIGHT}]),
        ("Thickness 3mm", [{Keyword.DEPTH}]),
        ("ø 5 cm", [{Keyword.DIAMETER}]),
        ("10 cm", [set()]),
        ("Widths vary within 10 cm", [set()]),
    ],
)
def test_words_beside_a_length_say_which_it_is(text: str, expected: list[set[Keyword]]) -> None:
    assert [set(c.keywords) for c in candidates("width", line(text))] == expected


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("NET WT. 2 kg", Keyword.WEIGHT),
        ("N.W. 2 kg", Keyword.WEIGHT),
        ("Max load 2 kg", Keyword.LOAD),
        ("Holds up to 2 kg", Keyword.LOAD),
        ("2 kg capacity", Keyword.LOAD),
        ("Protein 2 g", Keyword.SERVING),
        ("Gross 2 kg", Keyword.PACKAGE),
    ],
)
def test_words_beside_a_weight_say_whose_it_is(text: str, keyword: Keyword) -> None:
    (candidate,) = candidates("item_weight", line(text))
    assert keyword in candidate.keywords


def test_a_short_line_beside_a_number_is_its_caption() -> None:
    above, number, far = line("Height", y=70), line("22 cm"), line("Width", y=300)
    (candidate,) = candidates("height", number, far, above)
    assert candidate.caption == {Keyword.HEIGHT}
    assert candidate.keywords == frozenset()


def test_a_long_sentence_or_a_line_with_a_number_of_its_own_is_no_caption() -> None:
    sentence = line("the height of all of these tables varies", y=70)
    other = line("Width 10 cm", y=130)
    (candidate,) = [c for c in candidates("height", line("22 cm"), sentence, other) if c.line.text == "22 cm"]
    assert candidate.caption == frozenset()


def test_candidates_come_in_reading_order_with_their_place() -> None:
    lower, upper = line("20 cm", 370, 188), line("10 cm", 0, 0)
    first, second = candidates("width", lower, upper)
    assert [(c.order, c.line.text) for c in (first, second)] == [(0, "10 cm"), (1, "20 cm")]
    assert [second.x, second.y] == pytest.approx([0.5, 0.5])
    assert second.line.box == lower.box


def test_ranges_and_groups_are_marked() -> None:
    assert [c.found.range_bound for c in candidates("voltage", line("100-240V"))] == ["low", "high"]
    assert [(c.found.member, c.found.group_size) for c in candidates("width", line("5 x 7 in"))] == [
        (0, 2),
        (1, 2),
    ]


NUMBERS = st.floats(-1e4, 1e4)
POINTS = st.tuples(NUMBERS, NUMBERS)
LINES = st.builds(
    TextLine,
    st.one_of(
        st.text(min_size=1, max_size=30), st.sampled_from(["4", "cm", "1/2", '"', "W", "height", "5 x 7 in"])
    ),
    st.floats(0, 1),
    st.tuples(POINTS, POINTS, POINTS, POINTS),
)


@given(st.lists(LINES, max_size=8), st.sampled_from(sorted(UNITS_BY_ENTITY)))
def test_no_lines_raise_and_each_candidate_has_a_unit_of_its_entity(
    lines: list[TextLine], entity: str
) -> None:
    found = candidates_for(entity, find_candidates(scene_of(lines, NO_SHAPES, 100, 100)))
    assert all(c.quantity.unit in UNITS_BY_ENTITY[entity] for c in found)
    # A number and its unit may be read as two lines: then the candidate's box is around both.
    read = [line.box for line in lines]
    for candidate in found:
        assert candidate.line.box in read or bounds_of([candidate.line.box]) in {
            bounds_of(pair) for pair in combinations(read, 2)
        }
    assert sorted({c.order for c in found}) == [c.order for c in found]


def test_a_caption_in_the_same_row_is_told_apart_from_one_beside() -> None:
    (far,) = candidates("height", line("Height", x=20), line("35 cm", x=600))
    assert far.caption == frozenset()
    assert far.table_row == {Keyword.HEIGHT}


@pytest.mark.parametrize("text", ["NET WT 8 oz", "8 oz / 227 g", "Weight: 4.41 oz", "100 g (3.53 oz)"])
def test_ounces_that_are_weighed_are_no_volume(text: str) -> None:
    assert values("item_volume", line(text)) == []
    assert values("item_weight", line(text))


@pytest.mark.parametrize("last", ["10.1(D) mm", "10.1(0) mm", "10.1 (D)mm"])
def test_sides_before_their_unit(last: str) -> None:
    found = candidates("depth", line(f"326.5(W)x253.5(H) x{last}"))
    assert [(format_quantity(c.quantity), set(c.keywords)) for c in found] == [
        ("326.5 millimetre", {Keyword.WIDTH}),
        ("253.5 millimetre", {Keyword.HEIGHT}),
        ("10.1 millimetre", {Keyword.DEPTH}),
    ]


def test_letters_that_name_sides_stay_where_there_is_no_list() -> None:
    (candidate,) = candidates("depth", line("D.61cm"))
    assert candidate.keywords == {Keyword.DEPTH}
    listed = candidates("depth", *(line(f"{letter}.61cm", y=50.0 * ord(letter)) for letter in "ABCD"))
    assert [c.keywords for c in listed] == [frozenset()] * 4


@pytest.mark.parametrize("text", ["0", "(0)"])
def test_a_zero_beside_a_number_is_no_caption(text: str) -> None:
    (candidate,) = candidates("depth", line("30 cm", x=200), line(text, x=150))
    assert candidate.caption == frozenset()
