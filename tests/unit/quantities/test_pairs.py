"""One size in two systems of units: each corrects the other."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.quantities.helpers import found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10cm/4'", ["10 centimetre", "4 inch"]),
        ("14.2'/36cm", ["14.2 inch", "36 centimetre"]),
        ("95 mm (4')", ["95 millimetre", "4 inch"]),
        ("48m /1.6ft", ["48 centimetre", "1.6 foot"]),
        ('6.1"/155m', ["6.1 inch", "155 millimetre"]),
        ("40mm/157inch", ["40 millimetre", "1.57 inch"]),
        ("105g/37oz", ["105 gram", "3.7 ounce"]),
        ("55oz (156g)", ["5.5 ounce", "156 gram"]),
        ("169 fl oz 500 ml", ["16.9 fluid ounce", "500 millilitre"]),
    ],
)
def test_the_larger_of_two_different_sizes_is_corrected(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2m/47.2in", ["1.2 metre", "47.2 inch"]),
        ("8M/26FT", ["8 metre", "26 foot"]),
        ("3.0 in / 1.9 cm", ["3 inch", "1.9 centimetre"]),
        ("67cm 2.2in", ["67 centimetre", "2.2 inch"]),
        ("10cm, 4'", ["10 centimetre", "4 foot"]),
        ("10x15cm/4x6'", ["10 centimetre", "15 centimetre", "4 foot", "6 foot"]),
        ("5 kg 12 in", ["5 kilogram", "12 inch"]),
    ],
)
def test_other_neighbours_stay_as_they_are(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@given(
    st.decimals(1, 90, places=1),
    st.sampled_from([("cm", "centimetre", "2.54"), ("mm", "millimetre", "25.4")]),
)
def test_a_size_given_right_in_both_systems_stays(inches: Decimal, metric: tuple[str, str, str]) -> None:
    symbol, unit, factor = metric
    value = round(inches * Decimal(factor), 1)
    assert found(f"{inches}in/{value}{symbol}") == [*found(f"{inches} inch"), *found(f"{value} {unit}")]
