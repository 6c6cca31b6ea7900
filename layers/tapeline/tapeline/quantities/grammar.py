"""The grammar of numbers: digits, decimals, thousands, fractions, and the links between two numbers.

Every pattern is for plain text (:func:`~tapeline.quantities.text.plain_text`) and is matched at a known
index. Apart from runs of digits, which are read once each, a pattern's length is bounded: the time grows
with the length of the text, whatever it says.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Final

from tapeline.quantities.format import MAX_DECIMALS

# Longest whole part of a number, in digits; chosen by hand. Longer ones are barcodes or batch numbers.
_MAX_INTEGER_DIGITS: Final = 5

# Longest decimal part of a number, in digits; chosen by hand, for the same reason.
_MAX_FRACTION_DIGITS: Final = 6

# Denominators of fractions: the divisions of an inch on rulers and of a cup on labels. Numbers with a slash
# and another denominator are alternatives, as in ``110/220 V``.
_DENOMINATORS: Final = frozenset({2, 3, 4, 5, 8, 16, 32, 64})

# Denominators of a fraction whose whole number OCR has glued to it (``241/4``): an inch's common divisions.
# Chosen by hand: a 5th, 32nd or 64th is rarer than a model number with a slash.
_GLUED_DENOMINATORS: Final = frozenset({"2", "4", "8", "16"})

# Longest run of digits before the slash that can be a whole number glued to a numerator; chosen by hand.
# With a point between the two (``31.3/4``) there is no limit but that of the pattern.
_MAX_GLUED_DIGITS: Final = 4

# Where a number starts. A point right after a letter ends an abbreviation, as in ``wt.8 oz``.
NUMBER_START: Final = re.compile(r"(?:(?<![a-z])\.)?[0-9]|[¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")

# Digits with any points and commas between them: a number, a list of numbers, or neither.
_RUN: Final = re.compile(r"\.?[0-9]+(?:[.,][0-9]+)*")

# ``12``, ``12.5``, ``12,5``, ``.5``.
_DECIMAL: Final = re.compile(r"[0-9]*(?:[.,][0-9]+)?")

# ``1,000`` and ``1,234,567.8``.
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")

# A slash and a denominator right after a run of digits, as in ``1/2``.
_OVER: Final = re.compile(r"[ ]?[/⁄][ ]?([0-9]{1,2})(?![0-9.,])")

# Before and after the slash of two sizes ``AxB/CxD``, in two units or of two products, which is no fraction.
# Each is searched at the number before the slash and after the number that follows it. A fraction in one of
# three members, as in ``1/2x3/4x6`` and ``2 x 3/4 x 6``, has another fraction before it, or spaces.
_SIZE_BEFORE: Final = re.compile(r"(?<![0-9./x])[0-9][0-9.]{0,5}[ ]?x[ ]?$")
_SIZE_AFTER: Final = re.compile(r"[ ]?x[ ]?[0-9]")

# How much of the text before a number is searched for a size, in characters: that pattern's longest match.
_MAX_SIZE_BEFORE: Final = 10

# A whole number glued to an odd numerator: fractions are written in lowest terms.
_GLUED_FRACTION: Final = re.compile(r"([1-9][0-9]{0,2}?)([.]?)(1[135]|[13579])")

# A fraction after a whole number, as in ``3 15/16`` and ``3-15/16``.
_PROPER: Final = re.compile(r"(?:[ ]{1,2}|[ ]?-[ ]?)([0-9]{1,2})[ ]?[/⁄][ ]?([0-9]{1,2})(?![0-9])")

# A fraction that is one character, alone or after a whole number.
_VULGAR: Final = re.compile(r"[ ]?-?[ ]?([¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])")

# The name or letter of a side, in brackets or not, as in ``10 (W) x 20``.
_SIDE: Final = (
    r"(?:[(\[]?(?:length|width|height|depth|long|wide|high|tall|deep|thick|diameter|dia|[lwhdøt]|(?<=[(])v)"
    r"[)\]]?[.:]?)?"
)

# Between the members of an ``A x B x C`` group.
TIMES: Final = re.compile(rf"\.?[ ]{{0,2}}[)\]]?[ ]?{_SIDE}[ ]{{0,2}}(?:x|by)[ ]{{0,2}}{_SIDE}[ ]{{0,2}}")

# Between the ends of a range; the kind of current may come before the upper end, as in ``100-AC240V``.
TO: Final = re.compile(r"[ ]{0,2}(?:-{1,2}|~|to|÷|…|\.{2,3})[ ]{0,2}(?:[ad]c[ ]?)?")

# Between alternatives, as in ``110/220V``.
OR: Final = re.compile(r"[ ]{0,2}/[ ]{0,2}")

# Between feet and inches, or pounds and ounces.
PARTS: Final = re.compile(r"\.?[ ]{0,2}(?:,|-|&|and)?[ ]{0,2}")

# The name of a side right before and right after its number.
_SIDE_NAME_BEFORE: Final = re.compile(
    r"(?<![a-z])(?:width|height|depth|length|thickness|diameter)[ ]?[:=]?[ ]{0,2}$"
)
_SIDE_NAME_AFTER: Final = re.compile(
    r"[ ]{0,2}[(\[]?(?:wide|width|tall|high|height|deep|depth|long|length|thick|thickness)(?![a-z])"
)

# How much of the text before a number is searched for the name of a side: that pattern's longest match.
_MAX_SIDE_NAME: Final = 16

# Longest link between two numbers, in characters. Chosen by hand: room for a side's name in brackets before
# and after the x.
_MAX_LINK: Final = 24


def is_linked(link: re.Pattern[str], plain: str, end: int, start: int) -> bool:
    """Return whether a link fills the text between two numbers.

    Args:
        link: One of this module's links.
        plain: The plain text.
        end: Index after the first number.
        start: Index of the second number.
    """
    return start - end <= _MAX_LINK and link.fullmatch(plain, end, start) is not None


def is_side(plain: str, start: int, end: int) -> bool:
    """Return whether the name of a side stands right before or right after a number.

    Args:
        plain: The plain text.
        start: Index of the number.
        end: Index after it.
    """
    if _SIDE_NAME_AFTER.match(plain, end):
        return True
    return _SIDE_NAME_BEFORE.search(plain[max(0, start - _MAX_SIDE_NAME) : start]) is not None


def read_number(plain: str, start: int) -> tuple[Decimal | None, int]:
    """Read the number at an index, with its fraction.

    Args:
        plain: The plain text.
        start: Where :data:`NUMBER_START` matches.

    Returns:
        The value, and the index after it. None for digits that are no number or of no plausible length.
    """
    run = _RUN.match(plain, start)
    value = Decimal(0)
    end = start
    if run is not None:
        end = run.end()
        decimal = _decimal(run[0])
        if decimal is None:
            return None, end
        value = decimal
        over = _OVER.match(plain, end)
        if over is not None and not _is_between_sizes(plain, start, over):
            mixed = _mixed(run[0], over[1])
            return (mixed, over.end()) if mixed is not None else (value, end)
        proper = _PROPER.match(plain, end) if run[0].isdigit() else None
        ratio = _ratio(proper[1], proper[2]) if proper else None
        if proper is not None and ratio is not None:
            return value + ratio, proper.end()
    if vulgar := _VULGAR.match(plain, end):
        return value + Decimal(str(round(unicodedata.numeric(vulgar[1]), MAX_DECIMALS))), vulgar.end()
    return value, end


def _is_between_sizes(plain: str, start: int, over: re.Match[str]) -> bool:
    """Return whether a slash parts two sizes, as in ``2x2/3x3``.

    Args:
        plain: The plain text.
        start: Index of the number before the slash.
        over: The slash and the number after it.
    """
    spaced = over[0].startswith(" ")
    before = _SIZE_BEFORE.search(plain[max(0, start - _MAX_SIZE_BEFORE) : start])
    after = _SIZE_AFTER.match(plain, over.end())
    if before is None or after is None:
        return False
    # ``2 x 3/4 x 6`` is a fraction, and ``2 x 3 / 4 x 6`` isn't.
    return spaced or (before[0].endswith("x") and after[0][0] == "x")


def _decimal(run: str) -> Decimal | None:
    """Return the value of digits with points and commas; None where they aren't one plausible number."""
    if _THOUSANDS.fullmatch(run):
        run = run.replace(",", "")
    elif not _DECIMAL.fullmatch(run):
        head, _, tail = run.rpartition(",")
        # ``5,10,15 cm`` is a list: the unit belongs to its last number.
        if "," not in head or "." in run:
            return None
        run = tail
    whole, _, fraction = run.replace(",", ".").partition(".")
    # ``007`` is a code.
    coded = len(whole) > 2 and whole.startswith("0")
    if coded or len(whole) > _MAX_INTEGER_DIGITS or len(fraction) > _MAX_FRACTION_DIGITS:
        return None
    return Decimal(f"{whole or '0'}.{fraction or '0'}")


def _ratio(numerator: str, denominator: str) -> Decimal | None:
    """Return a proper fraction's value; None where it isn't one, or has no common denominator."""
    above, below = int(numerator), int(denominator)
    if below not in _DENOMINATORS or not 0 < above < below:
        return None
    return Decimal(above) / Decimal(below)


def _mixed(run: str, denominator: str) -> Decimal | None:
    """Return the fraction that ends a run of digits, with the whole number that OCR glued to it.

    ``241/4`` and ``24.1/4`` are 24 and a quarter; ``110/220`` is no fraction.
    """
    ratio = _ratio(run, denominator) if run.isdigit() and len(run) <= 2 else None
    if ratio is not None:
        return ratio
    match = _GLUED_FRACTION.fullmatch(run)
    if match is None or denominator not in _GLUED_DENOMINATORS:
        return None
    whole, point, numerator = match.groups()
    if not point and len(run) > _MAX_GLUED_DIGITS:
        return None
    ratio = _ratio(numerator, denominator)
    return None if ratio is None else int(whole) + ratio
