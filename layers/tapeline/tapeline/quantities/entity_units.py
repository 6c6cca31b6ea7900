"""A found quantity in the units that an entity may be answered in; above all, which ounce an ``oz`` is."""

import re
from collections.abc import Container, Sequence
from typing import Final

from tapeline.entities import MASSES, UNITS_BY_ENTITY
from tapeline.quantities.quantity import FoundQuantity, Quantity, size

# Words in a line that make weights of its ounces, in the languages of the training pictures.
_WEIGHED: Final = re.compile(r"(?<![a-z])(?:net ?)?(?:wt|weights?|weighs?|peso|poids|gewicht)(?![a-z])")

# Units that, beside ounces of the same size, make weights of them.
_METRIC_WEIGHTS: Final = frozenset({"gram", "kilogram"})

# Units that, beside ounces of the same size, make volumes of them.
_METRIC_VOLUMES: Final = frozenset({"millilitre", "centilitre", "litre"})

# Relative tolerance between grams and the ounces printed beside them; chosen by hand. Labels round, as in
# 25 g for 0.9 oz. A fluid ounce of water weighs 29.6 g, 4 % more than an ounce: too close to tell them apart.
_SAME_WEIGHT_TOLERANCE: Final = 0.06

# Relative tolerance between millilitres and the fluid ounces printed beside them. Chosen by hand: labels give
# 1 l for 33 oz and for 34 oz.
_SAME_VOLUME_TOLERANCE: Final = 0.06


def in_entity_units(
    found: FoundQuantity, entity: str, line_plain: str, line_quantities: Sequence[FoundQuantity]
) -> Quantity | None:
    """Return a found quantity in one of an entity's units.

    A plain ounce is a fluid ounce for ``item_volume``, unless its line says that it is a weight: with a
    word such as ``net wt``, or with the same weight in grams. It is none of a weight where its line gives the
    same volume in millilitres, and no grams of its weight.

    Args:
        found: A quantity of the line.
        entity: The name of an entity, one of :data:`~tapeline.entities.UNITS_BY_ENTITY`.
        line_plain: The whole line, as returned by :func:`~tapeline.quantities.plain_text`.
        line_quantities: All quantities of the line.

    Returns:
        The quantity; None where its unit is none of the entity's.

    Raises:
        KeyError: There is no such entity.
    """
    quantity = found.quantity
    if entity == "item_volume" and quantity.unit == "ounce":
        if _is_weighed(quantity, line_plain, line_quantities):
            return None
        return Quantity(quantity.value, "fluid ounce")
    if entity in MASSES and quantity.unit == "ounce" and _is_poured(quantity, line_plain, line_quantities):
        return None
    return quantity if quantity.unit in UNITS_BY_ENTITY[entity] else None


def _is_weighed(ounces: Quantity, line_plain: str, line_quantities: Sequence[FoundQuantity]) -> bool:
    """Return whether a line says that its ounces are a weight, or gives them in grams too."""
    if _WEIGHED.search(line_plain):
        return True
    return _is_beside(size(ounces), line_quantities, _METRIC_WEIGHTS, _SAME_WEIGHT_TOLERANCE)


def _is_poured(ounces: Quantity, line_plain: str, line_quantities: Sequence[FoundQuantity]) -> bool:
    """Return whether a line gives its ounces in millilitres too, and doesn't say that they are a weight."""
    volume = size(Quantity(ounces.value, "fluid ounce"))
    return _is_beside(volume, line_quantities, _METRIC_VOLUMES, _SAME_VOLUME_TOLERANCE) and not _is_weighed(
        ounces, line_plain, line_quantities
    )


def _is_beside(
    target: float, line_quantities: Sequence[FoundQuantity], units: Container[str], tolerance: float
) -> bool:
    """Return whether a line has a size, within a relative tolerance, in some of these units."""
    sizes = (size(f.quantity) for f in line_quantities if f.quantity.unit in units)
    return any(abs(other - target) <= tolerance * target for other in sizes)
