from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tapeline.quantities import (
    Quantity,
    format_prediction,
    format_quantity,
    parse_quantity,
    round_quantity,
)
from tests.unit.quantities.helpers import UNITS


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


@given(st.decimals(allow_nan=False, allow_infinity=False), st.sampled_from(UNITS))
@example(Decimal("-0.00001"), "gram")
@example(Decimal("1E+40"), "gram")
@example(Decimal("123456789012345678901234567890.00005"), "gram")
def test_a_rounded_quantity_is_what_is_written(value: Decimal, unit: str) -> None:
    quantity = Quantity(value, unit)
    rounded = round_quantity(quantity)
    assert format_quantity(rounded) == format_quantity(quantity)
    assert parse_quantity(format_quantity(quantity)) == rounded
    assert round_quantity(rounded) == rounded
    assert rounded.unit == unit


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.00005", "0"),
        ("0.00015", "0.0002"),
        ("0.00025", "0.0002"),
        ("0.000250001", "0.0003"),
        ("-0.00015", "-0.0002"),
        ("12.5000", "12.5"),
        ("1E+3", "1000"),
    ],
)
def test_values_are_rounded_half_to_even(value: str, expected: str) -> None:
    rounded = round_quantity(Quantity(Decimal(value), "gram"))
    assert str(rounded.value) == expected


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_no_number_is_not_rounded(value: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        round_quantity(Quantity(Decimal(value), "gram"))


def test_a_prediction_without_a_quantity_is_empty() -> None:
    assert format_prediction(None) == ""
    assert format_prediction(Quantity(Decimal("12.50"), "centimetre")) == "12.5 centimetre"
