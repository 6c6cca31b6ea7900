"""Quantities in running text: numbers with a unit, in the spellings that product pictures use.

:func:`find_quantities` reads a text in six steps, each of which returns a new list of numbers:

1. ``_read_numbers``: every number with its fraction and the unit that is written after it.
2. ``_with_announced_units``: the unit in brackets before a number, as in ``Weight (kg): 5``.
3. ``_with_units_of_sides``: the unit of the others for a side without one, as in ``8" Wide, 0.04 Thick``.
4. ``_with_groups``: the rule for ``A x B x C`` groups, as in ``10 x 20 x 30 cm``.
5. ``_with_ranges``: ranges, as in ``100-240V``.
6. ``_with_joined_parts``: feet with inches, pounds with ounces.

Only then are numbers without a unit, and zeros, left out: the links between numbers need them. At last,
:func:`~tapeline.quantities.pairs.correct_pairs` compares sizes that are given in two systems of units.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from tapeline.quantities.grammar import (
    NUMBER_START,
    OR,
    PARTS,
    TIMES,
    TO,
    is_linked,
    is_side,
    read_number,
)
from tapeline.quantities.pairs import correct_pairs
from tapeline.quantities.quantity import FoundQuantity, Quantity, RangeBound
from tapeline.quantities.text import correct_misread, plain_text
from tapeline.quantities.units import LENGTH_UNITS, announced_unit, read_unit

# The side that a number is, or those of a whole group, in brackets before its unit:
# ``326.5(W) x 253.5(H) x 10.1(D) mm``, ``8.4 x 4.7 x 1 (L x W x H) inches``.
_SIDE_BEFORE_UNIT: Final = re.compile(
    r"[ ]?[(\[][whdltv0](?:[ ]?x[ ]?[whdlt]){0,2}[)\]](?=[ ]?(?:mm|cm|in(?:ch(?:es)?)?)(?![a-z]))"
)

# What is left of ``lbs`` where OCR reads its l as the number's last digit: ``2751bs``.
_GLUED_POUNDS: Final = re.compile(r"bs?(?![a-zß-öø-ÿ0-9])")

# What is left of ``oz`` where OCR reads its o as the number's last digit: ``1.230z``.
_GLUED_OUNCES: Final = re.compile(r"z(?![a-zß-öø-ÿ0-9])")

# One or two letters right before a number: a code's, as in ``A4W`` and ``BL1185W``, or one of _NO_CODE.
_LETTERS_BEFORE: Final = re.compile(r"(?:^|[^a-z0-9ß-öø-ÿ])([a-z]{1,2})$")

# What may be right before a number with a unit of one letter: currents (misread, too), net and gross weight,
# the estimated sign, words.
_NO_CODE: Final = frozenset({"ac", "dc", "oc", "c", "nw", "gw", "wt", "e", "by", "to", "of"})

# The units of members of a group that OCR may glue to one another. Feet aren't among them: ``5'6'`` are feet
# with inches, misread.
_GLUED_UNITS: Final = LENGTH_UNITS - {"foot"}

# Digits before a dash from which all is a code, as in ``P250065-31M``. Chosen by hand: no range has them.
_LONG_CODE: Final = 5

# Letters of sides, which may be right before a length.
_SIDE_LETTERS: Final = frozenset("whldt")

# Inches of a foot: from there on, what follows feet is a size of its own.
_INCHES_IN_A_FOOT: Final = 12

# Ounces of a pound, avoirdupois: from there on, what follows pounds is a size of its own.
_OUNCES_IN_A_POUND: Final = 16

# How far before a number the unit announced for it is searched, in characters; chosen by hand.
_MAX_BRACKET_DISTANCE: Final = 24


@dataclass(frozen=True, slots=True)
class _Number:
    """A number in plain text.

    Attributes:
        value: The number.
        start: Index of its first character.
        end: Index after its last character, or after the unit that is written with it.
        unit: Full name of its unit; None where no unit is known.
        range_bound: As in :class:`FoundQuantity`, and so are ``member`` and ``group_size``.
    """

    value: Decimal
    start: int
    end: int
    unit: str | None = None
    range_bound: RangeBound | None = None
    member: int = 0
    group_size: int = 1


def find_quantities(text: str) -> list[FoundQuantity]:
    """Find the quantities in a text.

    Numbers may have decimals with a point or a comma, thousands with commas, fractions (``1/2``,
    ``3-15/16``, ``6¾``), and the digits of any script. A range gives both of its ends; a group such as
    ``10 x 20 x 30 cm`` gives each member the unit. Feet with inches become inches, and pounds with
    ounces become pounds. ``oz`` is a weight's ounce here:
    :func:`~tapeline.quantities.in_entity_units` says what it is in a volume. Zero, numbers of implausible
    length, and numbers with any other unit (mAh, Hz, psi, km/h) aren't found.

    Args:
        text: Any text; never raises.

    Returns:
        What was found, in the order of the text, with indexes into ``text``.
    """
    plain = plain_text(text)
    if NUMBER_START.search(plain) is None:
        return []
    plain = correct_misread(plain)
    numbers = _read_numbers(plain)
    numbers = _with_announced_units(plain, numbers)
    numbers = _with_units_of_sides(plain, numbers)
    numbers = _with_groups(plain, numbers)
    numbers = _with_ranges(plain, numbers)
    numbers = _with_joined_parts(plain, numbers)
    found = [
        FoundQuantity(Quantity(n.value, n.unit), n.start, n.end, n.range_bound, n.member, n.group_size)
        for n in numbers
        if n.unit is not None and n.value > 0
    ]
    return correct_pairs(plain, found) if len(found) > 1 else found


def _read_numbers(plain: str) -> list[_Number]:
    """Return all numbers of a plain text, in order."""
    numbers: list[_Number] = []
    index = 0
    while start := NUMBER_START.search(plain, index):
        number, index = _read_number_with_unit(plain, start.start())
        if number is not None:
            numbers.append(number)
    return numbers


def _read_number_with_unit(plain: str, start: int) -> tuple[_Number | None, int]:
    """Return the number at an index with the unit after it, and the index at which to go on."""
    value, end = read_number(plain, start)
    if value is None or _is_exponent(plain, start):
        return None, end
    if glued := _glued_unit(plain, start, end):
        return glued, glued.end
    side = _SIDE_BEFORE_UNIT.match(plain, end)
    if side and (after := read_unit(plain, side.end())):
        # The side's name stays outside of the quantity: callers look it up beside the quantity.
        unit, unit_end = after
        return _Number(value, start, end, unit), unit_end
    if after := read_unit(plain, end):
        unit, unit_end = after
        if _is_code(plain, start, end, unit_end, unit):
            return _Number(value, start, end), end
        return _Number(value, start, unit_end, unit), unit_end
    return _Number(value, start, end), end


def _glued_unit(plain: str, start: int, end: int) -> _Number | None:
    """Return the number at an index whose last digit is its unit's first letter, misread."""
    digits = plain[start:end]
    if len(digits) < 2 or digits[-2] in ".,":
        return None
    if digits[-1] == "1" and digits.isdigit() and (pounds := _GLUED_POUNDS.match(plain, end)):
        if _letters_before(plain, start) is not None:
            return None
        return _Number(Decimal(digits[:-1]), start, pounds.end(), "pound")
    if digits[-1] == "0" and (ounces := _GLUED_OUNCES.match(plain, end)):
        value, value_end = read_number(digits[:-1], 0)
        if value is not None and value_end == len(digits) - 1:
            return _Number(value, start, ounces.end(), "ounce")
    return None


def _is_code(plain: str, start: int, end: int, unit_end: int, unit: str) -> bool:
    """Return whether letters, digits and a unit's letter are one code: ``M100V``, ``250065-31M``."""
    if unit_end - end != 1 or not plain[end].isalpha():
        return False
    if plain[start - 1 : start] == "-" and plain[max(0, start - 1 - _LONG_CODE) : start - 1].isdigit():
        return start > _LONG_CODE
    letters = _letters_before(plain, start)
    return letters is not None and not (unit in LENGTH_UNITS and letters in _SIDE_LETTERS)


def _letters_before(plain: str, start: int) -> str | None:
    """Return the one or two letters of a code right before a number, if any."""
    match = _LETTERS_BEFORE.search(plain[max(0, start - 3) : start])
    if match is None or match[1] in _NO_CODE:
        return None
    # An x after other text multiplies: ``6 pieces x60g``.
    return match[1] if match[1] != "x" or start == 1 else None


def _is_exponent(plain: str, start: int) -> bool:
    """Return whether the number at an index is the exponent of the one before it, as in ``1e400``."""
    before = plain[max(0, start - 2) : start]
    return before[:1].isdigit() and before[1:] == "e"


def _with_announced_units(plain: str, numbers: Sequence[_Number]) -> list[_Number]:
    """Give a number without a unit the one in brackets before it, as in ``Weight (kg): 5``."""
    announced: list[_Number] = []
    for number in numbers:
        unit = None if number.unit else _unit_in_brackets(plain, number.start)
        announced.append(replace(number, unit=unit) if unit else number)
    return announced


def _unit_in_brackets(plain: str, index: int) -> str | None:
    """Return the unit in brackets that ends at an index, if any."""
    before = plain[max(0, index - _MAX_BRACKET_DISTANCE) : index]
    return announced_unit(before) if "(" in before or "[" in before else None


def _with_units_of_sides(plain: str, numbers: Sequence[_Number]) -> list[_Number]:
    """Give a side without a unit the text's only unit of length, as in ``8" Wide, 0.04 Thick``."""
    if len(numbers) < 2:
        return list(numbers)
    units = {number.unit for number in numbers}
    lengths = units & LENGTH_UNITS
    if None not in units or len(lengths) != 1:
        return list(numbers)
    (unit,) = lengths
    return [
        replace(number, unit=unit) if not number.unit and is_side(plain, number.start, number.end) else number
        for number in numbers
    ]


def _with_groups(plain: str, numbers: Sequence[_Number]) -> list[_Number]:
    """Apply the rule for ``A x B x C`` groups, such as ``L x W x H``.

    Numbers with nothing but an x (or ``by``, with or without the names of sides) between them are a group
    where at least one has a unit and all the units are lengths. A member without a unit takes the next
    one in the group, else the last: ``10 x 20 x 30 cm``, ``10cm x 20 x 30``. Without a length, as in
    ``12 x 330 ml``, the first number is a count of pieces.
    """
    grouped: list[_Number] = []
    for chain in _chains(plain, numbers):
        is_group = len(chain) > 1 and any(number.unit for number in chain)
        if is_group and all(number.unit is None or number.unit in LENGTH_UNITS for number in chain):
            grouped += _share_unit(chain)
        else:
            grouped += chain
    return grouped


def _chains(plain: str, numbers: Sequence[_Number]) -> list[list[_Number]]:
    """Divide numbers into chains that an x links, or nothing; most have one member."""
    chains: list[list[_Number]] = []
    for number in numbers:
        last = chains[-1][-1] if chains else None
        if last and (_is_glued(last, number) or is_linked(TIMES, plain, last.end, number.start)):
            chains[-1].append(number)
        else:
            chains.append([number])
    return chains


def _is_glued(left: _Number, right: _Number) -> bool:
    """Return whether two lengths have one unit and nothing between them: OCR has missed an x."""
    return left.end == right.start and left.unit == right.unit and left.unit in _GLUED_UNITS


def _share_unit(group: Sequence[_Number]) -> list[_Number]:
    """Number the members of a group, and give each the first unit from it on, else the last one."""
    unit = next(number.unit for number in reversed(group) if number.unit)
    members: list[_Number] = []
    for index, number in reversed(list(enumerate(group))):
        unit = number.unit or unit
        members.append(replace(number, unit=unit, member=index, group_size=len(group)))
    return members[::-1]


def _with_ranges(plain: str, numbers: Sequence[_Number]) -> list[_Number]:
    """Mark the ends of ranges, and give the upper end's unit to a lower end that has none."""
    ranged: list[_Number] = []
    for number in numbers:
        if ranged and _is_range(plain, ranged[-1], number):
            ranged[-1] = replace(ranged[-1], unit=number.unit, range_bound="low")
            ranged.append(replace(number, range_bound="high"))
        else:
            ranged.append(number)
    return ranged


def _is_range(plain: str, low: _Number, high: _Number) -> bool:
    """Return whether two numbers are the ends of a range, or two voltages of one device (``110/220V``)."""
    if high.unit is None or low.unit not in {None, high.unit}:
        return False
    if low.range_bound or low.value >= high.value:
        return False
    either = high.unit == "volt" and is_linked(OR, plain, low.end, high.start)
    return either or is_linked(TO, plain, low.end, high.start)


def _with_joined_parts(plain: str, numbers: Sequence[_Number]) -> list[_Number]:
    """Make one number of feet with inches and of pounds with ounces."""
    joined: list[_Number] = []
    for number in numbers:
        total = _joined(plain, joined[-1], number) if joined else None
        if total is None:
            joined.append(number)
        else:
            joined[-1] = total
    return joined


def _joined(plain: str, left: _Number, right: _Number) -> _Number | None:
    """Return feet with inches as inches, or pounds with ounces as pounds; None for other numbers.

    In these units no value needs more decimals than are written: an ounce is 0.0625 pounds, but an inch
    is 0.08333... feet.
    """
    if left.range_bound or left.value % 1 or not is_linked(PARTS, plain, left.end, right.start):
        return None
    if (left.unit, right.unit) == ("foot", "inch") and right.value < _INCHES_IN_A_FOOT:
        value, unit = left.value * _INCHES_IN_A_FOOT + right.value, "inch"
    elif (left.unit, right.unit) == ("pound", "ounce") and right.value < _OUNCES_IN_A_POUND:
        value, unit = left.value + right.value / _OUNCES_IN_A_POUND, "pound"
    else:
        return None
    # The whole is a member of the larger group of the two.
    group_size, member = max((left.group_size, left.member), (right.group_size, right.member))
    return _Number(value, left.start, right.end, unit, right.range_bound, member, group_size)
