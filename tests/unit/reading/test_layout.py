"""Laying out text: repaired, joined with units that stand apart, measured, in reading order."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.picture import TextLine
from tapeline.quantities import format_quantity
from tapeline.reading.layout import gap_between
from tapeline.reading.observing import NO_SHAPES, scene_of
from tapeline.reading.scene import PlacedLine


def line(text: str, x: float = 100, y: float = 100, *, degrees: float = 0) -> TextLine:
    """Text of 24 px letters whose own top left corner is at (x, y), turned clockwise."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    wide, high = 12.0 * len(text), 24.0
    right, down = (wide * cos, wide * sin), (-high * sin, high * cos)
    corners = (
        (x, y),
        (x + right[0], y + right[1]),
        (x + right[0] + down[0], y + right[1] + down[1]),
        (x + down[0], y + down[1]),
    )
    return TextLine(text, 0.9, corners)


def placed(*lines: TextLine) -> list[PlacedLine]:
    return list(scene_of(lines, NO_SHAPES, 800, 400).lines)


def quantities(*lines: TextLine) -> list[str]:
    return [format_quantity(found.quantity) for line in placed(*lines) for found in line.quantities]


@pytest.mark.parametrize(("x", "y"), [(150.0, 100.0), (100.0, 130.0)], ids=["right", "below"])
def test_a_number_and_its_unit_in_neighbouring_lines_are_joined(x: float, y: float) -> None:
    number, unit = line("4.2", 100, 100), line("in", x, y)
    (joined,) = placed(number, unit)
    assert [format_quantity(found.quantity) for found in joined.quantities] == ["4.2 inch"]
    assert joined.text == "4.2 in"
    assert joined.box == number.box


def test_a_unit_far_off_is_not_joined() -> None:
    assert quantities(line("4.2", 100, 100), line("in", 400, 300)) == []


def test_one_unit_is_joined_to_one_number_only() -> None:
    found = placed(line("4", 100, 100), line("7", 170, 100), line("cm", 125, 100))
    assert [line.text for line in found] == ["4 cm", "7"]


def test_the_nearest_unit_is_joined() -> None:
    found = placed(line("4", 100, 100), line("cm", 135, 100), line("kg", 118, 100))
    assert [line.text for line in found] == ["4 kg", "cm"]


def test_a_table_s_unit_stands_left_of_its_number() -> None:
    assert quantities(line("Weight (kg)", x=20), line("5.2", x=400)) == ["5.2 kilogram"]
    row = [line("Weight", x=20), line("LBS", x=300), line("526.9", x=500)]
    assert quantities(*row) == ["526.9 pound"]


def test_a_unit_for_the_whole_picture_goes_to_bare_numbers() -> None:
    lines = [line("Unit: cm", x=20, y=20), line("35", x=300, y=200), line("40 x 60", x=300, y=340)]
    assert quantities(*lines) == ["35 centimetre", "40 centimetre", "60 centimetre"]


def test_bare_numbers_without_a_unit_are_none() -> None:
    assert quantities(line("Size", x=20, y=20), line("35", x=300, y=200)) == []


def test_degrees_after_the_name_of_a_side_are_inches_where_others_have_inch_marks() -> None:
    assert quantities(line("Width 25.4°"), line('46.7"', y=200)) == ["25.4 inch", "46.7 inch"]
    assert quantities(line("Width 25.4°")) == []
    assert quantities(line("Tilt 25.4°"), line('46.7"', y=200)) == ["46.7 inch"]


@pytest.mark.parametrize("angle", ["45°", "90°", "Width 180°"])
def test_angles_that_products_turn_by_stay_angles(angle: str) -> None:
    assert quantities(line(angle), line('46.7"', y=200)) == ["46.7 inch"]


def test_feet_are_inches_where_others_have_inch_marks() -> None:
    assert quantities(line("46'"), line('26"', y=200)) == ["46 inch", "26 inch"]
    assert quantities(line("25 1/2'"), line('26"', y=200)) == ["25.5 inch", "26 inch"]
    assert quantities(line("6'"), line('26"', y=200)) == ["6 foot", "26 inch"]
    assert quantities(line("5.5'"), line('4.5"', y=200)) == ["5.5 inch", "4.5 inch"]
    assert quantities(line("46'"), line("26'", y=200)) == ["46 foot", "26 foot"]


@pytest.mark.parametrize(
    ("metres", "others", "expected"),
    [
        ("84 m", ["166 cm"], "84 centimetre"),
        ("W=7.5m", ["6.2 cm"], "7.5 centimetre"),
        ("72.m", ["90 cm / 35.4 in"], "72 centimetre"),
        ("7m", ["20 mm"], "7 millimetre"),
        ("2 m", ["30 cm"], "2 metre"),
        ("Length: 60 m", ["51 cm"], "60 metre"),
        ("5m", ["13 cm", "16.4 ft"], "5 metre"),
        ("84 m", ["12 V"], "84 metre"),
    ],
)
def test_metres_are_centimetres_where_others_are_about_as_many(
    metres: str, others: list[str], expected: str
) -> None:
    lines = [line(other, y=150 + 40 * index) for index, other in enumerate(others)]
    assert quantities(line(metres), *lines)[0] == expected


def test_a_unit_that_runs_up_stands_above_its_number() -> None:
    number, unit = line("55", 100, 140), line("cm", 100, 136, degrees=-90)
    (joined,) = placed(number, unit)
    assert joined.text == "55 cm"
    assert joined.direction == "upright"
    assert len(placed(number, line("cm", 124, 112, degrees=90))) == 2


def test_a_misread_diameter_sign_is_in_the_plain_text() -> None:
    (found,) = placed(line("0274 mm"))
    assert found.plain == "ø274 mm"
    assert found.text == "0274 mm"


def test_a_side_s_number_is_joined_with_the_unit_below() -> None:
    assert quantities(line("Depth: 63"), line("cm [24.8", y=130)) == ["63 centimetre"]


@pytest.mark.parametrize("head", ["Width (cm)", "cm", "Size: cm"])
def test_a_table_s_unit_stands_above_its_numbers(head: str) -> None:
    table = [line(head, 300), line("20", 310, 160), line("35.5", 300, 220), line("kg", 600)]
    assert quantities(*table) == ["20 centimetre", "35.5 centimetre"]


def test_a_table_s_unit_is_for_all_numbers_of_its_row() -> None:
    row = [line("Size (mm)", 20), line("20", 300), line("35", 400), line("S", 700)]
    assert quantities(*row) == ["20 millimetre", "35 millimetre"]


@pytest.mark.parametrize(
    "said", ["Unit: mm", "(mm)", "Dimensions: mm", "All dimensions are in mm", "Measurements in mm"]
)
def test_a_unit_said_for_all_is_given_to_bare_numbers(said: str) -> None:
    drawing = [line("120", 100, 100), line("35", 300, 200), line(said, 500, 300)]
    assert quantities(*drawing) == ["120 millimetre", "35 millimetre"]


@pytest.mark.parametrize("text", ["1.4 Wide", "Depth: 4", "Back Width 4", "0.040 Thick"])
def test_a_side_takes_the_picture_s_only_unit_of_length(text: str) -> None:
    assert len(quantities(line(text), line('12"', y=200), line("3 kg", y=300))) == 3
    assert len(quantities(line(text), line('12"', y=200), line("3 cm", y=300))) == 2
    assert len(quantities(line(text), line("12 m", y=200))) == 1


@pytest.mark.parametrize("text", ["75.5", "-35-", "7,5", "<20>"])
def test_a_bare_size_takes_the_picture_s_only_unit_of_length(text: str) -> None:
    assert len(quantities(line(text), line("22 cm", y=200))) == 2
    assert len(quantities(line(text), line("22 cm", y=200), line("9 in", y=300))) == 2


def test_bare_fractions_take_inches() -> None:
    assert quantities(line("141/2"), line('15 1/4"', y=200)) == ["14.5 inch", "15.25 inch"]
    assert quantities(line("12 3/8"), line('15 1/4"', y=200)) == ["12.375 inch", "15.25 inch"]


@pytest.mark.parametrize("text", ["4", "360", "2", "45%", "1/2", "#30", "07", "2024", "30 40"])
def test_other_bare_numbers_stay_bare(text: str) -> None:
    assert quantities(line(text), line("22 cm", y=200)) == ["22 centimetre"]


def test_numbers_in_other_letters_stay_bare() -> None:
    corners = ((400.0, 100.0), (500.0, 100.0), (500.0, 150.0), (400.0, 150.0))
    large = TextLine("25", 0.9, corners)
    assert quantities(large, line("22 cm", y=200)) == ["22 centimetre"]


def test_letters_of_a_list_are_blanked_from_three_on() -> None:
    def plain(letters: str) -> set[str]:
        lines = [line(f"{letter}.61cm", y=40.0 * n) for n, letter in enumerate(letters)]
        return {line.plain for line in placed(*lines)}

    assert plain("ABC") == {"  61cm"}
    assert plain("AB") == {"a.61cm", "b.61cm"}


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(0, "flat"), (5, "flat"), (180, "flat"), (90, "upright"), (270, "upright"), (35, "oblique")],
)
def test_the_box_says_which_way_the_text_runs(degrees: float, expected: str) -> None:
    (found,) = placed(line("30 cm", 300, 200, degrees=degrees))
    assert found.direction == expected
    assert found.letter_height == pytest.approx(24)


def test_lines_come_from_the_top_and_each_row_from_the_left() -> None:
    found = placed(line("c", 10, 300), line("b", 400, 20), line("a", 10, 20))
    assert [line.text for line in found] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (172.0, 100.0, (1.0, "right")),
        (40.0, 100.0, (1.5, "left")),
        (100.0, 148.0, (1.0, "below")),
        (100.0, 52.0, (1.0, "above")),
        (300.0, 300.0, None),
    ],
)
def test_a_neighbour_is_so_many_letter_heights_off(
    x: float, y: float, expected: tuple[float, str] | None
) -> None:
    scene = scene_of([line("abcd"), line("x" * 2, x, y)], NO_SHAPES, 800, 400)
    first = next(found for found in scene.lines if found.plain == "abcd")
    other = next(found for found in scene.lines if found.plain == "xx")
    assert gap_between(first, other) == expected


@given(
    st.lists(
        st.builds(
            line,
            st.sampled_from(
                [
                    "4",
                    "cm",
                    "1/2",
                    '"',
                    "Unit: cm",
                    "(kg)",
                    "A.5 cm",
                    "30°",
                    "5 x 7 in",
                    "x",
                    "19'",
                    "22",
                    "5 m",
                ]
            ),
            st.floats(0, 800),
            st.floats(0, 400),
        ),
        max_size=9,
    )
)
def test_nothing_is_read_twice_and_nothing_but_units_goes(lines: list[TextLine]) -> None:
    found = placed(*lines)
    assert len(found) <= len(lines)
    words = " ".join(line.text for line in found)
    assert all(line.text in words or line.text in {"30°", "19'", "5 m"} for line in lines)


def test_a_bare_number_takes_no_unit_where_its_row_says_another_one() -> None:
    others = [line("Stroke (mm)"), line("140", x=400)]
    speed = [line("Speed (r/min)", y=150), line("450", x=400, y=150)]
    assert quantities(*others, *speed) == ["140 millimetre"]
    assert quantities(*others, line("Speed", y=150), speed[1]) == ["140 millimetre", "450 millimetre"]
