"""Counting priors in the challenge's train.csv."""

import csv
import gzip
import lzma
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO, cast

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.quantities import format_quantity, parse_quantity, size
from tapeline.ranking.priors import Priors, size_bin

_COMMON: Final = 20
_MOST: Final = 300
# A value is kept if it came that often, and if it is among that many of its entity's.


def count_priors(path: Path) -> Priors:
    """Count which units, sizes and values each entity has.

    Args:
        path: A CSV with ``entity_name`` and ``entity_value``, plain or compressed as .xz or .gz. Ranges,
            and values in units that aren't the entity's, are left out.
    """
    units: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sizes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    values: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with _open(path) as file:
        for row in csv.DictReader(file):
            entity = row["entity_name"]
            try:
                quantity = parse_quantity(row["entity_value"])
            except ValueError:
                continue
            if quantity.value <= 0 or quantity.unit not in UNITS_BY_ENTITY[entity]:
                continue
            units[entity][quantity.unit] += 1
            sizes[entity][size_bin(math.log10(size(quantity)))] += 1
            values[entity][format_quantity(quantity)] += 1
    return Priors(_logarithms(units, 1), _logarithms(sizes, 1), _logarithms(values, _COMMON))


def _open(path: Path) -> TextIO:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", newline="")
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


def _logarithms(counts: Mapping[str, Counter[str]], least: int) -> dict[str, dict[str, float]]:
    return {
        entity: {
            name: round(math.log((count + 0.5) / counter.total()), 2)
            for name, count in counter.most_common(_MOST)
            if count >= least
        }
        for entity, counter in counts.items()
    }
