import pytest

from tapeline.quantities import (
    ALL_UNITS,
    LENGTH_UNITS,
    SIZE_BY_UNIT,
    UNIT_BY_TYPED_SYMBOL,
    announced_unit,
    find_quantities,
)
from tests.unit.quantities.helpers import UNITS, found


def test_the_unit_table_has_all_units() -> None:
    assert sorted(ALL_UNITS) == sorted(SIZE_BY_UNIT) == UNITS
    assert LENGTH_UNITS < ALL_UNITS


# Exact, in NIST Special Publication 811, appendix B: the pound, and the US gallon of 231 cubic inches.
POUND, CUBIC_INCH = 453.59237, 16.387064


@pytest.mark.parametrize(
    ("unit", "exact"),
    [
        ("pound", POUND),
        ("ounce", POUND / 16),
        ("cubic inch", CUBIC_INCH),
        ("cubic foot", CUBIC_INCH * 12**3),
        ("gallon", CUBIC_INCH * 231),
        ("quart", CUBIC_INCH * 231 / 4),
        ("pint", CUBIC_INCH * 231 / 8),
        ("cup", CUBIC_INCH * 231 / 16),
        ("fluid ounce", CUBIC_INCH * 231 / 128),
    ],
)
def test_sizes_are_their_definitions_to_six_digits(unit: str, exact: float) -> None:
    assert SIZE_BY_UNIT[unit] == float(f"{exact:.6g}")


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_is_found_by_its_full_name(unit: str) -> None:
    for text in (f"5 {unit}", f"5 {unit}".upper(), f"5{unit}", f"(5-{unit})"):
        assert found(text) == [f"5 {unit}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Weight (kg):", "kilogram"),
        ("Size [ cm ]", "centimetre"),
        ("LBS", "pound"),
        ("Unit: cm", "centimetre"),
        ("Units=inch.", "inch"),
        ("(fl. oz)", "fluid ounce"),
        ("5 kg", None),
        ("Width", None),
        ("(cm) wide", None),
        ("(5 cm)", None),
        ("", None),
        ("cm" + " " * 40, None),
    ],
)
def test_a_unit_is_announced_in_brackets_by_its_name_or_alone(text: str, expected: str | None) -> None:
    assert announced_unit(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
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
def test_a_unit_is_found_in_its_spelling(text: str, expected: str) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "kg", "500mAh", "50Hz", "30psi", "12000 BTU", "5 km/h", "5 in 1", "2in1", "3 in a set",
        "20 mg/ml", "240g/m²", "30cm²", "30 cm2", "50 ft-lbs", "10 in. lbs", "5kWh", "50Wh", "128GB", "60's",
        "5 mph", "20W x 10D x 30H", "10 per cent",
    ],
)  # fmt: skip
def test_a_decoy_is_no_quantity(text: str) -> None:
    assert find_quantities(text) == []


@pytest.mark.parametrize(("symbol", "unit"), UNIT_BY_TYPED_SYMBOL.items())
def test_a_typed_symbol_is_read_as_its_unit(symbol: str, unit: str) -> None:
    assert found(f"5 {symbol}") == found(f"5{symbol}") == [f"5 {unit}"]
