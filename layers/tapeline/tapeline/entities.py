"""The entities that can be asked for, and the units in which each is answered.

Eight are always known: those of the Amazon ML Challenge 2024, whose scorer knows these names and no others.
An :class:`EntitySet` may have own entities besides, from a file: :mod:`tapeline.entity_file`. It is a value
that goes from the door, such as a Reader or a function's settings, to where it is needed.
"""

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

# The entities that are weights.
MASSES: Final = ("item_weight", "maximum_weight_recommendation")

# Entities that compete for a picture's measures, at most three: the sides for its lengths, the weights for
# its weights, and with what the product holds for its ounces. Each entity is in one group.
COMPETING: Final = (SIDES, (*MASSES, "item_volume"), ("voltage",), ("wattage",))


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
        largest: The largest one; None for any.
        weights: What training made of its evidence; None where it goes by words alone.
    """

    name: str
    kind: str
    units: frozenset[str]
    words: tuple[str, ...]
    unit: str | None = None
    smallest: float = 0.0
    largest: float | None = None
    weights: tuple[float, ...] | None = None

    def is_plausible(self, size: float) -> bool:
        """Say whether a size, in the basic unit of the kind, lies within the limits."""
        return self.smallest <= size and (self.largest is None or size <= self.largest)


@dataclass(frozen=True, slots=True)
class EntitySet:
    """The entities that can be asked for: the eight, and own ones.

    Attributes:
        own: The own entities; none has the name of one of the eight, or of another.
    """

    own: tuple[OwnEntity, ...] = ()

    def __contains__(self, entity_name: object) -> bool:
        return entity_name in UNITS_BY_ENTITY or any(entity.name == entity_name for entity in self.own)

    def own_entity(self, entity_name: str) -> OwnEntity | None:
        """Return an own entity; None for one of the eight, and for one that isn't known."""
        return next((entity for entity in self.own if entity.name == entity_name), None)

    @property
    def units(self) -> dict[str, frozenset[str]]:
        """Entity -> the full names of the units of its answers, the eight first."""
        own = {
            entity.name: entity.units if entity.unit is None else frozenset({entity.unit})
            for entity in self.own
        }
        return {**UNITS_BY_ENTITY, **own}

    def unknown(self, entity_name: str) -> RowError:
        """Return the error of a row that asks for an entity that isn't known."""
        return RowError(
            ErrorCode.UNKNOWN_ENTITY,
            f"expected one of {', '.join(self.units)}, received {entity_name[:100]!r}",
        )

    def joined(self, other: "EntitySet") -> "EntitySet":
        """Return the entities of both; those of the other one where both define a name."""
        found = {entity.name: entity for entity in (*self.own, *other.own)}
        return EntitySet(tuple(found.values()))


# The eight alone.
EIGHT: Final = EntitySet()
