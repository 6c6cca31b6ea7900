"""Quantities in running text: numbers with a unit, in the spellings that product pictures use.

Text is scanned number by number, with the fraction and the unit that belong to each. What several numbers
share is found from the links between them: groups (``A x B x C``), ranges, feet with inches.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from tapeline.quantities.grammar import NUMBER_START, OR, PARTS, TIMES, TO, is_linked, read_number
from tapeline.quantities.quantity import FoundQuantity, Quantity, RangeBound
from tapeline.quantities.text import correct_misread, plain_text
from tapeline.quantities.units import LENGTH_UNITS, announced_unit, read_unit

# The side that a number is, in brackets before its unit: ``326.5(W) x 253.5(H) x 10.1(D) mm``.
_SIDE_BEFORE_UNIT: Final = re.compile(r"[ ]?[(\[][whdlt0][)\]](?=[ ]?(?:mm|cm|in(?:ch(?:es)?)?)(?![a-z]))")

# What is left of ``lbs`` where OCR reads its l as the number's last digit: ``2751bs``.
_GLUED_POUNDS: Final = re.compile(r"bs?(?![a-zß-öø-ÿ])")

# How far before a number the unit announced for it is searched, in characters; chosen by hand.
_MAX_ANNOUNCEMENT: Final = 24


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


def find_quantities(text: str) -> list[FoundQuantity]:
    """Find the quantities in a text.

    Numbers may have decimals with a point or a comma, thousands with commas, fractions (``1/2``,
    ``3-15/16``, ``6¾``), and the digits of any script. A range gives both of its ends; a group such as
    ``10 x 20 x 30 cm`` gives each member the unit. Feet with inches become inches, and pounds with
    ounces become pounds. ``oz`` is a weight's ounce here: what it is in a volume is the caller's to say.
    Zero, numbers of implausible length, and numbers with any other unit (mAh, Hz, psi, km/h) aren't found.

    Args:
        text: Any text; never raises.

    Returns:
        What was found, in the order of the text, with indexes into ``text``.
    """
    plain = correct_misread(plain_text(text))
    numbers = _read_numbers(plain)
    _take_announced_units(plain, numbers)
    _link_groups(plain, numbers)
    _link_ranges(plain, numbers)
    return [
        FoundQuantity(Quantity(n.value, n.unit), n.start, n.end, n.bound, n.member, n.group_size)
        for n in _join_parts(plain, numbers)
        if n.unit is not None and n.value > 0
    ]


def _ends_in_one(plain: str, number: _Number) -> bool:
    digits = plain[number.start : number.end]
    return len(digits) > 1 and digits.isdigit() and digits.endswith("1")


def _read_numbers(plain: str) -> list[_Number]:
    """Return all numbers of a plain text, in order."""
    numbers: list[_Number] = []
    index = 0
    while start := NUMBER_START.search(plain, index):
        value, index = read_number(plain, start.start())
        exponent = plain[max(0, start.start() - 2) : start.start()]
        if value is None or (exponent[:1].isdigit() and exponent[1:] == "e"):
            continue
        number = _Number(value, start.start(), index)
        if pounds := _GLUED_POUNDS.match(plain, index) if _ends_in_one(plain, number) else None:
            # ``2751bs``: the unit's l was read as the number's last digit.
            number.value, number.unit, number.end = value // 10, "pound", pounds.end()
            index = number.end
            numbers.append(number)
            continue
        if unit := read_unit(plain, number.end):
            number.unit, number.end = unit
            index = number.end
        elif side := _SIDE_BEFORE_UNIT.match(plain, index):
            # The side's name stays outside of the quantity: callers look it up beside the quantity.
            number.unit, index = read_unit(plain, side.end()) or (None, index)
        numbers.append(number)
    return numbers


def _take_announced_units(plain: str, numbers: Sequence[_Number]) -> None:
    """Give a number without a unit the one in brackets before it, as in ``Weight (kg): 5``."""
    for number in numbers:
        before = plain[max(0, number.start - _MAX_ANNOUNCEMENT) : number.start]
        if number.unit is None and ("(" in before or "[" in before):
            number.unit = announced_unit(before)


def _link_groups(plain: str, numbers: list[_Number]) -> None:
    """Find the ``A x B x C`` groups, and give a length unit to their members that have none."""
    group: list[_Number] = []
    for number in [*numbers, None]:
        if group and number is not None and is_linked(TIMES, plain, group[-1].end, number.start):
            group.append(number)
            continue
        lengths = [member.unit for member in group if member.unit in LENGTH_UNITS]
        if len(group) > 1 and lengths and all(m.unit is None or m.unit in LENGTH_UNITS for m in group):
            for index, member in enumerate(group):
                member.member, member.group_size = index, len(group)
                later = (m.unit for m in group[index:] if m.unit is not None)
                member.unit = next(later, lengths[-1])
        group = [number] if number is not None else []


def _link_ranges(plain: str, numbers: list[_Number]) -> None:
    """Mark the ends of ranges, and give the upper end's unit to a lower end that has none."""
    for low, high in pairwise(numbers):
        if high.unit is None or low.unit not in {None, high.unit} or low.bound or low.value >= high.value:
            continue
        either = high.unit == "volt" and is_linked(OR, plain, low.end, high.start)
        if either or is_linked(TO, plain, low.end, high.start):
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
        if left is not None and left.bound is None and is_linked(PARTS, plain, left.end, number.start):
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
