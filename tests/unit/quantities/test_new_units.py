"""Quantities of the kinds that only own entities have."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.entities import KINDS
from tapeline.quantities import (
    NEW_SIZES,
    Quantity,
    find_new_quantities,
    find_quantities,
    format_quantity,
    parse_quantity,
    size_of,
)
from tapeline.quantities.conversion import convert_quantity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5000mAh battery", ["5000 milliampere hour"]),
        ("2200mAh/32Wh", ["2200 milliampere hour", "32 watt hour"]),
        ("Rated CY: 3500mAht", ["3500 milliampere hour"]),
        ("20 Ah", ["20 ampere hour"]),
        ("-20°C to 60 ℃", ["-20 degree celsius", "60 degree celsius"]),
        ("0-95°F", ["95 degree fahrenheit"]),
        ("Pack of 12", ["12 piece"]),
        ("12-pack, 4 pcs", ["12 piece", "4 piece"]),
        ("50/60Hz 0.5A", ["60 hertz", "0.5 ampere"]),
        ("50-60 Hz", ["50 hertz", "60 hertz"]),
        ("2.4GHz", ["2.4 gigahertz"]),
        ("Max 150 PSI (10 Bar)", ["150 psi", "10 bar"]),
        ("1.2 kWh", ["1.2 kilowatt hour"]),
        ("A4 paper, 5 Amazing", []),
        ("5 A/m, 3 bar per minute", []),
        ("1.5 m, 20 kg, 220 V", []),
        ("", []),
    ],
)
def test_quantities_are_found(text: str, expected: list[str]) -> None:
    found = find_new_quantities(text, NEW_SIZES)
    assert [format_quantity(item.quantity) for item in found] == expected


def test_only_the_units_that_are_asked_for_are_found() -> None:
    found = find_new_quantities("2200mAh/32Wh", {"watt hour"})
    assert [item.quantity.unit for item in found] == ["watt hour"]


@given(st.text(max_size=40))
def test_any_text_is_read_with_indexes_into_it(text: str) -> None:
    for found in find_new_quantities(text, NEW_SIZES):
        assert 0 <= found.start < found.end <= len(text)
        assert parse_quantity(format_quantity(found.quantity)).unit == found.quantity.unit


def test_the_eight_read_none_of_them() -> None:
    assert find_quantities("5000mAh, 50 Hz, 10 bar, 4 pcs, 2 A, 20°C") == []


@pytest.mark.parametrize(
    ("given_", "unit", "expected"),
    [
        ("1.5 ampere hour", "milliampere hour", "1500 milliampere hour"),
        ("100 degree fahrenheit", "degree celsius", "37.7778 degree celsius"),
        ("6 foot", "metre", "1.8288 metre"),
        ("1 gallon", "litre", "3.7854 litre"),
        ("1 imperial gallon", "millilitre", "4546.09 millilitre"),
        ("2 pound", "gram", "907.1847 gram"),
    ],
)
def test_quantities_are_converted_exactly(given_: str, unit: str, expected: str) -> None:
    assert format_quantity(convert_quantity(parse_quantity(given_), unit)) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_each_unit_converts_into_each_other_of_its_kind_as_their_sizes_say(kind: str) -> None:
    for first in sorted(KINDS[kind].units):
        for second in sorted(KINDS[kind].units):
            converted = convert_quantity(Quantity(Decimal(300), first), second)
            assert size_of(converted) == pytest.approx(size_of(Quantity(Decimal(300), first)), rel=1e-5)
