"""How a prediction is written (``12.5 centimetre``), read again, and rounded."""

import re
from decimal import Decimal
from typing import Final

from tapeline.entities import KINDS
from tapeline.quantities.quantity import Quantity
from tapeline.quantities.units import ALL_UNITS

# Decimals of a number as it is written. Chosen by hand: enough for 16ths of an inch and of a pound to be
# exact, and few enough to hide the noise of conversions.
MAX_DECIMALS: Final = 4

# All units that a quantity may be written in: also those of own entities.
_WRITTEN_UNITS: Final = ALL_UNITS.union(*(kind.units for kind in KINDS.values()))

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
        ValueError: The value is infinite or no number, or the unit isn't one of a kind in
            :data:`~tapeline.entities.KINDS`.
    """
    number = _decimal_text(quantity.value)
    if quantity.unit not in _WRITTEN_UNITS:
        raise ValueError(f"expected one of {sorted(_WRITTEN_UNITS)}, received {quantity.unit!r}")
    return f"{number} {quantity.unit}"


def format_prediction(quantity: Quantity | None) -> str:
    """Write a prediction: a quantity as :func:`format_quantity` does, and nothing where there is none."""
    return "" if quantity is None else format_quantity(quantity)


def parse_quantity(text: str) -> Quantity:
    """Read what :func:`format_quantity` wrote.

    Args:
        text: ``NUMBER UNIT``, with the unit's full name.

    Returns:
        The quantity, rounded as by :func:`round_quantity`.

    Raises:
        ValueError: The text has another form, or its unit isn't one of :data:`~tapeline.entities.KINDS`.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None or match[2] not in _WRITTEN_UNITS:
        raise ValueError(f"expected a number, one space and a unit's full name, received {text[:80]!r}")
    return Quantity(Decimal(match[1]), match[2])


def round_quantity(quantity: Quantity) -> Quantity:
    """Round a quantity to what :func:`format_quantity` writes of it.

    Args:
        quantity: What to round.

    Returns:
        The quantity with at most :data:`MAX_DECIMALS` decimals (rounded half to even), equal to what
        :func:`parse_quantity` reads from its written form.

    Raises:
        ValueError: The value is infinite or no number.
    """
    return Quantity(Decimal(_decimal_text(quantity.value)), quantity.unit)


def _decimal_text(value: Decimal) -> str:
    """Return a number with at most MAX_DECIMALS decimals, without exponent, trailing zeros or ``-0``."""
    if not value.is_finite():
        raise ValueError(f"expected a finite number, received {value}")
    number = format(value, f".{MAX_DECIMALS}f").rstrip("0").removesuffix(".")
    return "0" if number == "-0" else number
