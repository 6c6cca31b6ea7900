import pytest

from tapeline.quantities import find_quantities
from tests.unit.quantities.helpers import found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Digits
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
    ],
)
def test_a_number_is_found_in_its_spelling(text: str, expected: str | None) -> None:
    assert found(text) == ([expected] if expected else [])


@pytest.mark.parametrize(
    "text",
    ["nan", "inf kg", "1e400 kg", "0/0 in", "0 kg", "1.2.3 kg", "8809221274243 g", "LAB N°0699 L"],
)
def test_other_digits_are_no_number(text: str) -> None:
    assert find_quantities(text) == []
