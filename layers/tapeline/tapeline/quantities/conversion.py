"""Quantities converted from unit to unit, exactly where the units are exact."""

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Final

from tapeline.quantities.quantity import Quantity

if TYPE_CHECKING:
    from pint import UnitRegistry

# A unit's full name -> pint's name for it, where it isn't the same with underscores.
_PINT_NAMES: Final = {
    "ton": "metric_ton", "pint": "US_pint", "quart": "US_liquid_quart", "gallon": "US_liquid_gallon",
    "cup": "US_liquid_cup", "fluid ounce": "US_fluid_ounce", "imperial gallon": "imperial_gallon",
    "cubic foot": "foot ** 3", "cubic inch": "inch ** 3", "kilocalorie": "kilocalorie",
    "milliampere hour": "milliampere * hour", "ampere hour": "ampere * hour", "watt hour": "watt * hour",
    "kilowatt hour": "kilowatt * hour", "degree celsius": "degree_Celsius",
    "degree fahrenheit": "degree_Fahrenheit", "piece": "count",
}  # fmt: skip


def convert_quantity(quantity: Quantity, unit: str) -> Quantity:
    """Return a quantity in another unit of its kind.

    Args:
        quantity: In a unit of :data:`~tapeline.entities.KINDS`.
        unit: The full name of another unit of that kind.
    """
    if quantity.unit == unit:
        return quantity
    registry = _registry()
    value = registry.Quantity(quantity.value, _pint_name(quantity.unit)).to(_pint_name(unit)).magnitude
    return Quantity(Decimal(value), unit)


def _pint_name(unit: str) -> str:
    return _PINT_NAMES.get(unit, unit.replace(" ", "_"))


@cache
def _registry() -> "UnitRegistry[Decimal]":
    # Only now: most answers are as they are printed, and it takes a while.
    from pint import UnitRegistry  # noqa: PLC0415

    return UnitRegistry(non_int_type=Decimal, autoconvert_offset_to_baseunit=True)
