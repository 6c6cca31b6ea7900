import re
from collections.abc import Sequence

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.quantities.parser import FoundQuantity, Quantity, size

_WEIGHED = re.compile(r"(?<![a-z])(?:net ?)?(?:wt|weights?|weighs?|peso|poids|gewicht)(?![a-z])")


def in_entity_units(
    found: FoundQuantity, entity: str, line_plain: str, line_quantities: Sequence[FoundQuantity]
) -> Quantity | None:
    quantity = found.quantity
    if entity == "item_volume" and quantity.unit == "ounce":
        if _WEIGHED.search(line_plain):
            return None
        weight = size(quantity)
        grams = [size(f.quantity) for f in line_quantities if f.quantity.unit in {"gram", "kilogram"}]
        if any(abs(other - weight) <= 0.06 * weight for other in grams):
            return None
        return Quantity(quantity.value, "fluid ounce")
    return quantity if quantity.unit in UNITS_BY_ENTITY[entity] else None


def round_quantity(q: Quantity) -> Quantity:
    return Quantity(round(q.value, 4), q.unit)


def format_prediction(q: Quantity | None) -> str:
    from tapeline.quantities.parser import format_quantity

    return "" if q is None else format_quantity(q)
