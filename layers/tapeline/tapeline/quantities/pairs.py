"""One size given in two systems of units, as in ``10 cm / 4 in``: each of the two corrects the other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from tapeline.quantities.quantity import FoundQuantity, Quantity, size

# Unit -> the units of the other system that the same size may be given in.
_OTHER_SYSTEM: Final[dict[str, frozenset[str]]] = {
    unit: frozenset(others)
    for metric, other in (
        (("millimetre", "centimetre", "metre"), ("inch", "foot")),
        (("gram", "kilogram"), ("ounce", "pound")),
        (("millilitre", "litre"), ("fluid ounce",)),
    )
    for units, others in ((metric, other), (other, metric))
    for unit in units
}

# Between the two.
_BETWEEN: Final = re.compile(r"[ ]{0,2}[/(\[|=≈]?[ ]{0,2}")

# Unit -> the units whose spelling OCR misreads as that unit's: an inch mark as a foot's, cm and mm as m.
_MISREAD: Final[dict[str, tuple[str, ...]]] = {"foot": ("inch",), "metre": ("centimetre", "millimetre")}

# By what a number grows whose decimal point OCR has missed.
_MISSED_POINT: Final = (Decimal(10), Decimal(100))

# Ratio of two sizes from which they aren't the same size, rounded. Chosen by hand: far from what rounding
# does to sizes of one digit, and less than any of the corrections.
_DIFFERENT: Final = 2.5

# Relative tolerance between a corrected size and its neighbour's. Chosen by hand: 4 in are given for 95 mm.
_SAME_SIZE_TOLERANCE: Final = 0.08


def correct_pairs(plain: str, found: Sequence[FoundQuantity]) -> list[FoundQuantity]:
    """Correct quantities that stand beside the same size in another system of units.

    Args:
        plain: The plain text that they were found in.
        found: The quantities, in the order of the text.

    Returns:
        The quantities; inches for feet in ``10cm/4'``, centimetres for metres in ``48m/1.6ft``, and with the
        point that is missing in ``105 g / 37 oz`` and ``40mm/157in``. Others stay as they are.
    """
    corrected = list(found)
    for index in range(1, len(corrected)):
        left, right = corrected[index - 1], corrected[index]
        if right.quantity.unit not in _OTHER_SYSTEM.get(left.quantity.unit, ()):
            continue
        if left.group_size == right.group_size == 1 and _BETWEEN.fullmatch(plain, left.end, right.start):
            corrected[index - 1 : index + 1] = _corrected(left, right)
    return corrected


def _corrected(left: FoundQuantity, right: FoundQuantity) -> tuple[FoundQuantity, FoundQuantity]:
    """Return two quantities that give one size, the larger one corrected where they differ."""
    low, high = sorted((left, right), key=lambda found: size(found.quantity))
    target = size(low.quantity)
    if size(high.quantity) < _DIFFERENT * target:
        return left, right
    for quantity in _readings(high.quantity):
        if abs(size(quantity) - target) <= _SAME_SIZE_TOLERANCE * target:
            fixed = replace(high, quantity=quantity)
            return (fixed, right) if high is left else (left, fixed)
    return left, right


def _readings(quantity: Quantity) -> Iterator[Quantity]:
    """Yield what a quantity may be a misreading of."""
    for unit in _MISREAD.get(quantity.unit, ()):
        yield Quantity(quantity.value, unit)
    # A number of one digit has no room for a point within it, and one with decimals has it already.
    if quantity.value % 1 == 0:
        for factor in _MISSED_POINT:
            if quantity.value > factor:
                yield Quantity(quantity.value / factor, quantity.unit)
