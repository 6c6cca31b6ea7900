"""How a prediction is written, and read again: ``12.5 centimetre``."""

import re
from decimal import Decimal
from typing import Final

from tapeline.quantities.quantity import Quantity
from tapeline.quantities.units import ALL_UNITS

MAX_DECIMALS: Final = 4
"""Decimals of a number as it is written. Chosen by hand: enough for a 64th of an inch as rulers give it, and
few enough to hide the noise of conversions."""

# What format_quantity() writes.
_WRITTEN: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ([a-z]+(?: [a-z]+)?)")


def format_quantity(quantity: Quantity) -> str:
    r"""Write a quantity as the challenge's scorer reads it, such as ``12.5 centimetre``.

    The number matches ``-?\d+(\.\d+)?``: no exponent, no trailing zeros, at most
    :data:`MAX_DECIMALS` decimals (rounded half to even), and never ``-0``.

    Args:
        quantity: What to write.

    Returns:
        The number, one space, and the unit's full name.

    Raises:
        ValueError: The value is infinite or no number, or the unit isn't one of :data:`ALL_UNITS`.
    """
    if not quantity.value.is_finite():
        raise ValueError(f"expected a finite number, received {quantity.value}")
    if quantity.unit not in ALL_UNITS:
        raise ValueError(f"expected one of {sorted(ALL_UNITS)}, received {quantity.unit!r}")
    number = format(quantity.value, f".{MAX_DECIMALS}f").rstrip("0").removesuffix(".")
    return f"{'0' if number == '-0' else number} {quantity.unit}"


def parse_quantity(text: str) -> Quantity:
    """Read what :func:`format_quantity` wrote.

    Args:
        text: ``NUMBER UNIT``, with the unit's full name.

    Returns:
        The quantity; the inverse of :func:`format_quantity` for values of up to 4 decimals.

    Raises:
        ValueError: The text has another form, or its unit isn't one of :data:`ALL_UNITS`.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None or match[2] not in ALL_UNITS:
        raise ValueError(f"expected a number, one space and a unit's full name, received {text[:80]!r}")
    return Quantity(Decimal(match[1]), match[2])
