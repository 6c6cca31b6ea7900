"""Quantities of the kinds that the eight entities don't have: current, capacity, frequency and so on.

They are found apart from the others, and only where an own entity asks for them: what the pictures say of the
eight doesn't depend on them.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from tapeline.quantities.grammar import NUMBER_START, TO, is_linked, read_number
from tapeline.quantities.quantity import FoundQuantity, Quantity, size
from tapeline.quantities.text import plain_text

# A unit's full name -> its spellings in plain text; the first that fits wins. Chosen by hand from product
# pictures. ``[l1i]`` and ``[o0]`` allow for letters that OCR confuses; every pattern has a bounded length.
_SPELLINGS: Final[dict[str, str]] = {
    "milliampere hour": r"m[ ]?a[ ]?[-·.]?[ ]?h(?:r|rs|t)?|milliamp(?:ere)?[ -]?hours?",
    "ampere hour": r"a[-·.]?h(?:r|rs)?|amp(?:ere)?[ -]?hours?",
    "kilowatt hour": r"kw[-·.]?hr?|kilo ?watt[ -]?hours?",
    "watt hour": r"w[-·.]?hr?|watt[ -]?hours?",
    "milliampere": r"ma|milli ?amp(?:ere)?s?",
    "ampere": r"amp(?:ere)?s?|a",
    "gigahertz": r"g ?hz|giga ?hertz",
    "megahertz": r"m ?hz|mega ?hertz",
    "kilohertz": r"k ?hz|kilo ?hertz",
    "hertz": r"hz|hertz",
    "kilopascal": r"k ?pa|kilo ?pascals?",
    "megapascal": r"m ?pa|mega ?pascals?",
    "pascal": r"pascals?|pa",
    "bar": r"bars?",
    "psi": r"p\.?s\.?[il1](?:g)?",
    "kilojoule": r"k ?j|kilo ?joules?",
    "joule": r"j|joules?",
    "kilocalorie": r"k ?cals?|kilo ?calories?",
    "degree celsius": r"[°º˚][ ]?c|℃|degrees? c(?:elsius)?|deg\.? ?c",
    "degree fahrenheit": r"[°º˚][ ]?f|℉|degrees? f(?:ahrenheit)?|deg\.? ?f",
    "piece": r"pieces?|pcs?\.?|count|ct\.?|packs?|pk|units|tablets|capsules|sheets|rolls|bags|pods",
}

# A unit's full name -> its size in amperes, ampere hours, hertz, pascal, joules, kelvins or pieces.
# Source: NIST Special Publication 811 (2008), appendix B; psi is rounded to six digits, and the kilocalorie
# is the thermochemical one.
NEW_SIZES: Final[dict[str, float]] = {
    "ampere": 1.0, "milliampere": 1e-3, "ampere hour": 1.0, "milliampere hour": 1e-3,
    "hertz": 1.0, "kilohertz": 1e3, "megahertz": 1e6, "gigahertz": 1e9,
    "pascal": 1.0, "kilopascal": 1e3, "megapascal": 1e6, "bar": 1e5, "psi": 6894.76,
    "joule": 1.0, "kilojoule": 1e3, "watt hour": 3600.0, "kilowatt hour": 3.6e6, "kilocalorie": 4184.0,
    "degree celsius": 1.0, "degree fahrenheit": 1 / 1.8, "piece": 1.0,
}  # fmt: skip

# A unit with what may come between it and its number; it ends where no Latin letter follows.
_UNIT: Final = re.compile(
    r"[ ]{0,2}[-(]?[ ]?(?:"
    + "|".join(f"(?P<{unit.replace(' ', '_')}>{pattern})" for unit, pattern in _SPELLINGS.items())
    + r")(?![a-zß-öø-ÿ])"
)

# A count with its word before it: ``pack of 12``, ``set of 4``, ``qty: 6``.
_COUNT_BEFORE: Final = re.compile(r"(?:(?:pack|set|box|case|lot) of|qty|quantity|pcs)[ ]?[:=.]?[ ]{0,2}$")

# How much of the text before a number is searched for that, in characters: its longest match.
_MAX_COUNT_BEFORE: Final = 16

# What makes a rate of a quantity: ``5 A/m``, ``120 bar per minute``.
_RATE_AFTER: Final = re.compile(r"[ ]?/[ ]?[a-z]|[ ]?per[ ]")


def find_new_quantities(text: str, units: Iterable[str]) -> list[FoundQuantity]:
    """Find the quantities in a text that have one of some units of the new kinds.

    Args:
        text: Any text; never raises.
        units: Full names.

    Returns:
        What was found, in the order of the text, with indexes into its plain text. A range gives both ends.
    """
    plain = plain_text(text)
    wanted = set(units)
    found: list[FoundQuantity] = []
    index, last = 0, None
    while start := NUMBER_START.search(plain, index):
        begin = start.start()
        value, end = read_number(plain, begin)
        index = end
        if value is None or value <= 0:
            last = None
            continue
        unit, unit_end = _unit_at(plain, begin, end)
        if unit is None:
            last = (value, begin, end)
            continue
        index = unit_end
        if unit in wanted:
            is_range = last is not None and is_linked(TO, plain, last[2], begin) and last[0] < value
            if last is not None and is_range:
                found.append(FoundQuantity(Quantity(last[0], unit), last[1], last[2], "low"))
            own = Quantity(value if is_range else _signed(plain, begin, unit, value), unit)
            found.append(FoundQuantity(own, begin, unit_end, "high" if is_range else None))
        last = None
    return found


def _unit_at(plain: str, begin: int, end: int) -> tuple[str | None, int]:
    """Return the unit of the number between two indexes, and where it ends."""
    match = _UNIT.match(plain, end)
    if match is not None and not _RATE_AFTER.match(plain, match.end()):
        return str(match.lastgroup).replace("_", " "), match.end()
    if _COUNT_BEFORE.search(plain[max(0, begin - _MAX_COUNT_BEFORE) : begin]):
        return "piece", end
    return None, end


def _signed(plain: str, begin: int, unit: str, value: Decimal) -> Decimal:
    """Return a temperature below zero as such: ``-20 °C``."""
    below = unit.startswith("degree ") and re.search(r"(?<![0-9a-z°])[-−–]$", plain[:begin])
    return -value if below else value


def size_of(quantity: Quantity) -> float:
    """Return a quantity of any kind in the basic unit of its kind: of the new ones, see :data:`NEW_SIZES`.

    A temperature is in degrees Celsius.
    """
    if quantity.unit == "degree fahrenheit":
        return (float(quantity.value) - 32.0) / 1.8
    if quantity.unit in NEW_SIZES:
        return float(quantity.value) * NEW_SIZES[quantity.unit]
    return size(quantity)
