"""Quantities in running text: numbers with a unit, in the spellings that product pictures use.

Text is scanned number by number. What may stand around a number (a fraction, a unit, the link to the
next number) is matched from a fixed place by patterns of bounded length, so the time grows with the
length of the text and not with what it says.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

from tapeline.entities import UNITS_BY_ENTITY

ALL_UNITS: Final[frozenset[str]] = frozenset().union(*UNITS_BY_ENTITY.values())
"""The full names of all units that any entity may be answered in."""

LENGTH_UNITS: Final[frozenset[str]] = UNITS_BY_ENTITY["width"]
"""The full names of the units of width, depth and height."""

MAX_DECIMALS: Final = 4
"""Decimals that :func:`format_quantity` keeps: a 64th of an inch rounded as rulers do, and no noise."""

SIZE_BY_UNIT: Final[dict[str, float]] = {
    "millimetre": 1.0, "centimetre": 10.0, "metre": 1000.0, "inch": 25.4, "foot": 304.8, "yard": 914.4,
    "microgram": 1e-6, "milligram": 1e-3, "gram": 1.0, "kilogram": 1000.0, "ton": 1e6,
    "ounce": 28.3495, "pound": 453.592,
    "microlitre": 1e-3, "millilitre": 1.0, "centilitre": 10.0, "decilitre": 100.0, "litre": 1000.0,
    "fluid ounce": 29.5735, "cubic inch": 16.3871, "cup": 236.588, "pint": 473.176, "quart": 946.353,
    "gallon": 3785.41, "imperial gallon": 4546.09, "cubic foot": 28316.8,
    "millivolt": 1e-3, "volt": 1.0, "kilovolt": 1000.0, "watt": 1.0, "kilowatt": 1000.0,
}  # fmt: skip
"""A unit's full name -> its size in millimetres, grams, millilitres, volts or watts."""

_MAX_INTEGER_DIGITS: Final = 7
_MAX_FRACTION_DIGITS: Final = 6
# Longer digit strings in pictures are barcodes, batch and model numbers.

type RangeBound = Literal["low", "high"]
"""Which end of a range such as ``100-240V`` a number is."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit.

    Attributes:
        value: The number; finite.
        unit: The unit's full name, one of :data:`ALL_UNITS`, such as ``centimetre``.
    """

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class FoundQuantity:
    """A quantity and where in the text it stands.

    Attributes:
        quantity: The number, above zero, and its unit.
        start: Index of the number's first character.
        end: Index after the last character of the number and of the unit written with it.
        range_bound: The end of the range that this is; None where it isn't one of a range.
        member: Place within an ``A x B x C`` group, from 0; 0 where there is none.
        group_size: Members of that group; 1 where there is none.
    """

    quantity: Quantity
    start: int
    end: int
    range_bound: RangeBound | None = None
    member: int = 0
    group_size: int = 1


def size(quantity: Quantity) -> float:
    """Return a quantity in its kind's basic unit, as in :data:`SIZE_BY_UNIT`."""
    return float(quantity.value) * SIZE_BY_UNIT[quantity.unit]


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


_WRITTEN: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ([a-z]+(?: [a-z]+)?)")


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


# Each unit's spellings, after _plain() and so in lower case. ``[o0]z``, ``[l1i]b`` and ``[il]n`` allow for
# letters that text readers take for one another. Every pattern has a bounded length.
_SPELLINGS: Final[dict[str, str]] = {
    "cubic foot": r"cu(?:bic|\.)? ?-?(?:ft|feet|foot)|(?:ft|feet)\.?[³3]",
    "cubic inch": r"cu(?:bic|\.)? ?-?in(?:ch(?:es)?)?|in(?:ch)?\.?[³3]",
    "fluid ounce": r"(?:u\.?s\.? ?)?(?:f[li1t]?(?:uid)?s?[.,]? ?-?(?:[o0][z2]s?|ounces?)|fluid [o0]zs?)",
    "imperial gallon": r"(?:imp(?:erial|\.)?|uk) ?gal(?:lons?|s)?",
    "centimetre": r"centi ?met(?:er|re)s?|cms?|㎝",
    "millimetre": r"milli ?met(?:er|re)s?|mms?|㎜",
    "metre": r"met(?:er|re)s?|mtrs?|m",
    "inch": r"\"(?: ?inch(?:es)?)?|''|inch(?:es|s)?|[il]nches|ins?|ln",
    "foot": r"feet|foot|fts?|'",
    "yard": r"yards?|yds?",
    "kilogram": r"kilo ?gram(?:me)?s?|kilos?|kgs?|kgm|㎏",
    "milligram": r"milli ?gram(?:me)?s?|mgs?|㎎",
    "microgram": r"micro ?gram(?:me)?s?|mcgs?|[µu]g",
    "gram": r"gram(?:me)?s?|gms?|grs?|g",
    "ounce": r"ounces?|[o0]zs?|o2",
    "pound": r"pounds?|[l1i]bs?",
    "ton": r"(?:metric )?ton(?:ne)?s?",
    "kilovolt": r"kilo ?volts?|kv",
    "millivolt": r"milli ?volts?|mv",
    "volt": r"volts?|v",
    "kilowatt": r"kilo ?watts?|kw",
    "watt": r"watts?|w",
    "millilitre": r"milli ?lit(?:er|re)s?|mls?|㎖",
    "centilitre": r"centi ?lit(?:er|re)s?|cl",
    "decilitre": r"deci ?lit(?:er|re)s?|dl",
    "microlitre": r"micro ?lit(?:er|re)s?|[µu]l",
    "litre": r"lit(?:er|re|ro)s?|ltrs?|lts?|l|ℓ",
    "gallon": r"(?:u\.?s\.? ?)?gal(?:lons?|s)?",
    "quart": r"quarts?|qts?",
    "pint": r"pints?|pts?",
    "cup": r"cups?",
}
_UNITS: Final = tuple(_SPELLINGS)

# A unit ends where no Latin letter follows, but for ``x`` before the next number, a side's letter
# (``20cmW``), the kind of current (``12VDC``) or of battery (``18VLITHIUM``), any
# word after an inch mark (``75"DIA``), and the sign of an estimated
# content that is read as an e (``500ge``).
_UNIT: Final = re.compile(
    r"(?:[.](?=[a-z])(?!in[ ][a-z]))?[ ]{0,3}[-(\[]?[ ]?(?:(?:"
    + "|".join(f"(?P<u{place}>{pattern})" for place, pattern in enumerate(_SPELLINGS.values()))
    + r")(?=x[ ]?[0-9ø]|(?![a-zß-öø-ÿ]))"
    + r"|(?P<side>[cm]m|in|ft|\"|')(?=[whld](?![a-z]))|(?P<current>v)(?=[ad]c(?![a-z])|max|li|lt|lx)"
    r"|(?P<mark>\")(?=[a-z])"
    r"|(?P<content>k?g|[mc]?l)(?=e(?![a-z])))"
)
_SHORT_UNITS: Final[dict[str, str]] = {
    "cm": "centimetre", "mm": "millimetre", "in": "inch", "ft": "foot", '"': "inch", "'": "foot", "v": "volt",
    "kg": "kilogram", "g": "gram", "l": "litre", "ml": "millilitre", "cl": "centilitre",
}  # fmt: skip

# The side that a number is stands before its unit: ``326.5(W) x 253.5(H) x 10.1(D) mm``.
_SIDE_BEFORE_UNIT: Final = re.compile(r"[ ]?[(\[][whdlt0][)\]](?=[ ]?(?:mm|cm|in(?:ch(?:es)?)?)(?![a-z]))")

_ANNOUNCED: Final = re.compile(
    r"[(\[][ ]?([a-z\"'µ .~]{1,12}?)[~]?[ ]?[)\]][ ]?[.:=]?[ ]{0,3}$"
    r"|(?<![a-z])units?[ ]?[:=]?[ ]?([a-z\"]{1,11})[.]?$"
    r"|^[ ]{0,2}([a-z\"]{2,11})[.:]?[ ]{0,2}$"
)
# What makes of a number and a unit something else: an area, a rate, a torque, a concentration.
_DECOY_AFTER: Final = re.compile(
    r"[²³^]"
    r"|[ ]?/[ ]?(?:h(?:r|our)?|min(?:ute)?|s(?:ec)?|c?m[²³23]?|k?g|m?l|lb|in|ft|day|dose|serving)(?![a-z0-9])"
    r"|[ ]?per[ ]|p[ ]?[hm](?![a-z])"
)
_TORQUE_AFTER: Final = re.compile(r"[.]?[ ]?[-·.*/]?[ ]?(?:lbs?|pounds?|oz|[ck]gf?)(?![a-z])")
# The reader takes inch marks for degrees: ``77°L X 54°W X 41°H``.
_MISREAD_INCH: Final = re.compile(
    r"(?<=[0-9])°(?=[ ]?(?:x[ ]?[0-9]|[whdl](?![a-z])))"
    r"|(?<=x[0-9])°|(?<=x[ ][0-9])°|(?<=x[0-9]{2})°|(?<=x[ ][0-9]{2})°"
)
_MISREAD_ZERO: Final = re.compile(r"(?<![a-z0-9])o(?=[.,][0-9])")
# Digits right after a length's unit make an area of it, or a serial number: ``100 in4``, ``1m000``.
_POWER_OF_LENGTH_AFTER: Final = re.compile(
    r"[2-4](?![0-9.,])|[0-9]{2,8}(?![0-9.,]|[ ]?(?:[a-z\"'/]|x[ ]?[0-9]))"
)
_IN_AFTER: Final = re.compile(
    r"[ -]{0,2}(?:1(?![0-9.,/])|(?:an?|the|one|total|stock|all|each|our|your|this|pack|set|box)(?![a-z]))"
)
# ``24W x 10D`` gives sides, not watts.
_SIDE_AFTER: Final = re.compile(r"[)\]]?[ ]{0,2}x[ ]{0,2}[0-9.,]{1,6}[\"]?[ ]?[(\[]?[whld](?![a-z])")

_RUN: Final = re.compile(r"\.?[0-9]+(?:[.,][0-9]+)*")
_DECIMAL: Final = re.compile(r"[0-9]*(?:[.,][0-9]+)?")
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_OVER: Final = re.compile(r"[ ]?[/⁄][ ]?([0-9]{1,2})(?![0-9.,])")
_GLUED_FRACTION: Final = re.compile(r"([1-9][0-9]{0,2}?)([.]?)(1[135]|[13579])")
_PROPER: Final = re.compile(r"(?:[ ]{1,2}|[ ]?-[ ]?)([0-9]{1,2})[ ]?[/⁄][ ]?([0-9]{1,2})(?![0-9])")
_VULGAR: Final = re.compile(r"[ ]?-?[ ]?([¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])")
_GLUED_POUNDS: Final = re.compile(r"bs?(?![a-zß-öø-ÿ])")
# A point right after a letter ends an abbreviation, as in ``wt.8 oz``.
_START: Final = re.compile(r"(?:(?<![a-z])\.)?[0-9]|[¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
# Divisions of an inch on rulers and of a cup on labels; others with a slash are alternatives (110/220 V).
_DENOMINATORS: Final = frozenset({2, 3, 4, 5, 8, 16, 32, 64})

_SIDE: Final = (
    r"(?:[(\[]?(?:length|width|height|depth|long|wide|high|deep|diameter|dia|[lwhdøt])[)\]]?[.:]?)?"
)
_TIMES: Final = re.compile(rf"\.?[ ]{{0,2}}[)\]]?[ ]?{_SIDE}[ ]{{0,2}}(?:x|by)[ ]{{0,2}}{_SIDE}[ ]{{0,2}}")
_TO: Final = re.compile(r"[ ]{0,2}(?:-{1,2}|~|to|÷|…|\.{2,3})[ ]{0,2}(?:[ad]c[ ]?)?")
_OR: Final = re.compile(r"[ ]{0,2}/[ ]{0,2}")
_PARTS: Final = re.compile(r"\.?[ ]{0,2}(?:,|-|&|and)?[ ]{0,2}")
_MAX_LINK: Final = 24

_SAME_LENGTH: Final[dict[int, str]] = {
    ord(char): plain
    for plain, chars in {
        '"': "“”„‟″〃〞＂ˮ",
        "'": "‘’‚‛′`´＇ʹʼ",
        "-": "‐‑‒–—―−－",
        "~": "～∼〜",
        "x": "×✕✖Χхᵡ⨯＊*",
        "µ": "μ",
        ":": "：",
        "/": "／∕",
        "(": "（",
        ")": "）",
        ",": "，",
        ".": "．",
        " ": "\t\n\r\f\v\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000",
        "ø": "⌀Ø∅ΦφϕФф",
    }.items()
    for char in chars
}


def _plain_character(char: str) -> str:
    """Return one character for another that means the same in a quantity."""
    if char.isascii():
        return char.lower()
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if "\uff21" <= char <= "\uff5a":
        char = chr(ord(char) - 0xFEE0)
    lower = char.lower()
    return lower if len(lower) == 1 else char


def plain_text(text: str) -> str:
    """Return text of the same length with one spelling for each letter, digit, quote, dash and space.

    Args:
        text: Any text.

    Returns:
        The text in lower case: Latin digits for other scripts' and full-width ones, ASCII quotes and
        dashes, ``x`` for the multiplication signs. Indexes stay those of ``text``.
    """
    plain = [_plain_character(char) for char in text.translate(_SAME_LENGTH)]
    for place in range(1, len(plain) - 1):
        if plain[place] == "·" and plain[place - 1].isdigit() and plain[place + 1].isdigit():
            plain[place] = "."
    return "".join(plain)


@dataclass(slots=True)
class _Number:
    """A number in plain text, with the unit that is written after it, if any."""

    value: Decimal
    start: int
    end: int
    unit: str | None = None
    bound: RangeBound | None = None
    member: int = 0
    group_size: int = 1


def _decimal(run: str) -> Decimal | None:
    """Read digits with points and commas; None where they aren't one number of a sane size."""
    if _THOUSANDS.fullmatch(run):
        run = run.replace(",", "")
    elif not _DECIMAL.fullmatch(run):
        head, _, tail = run.rpartition(",")
        # ``5,10,15 cm`` is a list: the unit belongs to its last number.
        if "," not in head or "." in run:
            return None
        run = tail
    whole, _, fraction = run.replace(",", ".").partition(".")
    coded = len(whole) > 2 and whole.startswith("0")
    if coded or len(whole) > _MAX_INTEGER_DIGITS or len(fraction) > _MAX_FRACTION_DIGITS:
        return None
    return Decimal(f"{whole or '0'}.{fraction or '0'}")


def _ratio(numerator: str, denominator: str) -> Decimal | None:
    """Return a proper fraction, rounded to the decimals that are written; None for other pairs."""
    above, below = int(numerator), int(denominator)
    if below not in _DENOMINATORS or not 0 < above < below:
        return None
    return Decimal(above) / Decimal(below)


def _mixed(run: str, denominator: str) -> Decimal | None:
    """Return the fraction that ends a run of digits, with the whole number that readers glue to it.

    ``241/4`` and ``24.1/4`` are 24 and a quarter; ``110/220`` is no fraction.
    """
    ratio = _ratio(run, denominator) if run.isdigit() and len(run) <= 2 else None
    if ratio is not None:
        return ratio
    match = _GLUED_FRACTION.fullmatch(run)
    if match is None or denominator not in {"2", "4", "8", "16"} or (not match[2] and len(run) > 4):
        return None
    ratio = _ratio(match[3], denominator)
    # Fractions are written in lowest terms.
    return None if ratio is None or int(match[3]) % 2 == 0 else int(match[1]) + ratio


def _read_number(plain: str, start: int) -> tuple[Decimal | None, int]:
    """Read the number at ``start`` with its fraction; return its value and where to go on."""
    run = _RUN.match(plain, start)
    value = Decimal(0)
    end = start
    if run is not None:
        end = run.end()
        decimal = _decimal(run[0])
        if decimal is None:
            return None, end
        value = decimal
        if over := _OVER.match(plain, end):
            mixed = _mixed(run[0], over[1])
            return (mixed, over.end()) if mixed is not None else (value, end)
        proper = _PROPER.match(plain, end) if run[0].isdigit() else None
        ratio = _ratio(proper[1], proper[2]) if proper else None
        if proper is not None and ratio is not None:
            return value + ratio, proper.end()
    if vulgar := _VULGAR.match(plain, end):
        return value + Decimal(str(round(unicodedata.numeric(vulgar[1]), MAX_DECIMALS))), vulgar.end()
    return value, end


def _read_unit(plain: str, number: _Number) -> tuple[str, int] | None:
    """Return the unit that follows a number and where it ends; None where none does, or a decoy."""
    match = _UNIT.match(plain, number.end)
    if match is None:
        return None
    end = match.end()
    kind = str(match.lastgroup)
    unit = _UNITS[int(kind[1:])] if kind[1:].isdigit() else _SHORT_UNITS[match[kind]]
    decoy = (
        _DECOY_AFTER.match(plain, end)
        or (unit in LENGTH_UNITS and _TORQUE_AFTER.match(plain, end))
        or (unit in LENGTH_UNITS and plain[end - 1].isalpha() and _POWER_OF_LENGTH_AFTER.match(plain, end))
        or (match[0].strip(" -") == "in" and _IN_AFTER.match(plain, end))
        or (unit in {"watt", "litre"} and _SIDE_AFTER.match(plain, end))
    )
    return None if decoy else (unit, end)


def _ends_in_one(plain: str, number: _Number) -> bool:
    digits = plain[number.start : number.end]
    return len(digits) > 1 and digits.isdigit() and digits.endswith("1")


def _read_numbers(plain: str) -> list[_Number]:
    """Return all numbers of a plain text, in order."""
    numbers: list[_Number] = []
    place = 0
    while start := _START.search(plain, place):
        value, place = _read_number(plain, start.start())
        exponent = plain[max(0, start.start() - 2) : start.start()]
        if value is None or (exponent[:1].isdigit() and exponent[1:] == "e"):
            continue
        number = _Number(value, start.start(), place)
        if pounds := _GLUED_POUNDS.match(plain, place) if _ends_in_one(plain, number) else None:
            # ``2751bs``: the unit's l was read as the number's last digit.
            number.value, number.unit, number.end = value // 10, "pound", pounds.end()
            place = number.end
            numbers.append(number)
            continue
        if unit := _read_unit(plain, number):
            number.unit, number.end = unit
            place = number.end
        elif side := _SIDE_BEFORE_UNIT.match(plain, place):
            # What names the side stays outside of the quantity, for those who ask what is beside it.
            after = _read_unit(plain, _Number(value, start.start(), side.end()))
            number.unit, place = after or (None, place)
        numbers.append(number)
    return numbers


def announced_unit(text: str) -> str | None:
    """Return the unit that a text announces for the number after it.

    Args:
        text: Such as ``Weight (kg):``, ``LBS`` or ``Unit: cm``; at most its last 40 characters count.

    Returns:
        The unit's full name; None where the text doesn't end with a unit in brackets, after the word
        unit, or alone.
    """
    match = _ANNOUNCED.search(plain_text(text)[-40:])
    # A number before it makes the unit part of a quantity.
    unit = _UNIT.fullmatch(match[1] or match[2] or match[3]) if match else None
    if unit is None:
        return None
    kind = str(unit.lastgroup)
    return _UNITS[int(kind[1:])] if kind[1:].isdigit() else _SHORT_UNITS[unit[kind]]


def _take_announced_units(plain: str, numbers: Sequence[_Number]) -> None:
    """Give a number without a unit the one in brackets before it, as in ``Weight (kg): 5``."""
    for number in numbers:
        before = plain[max(0, number.start - 24) : number.start]
        if number.unit is None and ("(" in before or "[" in before):
            number.unit = announced_unit(before)


def _link_groups(plain: str, numbers: list[_Number]) -> None:
    """Find the ``A x B x C`` groups, and give a length unit to their members that have none."""
    group: list[_Number] = []
    for number in [*numbers, None]:
        if group and number is not None and _linked(_TIMES, plain, group[-1], number):
            group.append(number)
            continue
        lengths = [member.unit for member in group if member.unit in LENGTH_UNITS]
        if len(group) > 1 and lengths and all(m.unit is None or m.unit in LENGTH_UNITS for m in group):
            for place, member in enumerate(group):
                member.member, member.group_size = place, len(group)
                later = (m.unit for m in group[place:] if m.unit is not None)
                member.unit = next(later, lengths[-1])
        group = [number] if number is not None else []


def _linked(link: re.Pattern[str], plain: str, left: _Number, right: _Number) -> bool:
    """Say whether exactly this link stands between two numbers."""
    between = right.start - left.end
    return between <= _MAX_LINK and link.fullmatch(plain, left.end, right.start) is not None


def _link_ranges(plain: str, numbers: list[_Number]) -> None:
    """Mark the ends of ranges, and give the upper end's unit to a lower end that has none."""
    for low, high in pairwise(numbers):
        if high.unit is None or low.unit not in {None, high.unit} or low.bound or low.value >= high.value:
            continue
        either = high.unit == "volt" and _linked(_OR, plain, low, high)
        if either or _linked(_TO, plain, low, high):
            low.unit = high.unit
            low.bound, high.bound = "low", "high"


def _join_parts(plain: str, numbers: list[_Number]) -> list[_Number]:
    """Make one of feet with inches and of pounds with ounces.

    Feet become inches and ounces become a part of a pound: in both, no value needs more decimals
    than are written. The challenge's own table has feet with decimals only from metric conversions.
    """
    joined: list[_Number] = []
    for number in numbers:
        left = joined[-1] if joined else None
        if left is not None and left.bound is None and _linked(_PARTS, plain, left, number):
            value: Decimal | None = None
            if (left.unit, number.unit) == ("foot", "inch") and number.value < 12 and left.value % 1 == 0:
                value, unit = left.value * 12 + number.value, "inch"
            elif (left.unit, number.unit) == ("pound", "ounce") and number.value < 16 and left.value % 1 == 0:
                value, unit = left.value + number.value / 16, "pound"
            if value is not None:
                size, member = max((left.group_size, left.member), (number.group_size, number.member))
                joined[-1] = _Number(value, left.start, number.end, unit, number.bound, member, size)
                continue
        joined.append(number)
    return joined


def find_quantities(text: str) -> list[FoundQuantity]:
    """Find the quantities in a text.

    Numbers may have decimals with a point or a comma, thousands with commas, fractions (``1/2``,
    ``3-15/16``, ``6¾``), and the digits of any script. A range gives both of its ends; a group such as
    ``10 x 20 x 30 cm`` gives each member the unit. Feet with inches become inches, and pounds with
    ounces become pounds. ``oz`` is a weight's ounce here: what it is in a volume is the caller's to say.
    Zero, numbers of absurd length, and numbers with any other unit (mAh, Hz, psi, km/h) aren't found.

    Args:
        text: Any text; never raises.

    Returns:
        What was found, in the order of the text, with indexes into ``text``.
    """
    plain = _MISREAD_ZERO.sub("0", _MISREAD_INCH.sub('"', plain_text(text)))
    numbers = _read_numbers(plain)
    _take_announced_units(plain, numbers)
    _link_groups(plain, numbers)
    _link_ranges(plain, numbers)
    return [
        FoundQuantity(Quantity(n.value, n.unit), n.start, n.end, n.bound, n.member, n.group_size)
        for n in _join_parts(plain, numbers)
        if n.unit is not None and n.value > 0
    ]
