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
from tapeline.errors import GroundTruthError
from tapeline.quantities import format_quantity, parse_quantity, size
from tapeline.ranking.priors import Priors, size_bin

# The columns that have to be there.
_COLUMNS: Final = ("entity_name", "entity_value")

# Rows from which a value is common enough to be kept. Chosen by hand.
_MIN_COUNT: Final = 20

# Units, bins or values that are kept for an entity at most, the most common ones. Chosen by hand.
_MAX_NAMES: Final = 300


def count_priors(path: Path) -> Priors:
    """Count which units, sizes and values each entity has.

    Args:
        path: A CSV with ``entity_name`` and ``entity_value``, plain or compressed as .xz or .gz. Ranges,
            values in units that aren't the entity's, and unknown entities are left out.

    Raises:
        GroundTruthError: A column is missing.
    """
    units: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sizes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    values: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with _open(path) as file:
        reader = csv.DictReader(file)
        if not set(_COLUMNS) <= set(reader.fieldnames or ()):
            raise GroundTruthError(
                f"expected the columns {' and '.join(_COLUMNS)} in {path}, received "
                f"{', '.join(reader.fieldnames or ()) or 'none'}: name the challenge's train.csv"
            )
        for row in reader:
            entity = row["entity_name"]
            try:
                quantity = parse_quantity(row["entity_value"])
            except ValueError:
                continue
            if quantity.value <= 0 or quantity.unit not in UNITS_BY_ENTITY.get(entity, ()):
                continue
            units[entity][quantity.unit] += 1
            sizes[entity][size_bin(math.log10(size(quantity)))] += 1
            values[entity][format_quantity(quantity)] += 1
    return Priors(_log_shares(units), _log_shares(sizes), _log_shares(values, min_count=_MIN_COUNT))


def _open(path: Path) -> TextIO:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", newline="")
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


def _log_shares(counts: Mapping[str, Counter[str]], min_count: int = 1) -> dict[str, dict[str, float]]:
    """Return natural logarithms of shares, of an entity's names that were counted often enough."""
    return {
        entity: {
            name: round(math.log((count + 0.5) / counter.total()), 2)
            for name, count in counter.most_common(_MAX_NAMES)
            if count >= min_count
        }
        for entity, counter in counts.items()
    }
