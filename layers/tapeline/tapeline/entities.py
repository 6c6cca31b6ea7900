"""The entities that can be asked for, and the units in which each is answered.

Source: the task of the Amazon ML Challenge 2024, whose scorer knows these names and no others.
"""

from typing import Final

from tapeline.errors import ErrorCode, RowError

_LENGTHS: Final = frozenset({"centimetre", "foot", "inch", "metre", "millimetre", "yard"})
_WEIGHTS: Final = frozenset({"gram", "kilogram", "microgram", "milligram", "ounce", "pound", "ton"})
_VOLUMES: Final = frozenset(
    {
        "centilitre", "cubic foot", "cubic inch", "cup", "decilitre", "fluid ounce", "gallon",
        "imperial gallon", "litre", "microlitre", "millilitre", "pint", "quart",
    }
)  # fmt: skip

# Entity name -> the full names of the units that a prediction for it may have.
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

# The entities that are lengths of the same product, and so compete for its measures.
SIDES: Final = ("width", "height", "depth")

# The entities that are weights, and so compete for a picture's weights.
MASSES: Final = ("item_weight", "maximum_weight_recommendation")


def is_known(entity_name: str) -> bool:
    """Say whether an entity can be asked for."""
    return entity_name in UNITS_BY_ENTITY


def unknown_entity(entity_name: str) -> RowError:
    """Return the error of a row that asks for an entity that isn't one of the eight."""
    return RowError(
        ErrorCode.UNKNOWN_ENTITY,
        f"expected one of {', '.join(UNITS_BY_ENTITY)}, received {entity_name[:100]!r}",
    )
