"""The unit table, how units are spelled, and how the unit of a number is read.

To add a unit: its full name goes to :data:`~tapeline.entities.UNITS_BY_ENTITY`, its size to
:data:`SIZE_BY_UNIT`, and its spellings to ``_SPELLINGS``.
"""

import re
from typing import Final

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.quantities.text import plain_text

# The full names of all units that any entity may be answered in.
ALL_UNITS: Final[frozenset[str]] = frozenset().union(*UNITS_BY_ENTITY.values())

# The full names of the units of width, depth and height.
LENGTH_UNITS: Final[frozenset[str]] = UNITS_BY_ENTITY["width"]

# The unit table: a unit's full name -> its size in millimetres, grams, millilitres, volts or watts.
# Source: NIST Special Publication 811 (2008), appendix B; long factors are rounded to six digits.
SIZE_BY_UNIT: Final[dict[str, float]] = {
    # Lengths in millimetres: exact, by definition (the international yard of 1959).
    "millimetre": 1.0, "centimetre": 10.0, "metre": 1000.0, "inch": 25.4, "foot": 304.8, "yard": 914.4,
    # Weights in grams: metric ones exact (ton is the tonne), ounce and pound avoirdupois.
    "microgram": 1e-6, "milligram": 1e-3, "gram": 1.0, "kilogram": 1000.0, "ton": 1e6,
    "ounce": 28.3495, "pound": 453.592,
    # Volumes in millilitres: metric ones and the imperial gallon exact, pints and the like as in the US.
    "microlitre": 1e-3, "millilitre": 1.0, "centilitre": 10.0, "decilitre": 100.0, "litre": 1000.0,
    "fluid ounce": 29.5735, "cubic inch": 16.3871, "cup": 236.588, "pint": 473.176, "quart": 946.353,
    "gallon": 3785.41, "imperial gallon": 4546.09, "cubic foot": 28316.8,
    # Volts and watts: exact.
    "millivolt": 1e-3, "volt": 1.0, "kilovolt": 1000.0, "watt": 1.0, "kilowatt": 1000.0,
}  # fmt: skip

# A unit's symbols, as persons type them -> its full name. Each is one of the spellings below.
UNIT_BY_TYPED_SYMBOL: Final[dict[str, str]] = {
    "mm": "millimetre", "cm": "centimetre", "m": "metre", "in": "inch", '"': "inch", "ft": "foot",
    "'": "foot", "yd": "yard",
    "mcg": "microgram", "mg": "milligram", "g": "gram", "kg": "kilogram", "oz": "ounce",
    "lb": "pound", "lbs": "pound",
    "ml": "millilitre", "cl": "centilitre", "dl": "decilitre", "l": "litre", "fl oz": "fluid ounce",
    "cu in": "cubic inch", "cu ft": "cubic foot", "pt": "pint", "qt": "quart", "gal": "gallon",
    "mv": "millivolt", "v": "volt", "kv": "kilovolt", "w": "watt", "kw": "kilowatt",
}  # fmt: skip

# A unit's full name -> its spellings in plain text, the first that fits wins: cubic units before lengths.
# Chosen by hand from product pictures. ``[o0]z``, ``[l1i]b``, ``[il]n``, ``[c€]m``, ``m[l1]`` and ``l[o0]z``
# (for ``fl oz``) allow for letters that OCR confuses. Every pattern has a bounded length.
_SPELLINGS: Final[dict[str, str]] = {
    "cubic foot": r"cu(?:bic|\.)? ?-?(?:ft|feet|foot)|(?:ft|feet)\.?[³3]",
    "cubic inch": r"cu(?:bic|\.)? ?-?in(?:ch(?:es)?)?|in(?:ch)?\.?[³3]",
    "fluid ounce": (
        r"(?:u\.?s\.? ?)?(?:f[li1t]?(?:uid)?s?[.,]? ?-?(?:[o0][z2]s?|ounces?)|fluid [o0]zs?)|l[o0][z2]"
    ),
    "imperial gallon": r"(?:imp(?:erial|\.)?|uk) ?gal(?:lons?|s)?",
    "centimetre": r"centi ?met(?:er|re)s?|[c€]ms?|㎝",
    "millimetre": r"milli ?met(?:er|re)s?|mms?|㎜",
    "metre": r"met(?:er|re)s?|mtrs?|m(?!1(?![0-9.,]))",
    "inch": r"\"(?: ?inch(?:es)?)?|''|[il]nch(?:es|s)?|ins?|ln",
    "foot": r"feet|foot|fts?|'",
    "yard": r"yards?|yds?",
    "kilogram": r"kilo ?gram(?:m[ei]|[oa])?s?|kilos?|kgs?|kgm|㎏",
    "milligram": r"milli ?gram(?:m[ei]|[oa])?s?|mgs?|㎎",
    "microgram": r"micro ?gram(?:me)?s?|mcgs?|[µu]g",
    "gram": r"gram(?:m[ei]|[oa])?s?|gms?|grs?|g",
    "ounce": r"ounces?|[o0]zs?|o2",
    "pound": r"pounds?|[l1i]bs?",
    "ton": r"(?:metric )?ton(?:ne)?s?",
    "kilovolt": r"kilo ?volts?|kv",
    "millivolt": r"milli ?volts?|mv",
    "volt": r"volts?|v",
    "kilowatt": r"kilo ?watts?|kw",
    "watt": r"wat{1,2}s?|w",
    "millilitre": r"milli ?lit(?:er|re)s?|m[l1]s?|㎖",
    "centilitre": r"centi ?lit(?:er|re)s?|cl",
    "decilitre": r"deci ?lit(?:er|re)s?|dl",
    "microlitre": r"micro ?lit(?:er|re)s?|[µu]l",
    "litre": r"lit(?:er|re|ro)s?|ltrs?|lts?|l|ℓ",
    "gallon": r"(?:u\.?s\.? ?)?gal(?:lons?|s)?",
    "quart": r"quarts?|qts?",
    "pint": r"pints?|pts?",
    "cup": r"cups?",
}

# Symbol -> full name, for the symbols that may have certain letters right after them, as in ``20cmW``.
_UNIT_BY_SYMBOL: Final[dict[str, str]] = {
    "cm": "centimetre", "mm": "millimetre", "in": "inch", "ft": "foot", '"': "inch", "'": "foot", "v": "volt",
    "kg": "kilogram", "g": "gram", "l": "litre", "ml": "millilitre", "cl": "centilitre",
}  # fmt: skip

# Group of _UNIT -> full name, for the groups that hold a unit's spellings. Groups' names can't have spaces.
_UNIT_BY_GROUP: Final[dict[str, str]] = {unit.replace(" ", "_"): unit for unit in _SPELLINGS}

# A unit with what may come between it and its number. It ends where no Latin letter follows, except for ``x``
# before the next number, a side's letter (``20cmW``), the kind of current (``12VDC``) or of battery
# (``18VLITHIUM``), any word after an inch mark (``75"DIA``), and the estimated sign of Directive 76/211/EEC,
# which OCR reads as an e (``500ge``).
_UNIT: Final = re.compile(
    r"(?:[.](?=[a-z])(?!in[ ][a-z]))?[ ]{0,3}[-(\[]?[ ]?(?:(?:"
    + "|".join(f"(?P<{group}>{_SPELLINGS[unit]})" for group, unit in _UNIT_BY_GROUP.items())
    + r")(?=x[ ]?[0-9ø]|(?![a-zß-öø-ÿ]))"
    + r"|(?P<before_side>[cm]m|in|ft|\"|')(?=[whld](?![a-z]))"
    + r"|(?P<before_current>v)(?=[ad]c(?![a-z])|max|li|lt|lx)"
    + r"|(?P<before_word>\")(?=[a-z])"
    + r"|(?P<before_estimated_sign>k?g|[mc]?l)(?=e(?![a-z])))"
)

# What makes something else of a number and a unit: an area, a rate, a concentration (``20 mg/ml``).
_DECOY_AFTER: Final = re.compile(
    r"[²³^°]"
    r"|[ ]?/[ ]?(?:h(?:r|our)?|min(?:ute)?|s(?:ec)?|c?m[²³23]?|k?g|m?l|lb|in|ft|day|dose|serving)(?![a-z0-9])"
    r"|[ ]?per[ ]|p[ ]?[hm](?![a-z])"
)

# A weight or force after a length: together a torque, as in ``50 ft-lbs``.
_TORQUE_AFTER: Final = re.compile(r"[.]?[ ]?[-·.*/]?[ ]?(?:lbs?|pounds?|oz|[ck]gf?)(?![a-z])")

# Digits right after a length's unit: an area, a volume or a serial number, as in ``100 in4`` and ``1m000``.
_DIGITS_AFTER_LENGTH: Final = re.compile(
    r"[2-4](?![0-9.,])|[0-9]{2,8}(?![0-9.,]|[ ]?(?:[a-z\"'/]|x[ ]?[0-9]))"
)

# What makes a word of ``in``: ``5 in 1``, ``3 in a set``.
_WORD_IN_BEFORE: Final = re.compile(
    r"[ -]{0,2}(?:1(?![0-9.,/])|(?:an?|the|one|total|stock|all|each|our|your|this|pack|set|box)(?![a-z]))"
)

# A next number with a side's letter: the W or L before it is a side's letter too, as in ``24W x 10D``.
_LETTERED_SIDE_AFTER: Final = re.compile(r"[)\]]?[ ]{0,2}x[ ]{0,2}[0-9.,]{1,8}[\"]?[ ]?[(\[]?[whld](?![a-z])")

# Unit -> the words after its symbol that make something else of the two: a brand (``3M Adhesive``), a speed
# (``100M Ethernet``), a count (``16.7M colors``, ``16.7M 72%``), a radio band (``5G WiFi``) or a kind of
# steel (``316L stainless``).
_WORD_AFTER: Final = {
    "metre": re.compile(
        r"[ ]?(?:adhesive|tape|glue|stickers?|model|bps|ethernet|lan|network|mega|pixels?|colou?rs?)(?![a-z])"
        r"|[ ]?[0-9]{2,3}%"
    ),
    "gram": re.compile(r"[ ]?[-/]?[ ]?(?:wi-?fi|lte|wireless|network|signal|router|band)(?![a-z])"),
    "litre": re.compile(r"[ ]?(?:stainless|steel|surgical|ss)(?![a-z])"),
}

# The symbols of these units, W and L, are also the letters of sides; so is a V in brackets, for vertical.
_UNITS_LIKE_SIDES: Final = frozenset({"watt", "litre"})

# A unit at the end of a text: in brackets, after the word unit or another of its kind, or alone.
_ANNOUNCED: Final = re.compile(
    r"[(\[][ ]?([a-z\"'µ .~]{1,12}?)[~]?[ ]?[)\]][ ]?[.:=]?[ ]{0,3}$"
    r"|(?<![a-z])units?[ ]?[:=]?[ ]?([a-z\"]{1,11})[.]?$"
    r"|(?<![a-z])(?:size|dimension|measurement)s?(?:[ ]?[:=][ ]?|[ ](?:(?:are|is)[ ])?in[ ])"
    r"([a-z]{2,11})[.]?$"
    r"|^[ ]{0,2}([a-z\"]{2,11})[.:]?[ ]{0,2}$"
)

# How much of the end of a text is searched for an announced unit, in characters; chosen by hand.
_MAX_ANNOUNCEMENT: Final = 40


def _unit_of(match: re.Match[str]) -> str:
    """Return the full name of the unit that _UNIT matched."""
    group = str(match.lastgroup)
    return _UNIT_BY_GROUP.get(group) or _UNIT_BY_SYMBOL[match[group]]


def _is_decoy(plain: str, match: re.Match[str], unit: str) -> bool:
    """Return whether what follows a unit makes something else of it than the unit of the number before it."""
    end = match.end()
    if _DECOY_AFTER.match(plain, end):
        return True
    word = _WORD_AFTER.get(unit)
    if word is not None and word.match(plain, end):
        return True
    if unit in LENGTH_UNITS:
        return bool(
            _TORQUE_AFTER.match(plain, end)
            or (plain[end - 1].isalpha() and _DIGITS_AFTER_LENGTH.match(plain, end))
            or (match[0].strip(" -") == "in" and _WORD_IN_BEFORE.match(plain, end))
        )
    is_letter = unit in _UNITS_LIKE_SIDES or (unit == "volt" and "(" in match[0])
    return is_letter and _LETTERED_SIDE_AFTER.match(plain, end) is not None


def read_unit(plain: str, index: int) -> tuple[str, int] | None:
    """Read the unit at an index, with the spaces, dash or bracket that may come between it and a number.

    Args:
        plain: The plain text.
        index: Where the number before the unit ends.

    Returns:
        The unit's full name and the index after it. None where no unit follows, or a decoy: a rate such as
        ``5 km/h``, an area, a torque, the ``in`` of ``5 in 1``, the letter of a side.
    """
    match = _UNIT.match(plain, index)
    if match is None:
        return None
    unit = _unit_of(match)
    return None if _is_decoy(plain, match, unit) else (unit, match.end())


def announced_unit(text: str) -> str | None:
    """Return the unit that a text announces for the number after it.

    Args:
        text: Such as ``Weight (kg):``, ``LBS`` or ``Unit: cm``; at most its last 40 characters count.

    Returns:
        The unit's full name; None where the text doesn't end with a unit in brackets, after a word such as
        unit or size, or alone.
    """
    match = _ANNOUNCED.search(plain_text(text)[-_MAX_ANNOUNCEMENT:])
    if match is None:
        return None
    # The whole must be a unit: a number before it would make it part of a quantity.
    unit = _UNIT.fullmatch(match[1] or match[2] or match[3] or match[4])
    return None if unit is None else _unit_of(unit)
