from decimal import Decimal

import pytest

from tapeline.quantities import Quantity, size


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("2.5", "inch", 63.5),
        ("3", "foot", 914.4),
        ("1.5", "kilogram", 1500.0),
        ("75", "centilitre", 750.0),
        ("120", "millivolt", 0.12),
        ("1.5", "kilowatt", 1500.0),
    ],
)
def test_size_is_in_the_basic_unit(value: str, unit: str, expected: float) -> None:
    assert size(Quantity(Decimal(value), unit)) == pytest.approx(expected)
