from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.quantities import Quantity, find_quantities, format_quantity, parse_quantity

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
