"""Priors: which units and sizes each entity usually has, counted in the challenge's train.csv."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from tapeline.quantities import Quantity, format_quantity

# Natural logarithm of the share of what was never or hardly ever counted. Chosen by hand: 1 in 8,000.
_FLOOR: Final = -9.0

# Bins of a size's decimal logarithm. Chosen by hand: a bin is a factor of 1.8.
BINS_PER_DECADE: Final = 4


@dataclass(frozen=True, slots=True)
class Priors:
    """Natural logarithms of shares among an entity's values.

    Attributes:
        units: Entity -> unit -> logarithm of its share.
        sizes: Entity -> bin of the size's decimal logarithm -> logarithm of its share; see :func:`size_bin`.
        values: Entity -> ``NUMBER UNIT`` -> logarithm of its share, for common values.
    """

    units: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sizes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def of_unit(self, entity: str, unit: str) -> float:
        """Return the logarithm of a unit's share."""
        return self.units.get(entity, {}).get(unit, _FLOOR)

    def of_size(self, entity: str, log_size: float) -> float:
        """Return the logarithm of the share of sizes like this one, given its decimal logarithm."""
        return self.sizes.get(entity, {}).get(size_bin(log_size), _FLOOR)

    def of_value(self, entity: str, quantity: Quantity) -> float:
        """Return the logarithm of the share of exactly this value."""
        return self.values.get(entity, {}).get(format_quantity(quantity), _FLOOR)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return priors from their JSON form."""
        return cls(document["units"], document["sizes"], document["values"])


def size_bin(log_size: float) -> str:
    """Return the name of the bin that a size's decimal logarithm falls into."""
    return str(math.floor(log_size * BINS_PER_DECADE))
