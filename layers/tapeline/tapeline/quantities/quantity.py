"""What a quantity is, alone and found in a text."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from tapeline.quantities.units import SIZE_BY_UNIT

# Which end of a range such as ``100-240V`` a number is.
type RangeBound = Literal["low", "high"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit.

    Attributes:
        value: The number; finite.
        unit: The unit's full name, one of :data:`~tapeline.quantities.ALL_UNITS`, such as ``centimetre``.
    """

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class FoundQuantity:
    """A quantity and where in the text it was found.

    Attributes:
        quantity: The number, above zero, and its unit.
        start: Index of the number's first character.
        end: Index after the last character of the number and of the unit written with it.
        range_bound: The end of the range that this is; None where it isn't one of a range.
        member: Index within an ``A x B x C`` group, from 0; 0 where there is none.
        group_size: Members of that group; 1 where there is none.
    """

    quantity: Quantity
    start: int
    end: int
    range_bound: RangeBound | None = None
    member: int = 0
    group_size: int = 1


def size(quantity: Quantity) -> float:
    """Return a quantity in millimetres, grams, millilitres, volts or watts.

    Args:
        quantity: In any unit of :data:`~tapeline.quantities.SIZE_BY_UNIT`, which has the factors.
    """
    return float(quantity.value) * SIZE_BY_UNIT[quantity.unit]
