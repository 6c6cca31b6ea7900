import importlib
import pkgutil
import re
import string
import sys
from decimal import Decimal
from types import CodeType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tapeline import quantities
from tapeline.quantities import Quantity, find_quantities, format_quantity, parse_quantity, plain_text
from tests.unit.quantities.helpers import UNITS, found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.5cm", ["12.5 centimetre"]),
        ("1/2 in", ["0.5 inch"]),
        ('3 15/16"', ["3.9375 inch"]),
        ("3-15/16 inches", ["3.9375 inch"]),
        ('6¾"', ["6.75 inch"]),
        ("1,5 kg", ["1.5 kilogram"]),
        ("1,000 g", ["1000 gram"]),
        ("2 fl oz", ["2 fluid ounce"]),
        ("2 FL. OZ.", ["2 fluid ounce"]),
        ("16 lbs", ["16 pound"]),
        ("78 grammi", ["78 gram"]),
        ("5 kilogramos", ["5 kilogram"]),
        ("22 Wats", ["22 watt"]),
        ("Net Wt 250gms", ["250 gram"]),
        ("12V DC", ["12 volt"]),
        ("1.5 kW", ["1.5 kilowatt"]),
        ("60 Watts", ["60 watt"]),
        ("500ml", ["500 millilitre"]),
        ("75 cl", ["75 centilitre"]),
        ("3 feet", ["3 foot"]),
        ("30 x 20 x 10 cm", ["30 centimetre", "20 centimetre", "10 centimetre"]),
        ("10.5 × 4 × 2 inches", ["10.5 inch", "4 inch", "2 inch"]),
        ("100-240V", ["100 volt", "240 volt"]),
        ("5000mAh", []),
        ("50 Hz", []),
        ("5 in 1", []),
        ("net wt.8 oz", ["8 ounce"]),
        (".5 oz", ["0.5 ounce"]),
        ("12.Inch", ["12 inch"]),
        ('75"DIA', ["75 inch"]),
        ("16f oz. 473 ml", ["16 fluid ounce", "473 millilitre"]),
        ("2751bs", ["275 pound"]),
        ("275|bs", ["275 pound"]),
        ("Up to 265 |bs", ["265 pound"]),
        ("250|b", ["250 pound"]),
        ("275|bsd", []),
        ("18VLITHIUM", ["18 volt"]),
        ('241/4"', ["24.25 inch"]),
        ('31.3/4"', ["31.75 inch"]),
        ("110/220V", ["110 volt", "220 volt"]),
        ("Product voltage (V): 110", ["110 volt"]),
        ("12(V) x 2 pcs", ["12 volt"]),
        ("Size(cm): 20*30*10", ["20 centimetre", "30 centimetre", "10 centimetre"]),
        ("3.In Wasser", []),
        ("nan kg", []),
        ("0/0 in", []),
        ("", []),
    ],
)
def test_common_spellings(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    for item in find_quantities(text):
        assert 0 <= item.start <= item.end <= len(text)
        assert parse_quantity(format_quantity(item.quantity)).unit == item.quantity.unit


@given(
    st.lists(
        st.sampled_from(["1e400", " kg", "1/0", '"', "'", "x", "-", ",", ".", "9" * 50, "½", " in", "V", "٣"])
    )
)
def test_no_sequence_of_number_like_pieces_raises(pieces: list[str]) -> None:
    find_quantities("".join(pieces))


def count_steps(text: str) -> int:
    """Return how many instructions of the interpreter finding the quantities of a text takes."""
    steps = 0

    def count(code: CodeType, offset: int) -> None:
        nonlocal steps
        steps += 1

    monitoring = sys.monitoring
    tool, instruction = monitoring.PROFILER_ID, monitoring.events.INSTRUCTION
    monitoring.use_tool_id(tool, "steps")
    try:
        monitoring.register_callback(tool, instruction, count)
        monitoring.set_events(tool, instruction)
        find_quantities(text)
    finally:
        monitoring.set_events(tool, monitoring.events.NO_EVENTS)
        monitoring.register_callback(tool, instruction, None)
        monitoring.free_tool_id(tool)
    return steps


@pytest.mark.parametrize(
    ("piece", "end"),
    [
        ("1/", ""),
        ("1 ", ""),
        ("1x", ""),
        ("1-", ""),
        ("9", ""),
        (".", ""),
        (",1", ""),
        ("kg ", ""),
        ("1/2 ", ""),
        ("'\"", ""),
        ("1x", "1 cm"),
        ("1 cm x", ""),
        ("5' ", '1"'),
        ("(kg) 5 ", "é"),
        ("1x2/3x", "4 in"),
        ("1 ", "cm"),
        ("10z", ""),
        ("5cm/2in ", ""),
        ("a1m", ""),
        ("1 wide ", "1 cm"),
    ],
)
def test_ten_times_the_text_takes_ten_times_the_steps(piece: str, end: str) -> None:
    # A search in a pattern is one step: test_only_runs_of_digits_are_unbounded_in_a_pattern bounds it.
    few, many = (count_steps((piece * length)[:length] + end) for length in (500, 5_000))
    assert 0 < many <= 10.5 * few


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100-240V", ["100 volt", "240 volt"]),
        ("AC 100V ~ 240V 50/60Hz", ["100 volt", "240 volt"]),
        ("110/220V", ["110 volt", "220 volt"]),
        ("10 to 15 kg", ["10 kilogram", "15 kilogram"]),
        ("0.5–1.5 mm", ["0.5 millimetre", "1.5 millimetre"]),
        ('8"-10"', ["8 inch", "10 inch"]),
    ],
)
def test_a_range_gives_both_ends(text: str, expected: list[str]) -> None:
    assert found(text) == expected
    assert [f.range_bound for f in find_quantities(text)] == ["low", "high"]


@pytest.mark.parametrize("text", ["59in/150cm", "600ml/20oz", "48V500W", "9.8 in 25 cm", "20-10 cm"])
def test_two_sizes_beside_one_another_are_no_range(text: str) -> None:
    assert {f.range_bound for f in find_quantities(text)} == {None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 x 20 x 30 cm", ["10 centimetre", "20 centimetre", "30 centimetre"]),
        ("10*20*30cm", ["10 centimetre", "20 centimetre", "30 centimetre"]),
        ("10cm × 20 × 30", ["10 centimetre", "20 centimetre", "30 centimetre"]),
        ('20"W x 10"D x 30"H', ["20 inch", "10 inch", "30 inch"]),
        ("10cm(L) x 5cm(W) x 3cm (H)", ["10 centimetre", "5 centimetre", "3 centimetre"]),
        ("L10*W20*H30cm", ["10 centimetre", "20 centimetre", "30 centimetre"]),
        ("14 in. x 10 in.", ["14 inch", "10 inch"]),
        ("15.7×23.6in", ["15.7 inch", "23.6 inch"]),
        ("20cmx30cm", ["20 centimetre", "30 centimetre"]),
        ("5cm*5m", ["5 centimetre", "5 metre"]),
        ("5 by 7 inches", ["5 inch", "7 inch"]),
        ("10 x 20mm x 5m x 3", ["10 millimetre", "20 millimetre", "5 metre", "3 metre"]),
    ],
)
def test_a_group_shares_its_unit_and_counts_its_members(text: str, expected: list[str]) -> None:
    group = find_quantities(text)
    assert found(text) == expected
    assert [(f.member, f.group_size) for f in group] == [(i, len(expected)) for i in range(len(expected))]


@pytest.mark.parametrize("text", ["2 kg x 5 cm", "5 cm x 12 V x 3", "10 x 20 x 30", "4 x AA 10 cm"])
def test_there_is_no_group_without_lengths_or_with_other_units(text: str) -> None:
    assert {f.group_size for f in find_quantities(text)} <= {1}


def test_two_groups_in_one_line_stay_apart() -> None:
    group = find_quantities("40 x 60 cm / 15.7 x 23.6 inch")
    assert [f.member for f in group] == [0, 1, 0, 1]
    assert [f.quantity.unit for f in group] == ["centimetre"] * 2 + ["inch"] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5' 10\"", "70 inch"),
        ("5'-10\"", "70 inch"),
        ("5'10.5''", "70.5 inch"),
        ("5 feet 3 inches", "63 inch"),
        ("5 ft 6 in", "66 inch"),
        ("5ft. 6in", "66 inch"),
        ("5' 6 1/2\"", "66.5 inch"),
        ("5'-6½\"", "66.5 inch"),
        ("1 LB 7.2 OZ", "1.45 pound"),
        ("1 lb. 4 oz.", "1.25 pound"),
    ],
)
def test_feet_with_inches_and_pounds_with_ounces_are_one(text: str, expected: str) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "10 20 30 cm", "Size: 10 20 30 cm", "10cm20cm30cm", "10*20°30cm", "10x20x30 (LxWxH) cm",
        "10(W)x20(H)x30(V) cm", "10(H)×20(V) ×30(D) cm", "10 cm Tall x 20 Wide x 30 Thick",
    ],
)  # fmt: skip
def test_a_group_is_found_without_its_x_and_around_the_names_of_sides(text: str) -> None:
    assert found(text) == ["10 centimetre", "20 centimetre", "30 centimetre"]
    assert [(f.member, f.group_size) for f in find_quantities(text)] == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.parametrize("text", ["10 11 12 13 cm", "Pack of 2 10 20 cm", "10 cm 20 cm", "5'6'"])
def test_neighbours_are_no_group(text: str) -> None:
    assert {f.group_size for f in find_quantities(text)} == {1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2x2/3x3 ft", ["3 foot", "3 foot"]),
        ("13x18cm/5x7in", ["13 centimetre", "18 centimetre", "5 inch", "7 inch"]),
        ("2 x 3 / 4 x 6 in", ["4 inch", "6 inch"]),
        ("2 x 3/4 x 6 in", ["2 inch", "0.75 inch", "6 inch"]),
        ("1/2x1/2x1/2 in", ["0.5 inch"] * 3),
        ('2"x3/4"x6"', ["2 inch", "0.75 inch", "6 inch"]),
    ],
)
def test_a_slash_between_two_sizes_is_no_fraction(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize("unit", ["W", "V", "g", "l", "m"])
@pytest.mark.parametrize("code", ["A4", "BL1185", "MF12", "X5", "462136"])
def test_letters_digits_and_a_unit_s_letter_are_a_code(code: str, unit: str) -> None:
    assert found(code + unit) == []


@pytest.mark.parametrize(
    "text",
    [
        "PF40281B1-Q000", "TYPE U21B", "3M Adhesive", "100M Ethernet", "16.7M colors", "316L Stainless Steel",
        "5G WiFi", "60'°C", "217003.7V", "P250065-31M", "16.7M 72%",
    ],
)  # fmt: skip
def test_codes_brands_and_speeds_are_no_quantities(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AC110V", "110 volt"),
        ("DC5V", "5 volt"),
        ("L5m", "5 metre"),
        ("GW4g", "4 gram"),
        ("e400g", "400 gram"),
        ("6 pieces x60g", "60 gram"),
        ("3M", "3 metre"),
        ("10000W", "10000 watt"),
    ],
)
def test_currents_sides_and_signs_before_a_number_are_no_code(text: str, expected: str) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120z", ["12 ounce"]),
        ("NET WT.7.05 02 (200g)", ["7.05 ounce", "200 gram"]),
        ("10 02. (283)", ["10 ounce"]),
        ("105g/3.702 NET", ["105 gram", "3.7 ounce"]),
        ("12 02.340g", ["12 ounce", "340 gram"]),
        ("8.02(227g)", ["8 ounce", "227 gram"]),
        ("8.02(100g)", ["100 gram"]),
        ("102 (28 cm)", ["28 centimetre"]),
        ("1.230Z", ["1.23 ounce"]),
        ("10 0z", ["10 ounce"]),
        ("1.0z", []),
        ("16.9L02", ["16.9 fluid ounce"]),
        ("250m1", ["250 millilitre"]),
        ("5m1.2kg", ["5 metre", "1.2 kilogram"]),
        ("48lnch", ["48 inch"]),
        ("89€m", ["89 centimetre"]),
    ],
)
def test_misread_units_are_read(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('8" Wide, 0.04 Thick', ["8 inch", "0.04 inch"]),
        ("Width: 10 Height: 20 cm", ["10 centimetre", "20 centimetre"]),
        ("Width: 10 Height: 20 cm, 8 in", ["20 centimetre", "8 inch"]),
        ('8" Wide, 4 shelves', ["8 inch"]),
        ("2 kg, 4 Wide", ["2 kilogram"]),
    ],
)
def test_a_side_without_a_unit_takes_the_only_unit_of_length(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("12x330ml", "330 millilitre"), ("2 x 60W", "60 watt")])
def test_a_count_of_pieces_gets_no_unit(text: str, expected: str) -> None:
    assert found(text) == [expected]


def test_several_statements_keep_their_order_and_index() -> None:
    text = "NET WT 23.2 OZ (1 LB 7.2 OZ) (660g)"
    assert found(text) == ["23.2 ounce", "1.45 pound", "660 gram"]
    assert [text[f.start : f.end] for f in find_quantities(text)] == ["23.2 OZ", "1 LB 7.2 OZ", "660g"]


@given(st.decimals(1, 9999, places=2), st.sampled_from(UNITS))
def test_what_is_written_is_found_again(value: Decimal, unit: str) -> None:
    quantity = Quantity(value, unit)
    assert [f.quantity for f in find_quantities(format_quantity(quantity))] == [quantity]


@given(st.decimals(1, 99, places=1), st.decimals(1, 99, places=1), st.sampled_from(["cm", "mm", "in", '"']))
def test_a_group_s_members_are_the_same_however_x_is_written(a: Decimal, b: Decimal, unit: str) -> None:
    spellings = [f"{a}{unit} {x} {b}{unit}" for x in "x×X*"] + [f"{a} x {b} {unit}", f"{a}{unit}x{b}{unit}"]
    assert len({tuple(found(text)) for text in spellings}) == 1


@given(st.integers(2, 99), st.integers(2, 99), st.integers(2, 99), st.integers(2, 99))
def test_two_sizes_have_no_fraction_between_them(a: int, b: int, c: int, d: int) -> None:
    values = [int(f.quantity.value) for f in find_quantities(f"{a}x{b}cm/{c}x{d}in")]
    assert values == [a, b, c, d]
    assert all(f.quantity.value % 1 == 0 for f in find_quantities(f"{a}x{b}/{c}x{d} in"))


LIKELY = st.text(alphabet=string.digits + " .,/-x×*'\"”′°€cmkgvlbozinftwhd¾½٣ø()~²\u212a\ud800", max_size=60)


@given(st.one_of(st.text(max_size=200), LIKELY))
@example("İ5cm")
@example("1,,1 kg")
@example('¾¾¾"')
@example("5' 5' 5\" x 5")
def test_no_text_raises_and_every_find_is_consistent(text: str) -> None:
    assert len(plain_text(text)) == len(text)
    last = 0
    for item in find_quantities(text):
        assert last <= item.start < item.end <= len(text)
        assert item.quantity.value > 0
        assert item.quantity.unit in UNITS
        assert 0 <= item.member < item.group_size
        assert parse_quantity(format_quantity(item.quantity)).unit == item.quantity.unit
        last = item.end


@pytest.mark.parametrize(
    "piece",
    [
        "1", "1,", "1,111,", "1 x ", "1-", "1/", "1 1/", "5' ", "¾", "1 fl", "' ", "x", "·", "1.1.", "1 ",
        "1x", "9", ".", ",1", "kg ", "1/2 ", "'\"",
    ],
)  # fmt: skip
def test_long_repetitions_are_read_number_by_number(piece: str) -> None:
    # A scan that went back to earlier numbers would take minutes for these.
    text = piece * (10_000 // len(piece))
    assert len(find_quantities(text)) <= text.count(piece)


UNBOUNDED = {"_WRITTEN", "_RUN", "_DECIMAL", "_THOUSANDS"}


def test_only_runs_of_digits_are_unbounded_in_a_pattern() -> None:
    modules = [
        importlib.import_module(f"{quantities.__name__}.{module.name}")
        for module in pkgutil.iter_modules(quantities.__path__)
    ]
    patterns = [
        (name, value.pattern)
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    ]
    assert len(patterns) > 20
    for name, pattern in patterns:
        without_escapes = re.sub(r"\\.", "e", pattern)
        bare = re.sub(r"\[[^]]*\]", "c", without_escapes)
        assert name in UNBOUNDED or not re.search(r"[*+]|\{[0-9]*,\}", bare), name
