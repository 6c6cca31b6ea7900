import re
import string
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.quantities import Quantity, find_quantities, format_quantity, parse_quantity, parser, plain_text

UNITS = sorted(frozenset().union(*UNITS_BY_ENTITY.values()))


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
        ("18VLITHIUM", ["18 volt"]),
        ('241/4"', ["24.25 inch"]),
        ('31.3/4"', ["31.75 inch"]),
        ("110/220V", ["110 volt", "220 volt"]),
        ("Product voltage (V): 110", ["110 volt"]),
        ("Size(cm): 20*30*10", ["20 centimetre", "30 centimetre", "10 centimetre"]),
        ("3.In Wasser", []),
        ("nan kg", []),
        ("0/0 in", []),
        ("", []),
    ],
)
def test_common_spellings(text: str, expected: list[str]) -> None:
    assert [format_quantity(found.quantity) for found in find_quantities(text)] == expected


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    for found in find_quantities(text):
        assert 0 <= found.start <= found.end <= len(text)
        assert parse_quantity(format_quantity(found.quantity)).unit == found.quantity.unit


@given(
    st.lists(
        st.sampled_from(["1e400", " kg", "1/0", '"', "'", "x", "-", ",", ".", "9" * 50, "½", " in", "V", "٣"])
    )
)
def test_no_heap_of_number_like_pieces_raises(pieces: list[str]) -> None:
    find_quantities("".join(pieces))


@pytest.mark.parametrize("piece", ["1/", "1 ", "1x", "1-", "9", ".", ",1", "kg ", "1/2 ", "'\""])
def test_ten_thousand_characters_come_to_an_end(piece: str) -> None:
    find_quantities((piece * 10_000)[:10_000])


@given(
    st.decimals(min_value=0, max_value=10**9, places=4, allow_nan=False, allow_infinity=False),
    st.sampled_from(UNITS),
)
def test_parse_undoes_format(value: Decimal, unit: str) -> None:
    quantity = Quantity(value, unit)
    assert parse_quantity(format_quantity(quantity)) == quantity


@pytest.mark.parametrize("text", ["", "12", "12 parsec", "1e3 gram", "gram 12", "12  gram", "nan gram"])
def test_parse_takes_nothing_but_predictions(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_quantity(text)


def found(text: str) -> list[str]:
    return [format_quantity(f.quantity) for f in find_quantities(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Numbers
        ("12.5cm", "12.5 centimetre"),
        ("1,5 kg", "1.5 kilogram"),
        ("1,000 g", "1000 gram"),
        ("1,234.5 g", "1234.5 gram"),
        (".75 oz", "0.75 ounce"),
        ("12·5 cm", "12.5 centimetre"),
        ("007.5 cm", None),
        ("2.50 kg", "2.5 kilogram"),
        ("１２ｃｍ", "12 centimetre"),
        ("١٢ cm", "12 centimetre"),
        ("ø5cm", "5 centimetre"),
        ("Φ 5.5 mm", "5.5 millimetre"),
        # Fractions
        ("1/2 in", "0.5 inch"),
        ('3 15/16"', "3.9375 inch"),
        ('3-15/16"', "3.9375 inch"),
        ('1-1/2"', "1.5 inch"),
        ('6¾"', "6.75 inch"),
        ("6 ¾ in.", "6.75 inch"),
        ("⅛″", "0.125 inch"),
        ("⅓ cup", "0.3333 cup"),
        ("2 1/2 cups", "2.5 cup"),
        ("5/64 inch", "0.0781 inch"),
        # Lengths
        ("3″", "3 inch"),
        ("3”", "3 inch"),
        ("3''", "3 inch"),
        ("3’’", "3 inch"),
        ('65.3" inch', "65.3 inch"),
        ("20-inch", "20 inch"),
        ("20 INCHES", "20 inch"),
        ("5.9 ln", "5.9 inch"),
        ('20"W', "20 inch"),
        ("20cmW", "20 centimetre"),
        ("7.87in /", "7.87 inch"),
        ("6'", "6 foot"),
        ("6 ft", "6 foot"),
        ("16.40feet", "16.4 foot"),
        ("2 Yards", "2 yard"),
        ("1.2 M", "1.2 metre"),
        ("3 meters", "3 metre"),
        ("45 mm", "45 millimetre"),
        ("5㎝", "5 centimetre"),
        # Feet with inches, pounds with ounces
        ("5' 10\"", "70 inch"),
        ("5'-10\"", "70 inch"),
        ("5'10.5''", "70.5 inch"),
        ("5 feet 3 inches", "63 inch"),
        ("1 LB 7.2 OZ", "1.45 pound"),
        ("1 lb. 4 oz.", "1.25 pound"),
        # Weights
        ("3lbs", "3 pound"),
        ("3 LB.", "3 pound"),
        ("5 Ibs", "5 pound"),
        ("3 Kgs", "3 kilogram"),
        ("150gms", "150 gram"),
        ("150 GM", "150 gram"),
        ("500ge", "500 gram"),
        ("12 0Z", "12 ounce"),
        ("1400MG", "1400 milligram"),
        ("50mcg", "50 microgram"),
        ("50 µg", "50 microgram"),
        ("50 μg", "50 microgram"),
        ("3 Ton", "3 ton"),
        # Volumes
        ("2 fl oz", "2 fluid ounce"),
        ("2 FL. OZ.", "2 fluid ounce"),
        ("2fl.oz", "2 fluid ounce"),
        ("2 US fl oz", "2 fluid ounce"),
        ("2 fluid ounces", "2 fluid ounce"),
        ("3mL", "3 millilitre"),
        ("33 cl", "33 centilitre"),
        ("5 dl", "5 decilitre"),
        ("10µl", "10 microlitre"),
        ("1.5L", "1.5 litre"),
        ("2 Ltr", "2 litre"),
        ("5 gal", "5 gallon"),
        ("5 US gallons", "5 gallon"),
        ("2 imperial gallons", "2 imperial gallon"),
        ("1 qt", "1 quart"),
        ("2 pints", "2 pint"),
        ("3 cu ft", "3 cubic foot"),
        ("3 ft³", "3 cubic foot"),
        ("20 cubic inches", "20 cubic inch"),
        # Electricity
        ("12V DC", "12 volt"),
        ("12VDC", "12 volt"),
        ("AC110V", "110 volt"),
        ("18VLITHIUM", "18 volt"),
        ("3.7 Volts", "3.7 volt"),
        ("10 kV", "10 kilovolt"),
        ("120mV", "120 millivolt"),
        ("60 W", "60 watt"),
        ("1.5 kW", "1.5 kilowatt"),
        ("230V~50Hz", "230 volt"),
        ("POWER:MAX750W", "750 watt"),
    ],
)
def test_a_quantity_is_found_in_its_spelling(text: str, expected: str | None) -> None:
    assert found(text) == ([expected] if expected else [])


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "nan", "inf kg", "1e400 kg", "0/0 in", "0 kg", "kg", "500mAh", "50Hz", "30psi", "12000 BTU",
        "5 km/h", "5 in 1", "2in1", "3 in a set", "20 mg/ml", "240g/m²", "30cm²", "30 cm2", "50 ft-lbs",
        "10 in. lbs", "5kWh", "50Wh", "128GB", "60's", "5 mph", "1.2.3 kg", "8809221274243 g",
        "LAB N°0699 L", "20W x 10D x 30H", "10 per cent",
    ],
)  # fmt: skip
def test_a_decoy_is_no_quantity(text: str) -> None:
    assert find_quantities(text) == []


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
    ],
)
def test_a_group_shares_its_unit_and_counts_its_members(text: str, expected: list[str]) -> None:
    group = find_quantities(text)
    assert found(text) == expected
    assert [(f.member, f.group_size) for f in group] == [(i, len(expected)) for i in range(len(expected))]


def test_two_groups_in_one_line_stay_apart() -> None:
    group = find_quantities("40 x 60 cm / 15.7 x 23.6 inch")
    assert [f.member for f in group] == [0, 1, 0, 1]
    assert [f.quantity.unit for f in group] == ["centimetre"] * 2 + ["inch"] * 2


@pytest.mark.parametrize(("text", "expected"), [("12x330ml", "330 millilitre"), ("2 x 60W", "60 watt")])
def test_a_count_of_pieces_gets_no_unit(text: str, expected: str) -> None:
    assert found(text) == [expected]


def test_several_statements_keep_their_order_and_place() -> None:
    text = "NET WT 23.2 OZ (1 LB 7.2 OZ) (660g)"
    assert found(text) == ["23.2 ounce", "1.45 pound", "660 gram"]
    assert [text[f.start : f.end] for f in find_quantities(text)] == ["23.2 OZ", "1 LB 7.2 OZ", "660g"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.50", "12.5"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("1E-9", "0"),
        ("-0", "0"),
        ("-0.00001", "0"),
        ("-2.5", "-2.5"),
        ("0.33333333", "0.3333"),
        ("0.00005", "0"),
    ],
)
def test_a_number_is_written_plainly(value: str, expected: str) -> None:
    assert format_quantity(Quantity(Decimal(value), "gram")) == f"{expected} gram"


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_no_number_is_not_written(value: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        format_quantity(Quantity(Decimal(value), "gram"))


def test_an_unknown_unit_is_not_written() -> None:
    with pytest.raises(ValueError, match="furlong"):
        format_quantity(Quantity(Decimal(1), "furlong"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "gram",
        "12 g",
        "12  gram",
        "12.5.1 gram",
        "1e3 gram",
        ".5 gram",
        "5. gram",
        "٣ gram",
        "12 gram\n",
    ],
)
def test_other_forms_are_not_parsed(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        parse_quantity(text)


@given(st.decimals(1, 9999, places=2), st.sampled_from(UNITS))
def test_what_is_written_is_found_again(value: Decimal, unit: str) -> None:
    quantity = Quantity(value, unit)
    assert [f.quantity for f in find_quantities(format_quantity(quantity))] == [quantity]


LIKELY = st.text(alphabet=string.digits + " .,/-x×'\"”′cmkgvlbozinft¾½٣ø()~²\u212a\ud800", max_size=60)


@given(st.one_of(st.text(max_size=200), LIKELY))
@example("İ5cm")
@example("1,,1 kg")
@example('¾¾¾"')
@example("5' 5' 5\" x 5")
def test_no_text_raises_and_every_find_is_sane(text: str) -> None:
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
    "piece", ["1", "1,", "1,111,", "1 x ", "1-", "1/", "1 1/", "5' ", "¾", "1 fl", "' ", "x", "·", "1.1."]
)
def test_long_repetitions_are_read_number_by_number(piece: str) -> None:
    # A scan that went back to earlier numbers would take minutes for these.
    text = piece * (10_000 // len(piece))
    assert len(find_quantities(text)) <= text.count(piece)


UNBOUNDED = {"_WRITTEN", "_RUN", "_DECIMAL", "_THOUSANDS"}


def test_only_runs_of_digits_are_unbounded_in_a_pattern() -> None:
    patterns = {name: value.pattern for name, value in vars(parser).items() if isinstance(value, re.Pattern)}
    assert len(patterns) > 10
    for name, pattern in patterns.items():
        without_escapes = re.sub(r"\\.", "e", pattern)
        bare = re.sub(r"\[[^]]*\]", "c", without_escapes)
        assert name in UNBOUNDED or not re.search(r"[*+]|\{[0-9]*,\}", bare), name


def test_an_o_before_decimals_is_a_zero() -> None:
    assert [format_quantity(f.quantity) for f in find_quantities("THICKNESS: O.5mm")] == ["0.5 millimetre"]
    assert [format_quantity(f.quantity) for f in find_quantities("No.5 mm")] == ["5 millimetre"]
