"""The entities that can be asked for, and the units in which each is answered.

Eight are always known: those of the Amazon ML Challenge 2024, whose scorer knows these names and no others. A
deployment, or a process, may have own entities besides, from a file: :mod:`tapeline.entity_file`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tapeline.errors import ErrorCode, RowError

_LENGTHS: Final = frozenset({"centimetre", "foot", "inch", "metre", "millimetre", "yard"})
_WEIGHTS: Final = frozenset({"gram", "kilogram", "microgram", "milligram", "ounce", "pound", "ton"})
_VOLUMES: Final = frozenset(
    {
        "centilitre", "cubic foot", "cubic inch", "cup", "decilitre", "fluid ounce", "gallon",
        "imperial gallon", "litre", "microlitre", "millilitre", "pint", "quart",
    }
)  # fmt: skip

# Entity name -> the full names of the units that a prediction for it may have.
UNITS_BY_ENTITY: Final[dict[str, frozenset[str]]] = {
    "width": _LENGTHS,
    "depth": _LENGTHS,
    "height": _LENGTHS,
    "item_weight": _WEIGHTS,
    "maximum_weight_recommendation": _WEIGHTS,
    "voltage": frozenset({"kilovolt", "millivolt", "volt"}),
    "wattage": frozenset({"kilowatt", "watt"}),
    "item_volume": _VOLUMES,
}

# The entities that are lengths of the same product, and so compete for its measures.
SIDES: Final = ("width", "height", "depth")

# The entities that are weights, and so compete for a picture's weights.
MASSES: Final = ("item_weight", "maximum_weight_recommendation")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of quantity.

    Attributes:
        units: The full names of its units.
        like: The entities of this kind that the ranker is trained for; empty for a new kind.
    """

    units: frozenset[str]
    like: tuple[str, ...] = ()


# The kinds that an own entity may have.
KINDS: Final[dict[str, Kind]] = {
    "length": Kind(_LENGTHS, SIDES),
    "mass": Kind(_WEIGHTS, ("item_weight",)),
    "volume": Kind(_VOLUMES, ("item_volume",)),
    "voltage": Kind(UNITS_BY_ENTITY["voltage"], ("voltage",)),
    "power": Kind(UNITS_BY_ENTITY["wattage"], ("wattage",)),
    "current": Kind(frozenset({"ampere", "milliampere"})),
    "capacity": Kind(frozenset({"ampere hour", "milliampere hour"})),
    "frequency": Kind(frozenset({"gigahertz", "hertz", "kilohertz", "megahertz"})),
    "pressure": Kind(frozenset({"bar", "kilopascal", "megapascal", "pascal", "psi"})),
    "energy": Kind(frozenset({"joule", "kilocalorie", "kilojoule", "kilowatt hour", "watt hour"})),
    "temperature": Kind(frozenset({"degree celsius", "degree fahrenheit"})),
    "count": Kind(frozenset({"piece"})),
}


@dataclass(frozen=True, slots=True)
class OwnEntity:
    """An entity that a file defines.

    Attributes:
        name: Its name.
        kind: One of :data:`KINDS`.
        units: The units that it is read in.
        words: What announces it, in lower case.
        unit: The unit that answers are converted to; None for as they are printed.
        smallest: The smallest plausible size, in the basic unit of the kind; 0 for any.
        largest: The largest one; infinite for any.
        weights: What training made of its evidence; None where it goes by words alone.
    """

    name: str
    kind: str
    units: frozenset[str]
    words: tuple[str, ...]
    unit: str | None = None
    smallest: float = 0.0
    largest: float = float("inf")
    weights: tuple[float, ...] | None = None


# The own entities of this process, by name: what it was started with, and nothing that changes in between.
_OWN: Final[dict[str, OwnEntity]] = {}


def use_entities(own: Iterable[OwnEntity]) -> None:
    """Have own entities beside the eight from now on, in place of any before; once, as a process starts."""
    found = {entity.name: entity for entity in own}
    _OWN.clear()
    _OWN.update(found)


def own_entity(entity_name: str) -> OwnEntity | None:
    """Return an own entity; None for one of the eight, and for one that isn't known."""
    return _OWN.get(entity_name)


def own_entities() -> tuple[OwnEntity, ...]:
    """Return all own entities of this process."""
    return tuple(_OWN.values())


def known_entities() -> dict[str, frozenset[str]]:
    """Return all entities that can be asked for, with the units of their answers."""
    own = {
        name: entity.units if entity.unit is None else frozenset({entity.unit})
        for name, entity in _OWN.items()
    }
    return {**UNITS_BY_ENTITY, **own}


def is_known(entity_name: str) -> bool:
    """Say whether an entity can be asked for."""
    return entity_name in UNITS_BY_ENTITY or entity_name in _OWN


def unknown_entity(entity_name: str) -> RowError:
    """Return the error of a row that asks for an entity that isn't known."""
    return RowError(
        ErrorCode.UNKNOWN_ENTITY,
        f"expected one of {', '.join(known_entities())}, received {entity_name[:100]!r}",
    )
