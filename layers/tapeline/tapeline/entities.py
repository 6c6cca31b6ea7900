"""The entities that can be asked for, and the units in which each is answered.

Source: the task of the Amazon ML Challenge 2024, whose scorer knows these names and no others.
"""

from typing import Final

_LENGTHS: Final = frozenset({"centimetre", "foot", "inch", "metre", "millimetre", "yard"})
_WEIGHTS: Final = frozenset({"gram", "kilogram", "microgram", "milligram", "ounce", "pound", "ton"})
_VOLUMES: Final = frozenset(
    {
        "centilitre", "cubic foot", "cubic inch", "cup", "decilitre", "fluid ounce", "gallon",
        "imperial gallon", "litre", "microlitre", "millilitre", "pint", "quart",
    }
)  # fmt: skip

UNITS_BY_ENTITY: Final[dict[str, frozenset[str]]] = {
    "width": _LENGTHS,
    "depth": _LENGTHS,
    "height": _LENGTHS,
    "item_weight": _WEIGHTS,
    "maximum_weight_recommendation": _WEIGHTS,
    "voltage": frozenset({"kilovolt", "millivolt", "volt"}),
    "wattage": frozenset({"kilowatt", "watt"}),
    "item_volume": _VOLUMES,
}
"""Entity name -> the full names of the units that a prediction for it may have."""
