"""Priors: which units and sizes each entity usually has, counted in the challenge's train.csv.

So has each category of products, the input's ``group_id``: lamps are asked for their wattage, and a poster
is a millimetre deep.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

from tapeline.quantities import Quantity, format_quantity

# Natural logarithm of the share of what was never or hardly ever counted. Chosen by hand: 1 in 8,000.
_FLOOR: Final = -9.0

# Natural logarithm of the share of an entity in the rows of a category that isn't known. Chosen by hand: one
# in eight, as with all entities alike.
_UNKNOWN_SHARE: Final = -2.0

# Bins of a size's decimal logarithm. Chosen by hand: a bin is a factor of 1.8.
BINS_PER_DECADE: Final = 4


class Sizes(NamedTuple):
    """The sizes that an entity has, as decimal logarithms.

    Attributes:
        counted: How many there were.
        median: The median.
        deviation: The standard deviation.
    """

    counted: int
    median: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Category:
    """What is known of a category of products.

    Attributes:
        rows: Rows that were counted.
        sizes: Entity -> its sizes, drawn to those of all categories where they are few; only entities that
            the category's rows ask for.
    """

    rows: int
    sizes: Mapping[str, Sizes]


@dataclass(frozen=True, slots=True)
class Priors:
    """Natural logarithms of shares among an entity's values, and the sizes that it has.

    Attributes:
        units: Entity -> unit -> logarithm of its share.
        sizes: Entity -> bin of the size's decimal logarithm -> logarithm of its share; see :func:`size_bin`.
        values: Entity -> ``NUMBER UNIT`` -> logarithm of its share, for common values.
        general: Entity -> its sizes in all categories.
        categories: ``group_id`` -> what is known of it.
    """

    units: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sizes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    general: Mapping[str, Sizes] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)

    def of_unit(self, entity: str, unit: str) -> float:
        """Return the logarithm of a unit's share."""
        return self.units.get(entity, {}).get(unit, _FLOOR)

    def of_size(self, entity: str, log_size: float) -> float:
        """Return the logarithm of the share of sizes like this one, given its decimal logarithm."""
        return self.sizes.get(entity, {}).get(size_bin(log_size), _FLOOR)

    def of_value(self, entity: str, quantity: Quantity) -> float:
        """Return the logarithm of the share of exactly this value."""
        return self.values.get(entity, {}).get(format_quantity(quantity), _FLOOR)

    def sizes_in(self, category: str, entity: str) -> Sizes:
        """Return an entity's sizes in a category; those of all, with none counted, where it isn't known."""
        known = self._known(category)
        if known is not None and entity in known.sizes:
            return known.sizes[entity]
        return self.general.get(entity, _NO_SIZES)._replace(counted=0)

    def rows_of(self, category: str) -> int:
        """Return how many rows of a category were counted; 0 where it isn't known."""
        known = self._known(category)
        return 0 if known is None else known.rows

    def asked_share(self, category: str, entity: str) -> float:
        """Return the logarithm of an entity's share among the rows of a category."""
        rows = self.rows_of(category)
        if not rows:
            return _UNKNOWN_SHARE
        # As if each of the eight had been counted half a time more.
        return math.log((self.sizes_in(category, entity).counted + 0.5) / (rows + 4.0))

    def _known(self, category: str) -> Category | None:
        # Tables whose column has gaps have whole numbers with a fraction.
        return self.categories.get(category.removesuffix(".0"))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return priors from their JSON form."""
        return cls(
            document["units"],
            document["sizes"],
            document["values"],
            _sizes(document["general"]),
            {
                name: Category(category["rows"], _sizes(category["sizes"]))
                for name, category in document["categories"].items()
            },
        )

    def document(self) -> dict[str, Any]:
        """Return the priors as :meth:`from_document` takes them."""
        return {
            "units": self.units,
            "sizes": self.sizes,
            "values": self.values,
            "general": {entity: list(sizes) for entity, sizes in self.general.items()},
            "categories": {
                name: {
                    "rows": category.rows,
                    "sizes": {entity: list(sizes) for entity, sizes in category.sizes.items()},
                }
                for name, category in self.categories.items()
            },
        }


# Where nothing was counted at all: a size of one unit, give or take a decade.
_NO_SIZES: Final = Sizes(0, 0.0, 1.0)


def _sizes(document: Mapping[str, Any]) -> dict[str, Sizes]:
    return {entity: Sizes(*sizes) for entity, sizes in document.items()}


def size_bin(log_size: float) -> str:
    """Return the name of the bin that a size's decimal logarithm falls into."""
    return str(math.floor(log_size * BINS_PER_DECADE))
