"""What the tests of quantities share."""

from typing import Final

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.quantities import find_quantities, format_quantity

UNITS: Final = sorted(frozenset().union(*UNITS_BY_ENTITY.values()))


def found(text: str) -> list[str]:
    """Return the quantities of a text as predictions."""
    return [format_quantity(f.quantity) for f in find_quantities(text)]
