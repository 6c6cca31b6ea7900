"""Counting priors in the challenge's train.csv."""

import csv
import gzip
import lzma
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO, cast

import numpy as np

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import GroundTruthError
from tapeline.quantities import format_quantity, parse_quantity, size
from tapeline.ranking.priors import Category, Priors, Sizes, size_bin

# The columns that have to be there.
_COLUMNS: Final = ("entity_name", "entity_value")

# Rows from which a value is common enough to be kept. Chosen by hand.
_MIN_COUNT: Final = 20

# Sizes of all categories that are counted with each one's own. Chosen by hand: ten lamps are known better by
# themselves, two aren't.
_GENERAL_COUNT: Final = 5

# Units, bins or values that are kept for an entity at most, the most common ones. Chosen by hand.
_MAX_NAMES: Final = 300


def count_priors(path: Path, without: Collection[str] = ()) -> Priors:
    """Count which units, sizes and values each entity has, and which sizes in each category of products.

    Args:
        path: A CSV with ``entity_name`` and ``entity_value``, and optionally ``group_id`` and
            ``image_link``, plain or compressed as .xz or .gz. Ranges, values in units that aren't the
            entity's, and unknown entities are left out.
        without: Links of pictures that are trained on: a category's sizes are counted without them, so that
            training doesn't find its own answers there.

    Raises:
        GroundTruthError: A column is missing.
    """
    units: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sizes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    values: defaultdict[str, Counter[str]] = defaultdict(Counter)
    in_category: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
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
            log_size = math.log10(size(quantity))
            units[entity][quantity.unit] += 1
            sizes[entity][size_bin(log_size)] += 1
            if row.get("group_id") and row.get("image_link") not in without:
                in_category[row["group_id"]][entity].append(log_size)
            values[entity][format_quantity(quantity)] += 1
    general = _general_sizes(in_category.values())
    return Priors(
        _log_shares(units),
        _log_shares(sizes),
        _log_shares(values, min_count=_MIN_COUNT),
        general,
        {
            name: Category(
                sum(map(len, found.values())),
                {entity: _drawn(logs, general[entity]) for entity, logs in sorted(found.items())},
            )
            for name, found in sorted(in_category.items())
        },
    )


def _general_sizes(categories: Iterable[Mapping[str, Sequence[float]]]) -> dict[str, Sizes]:
    """Return each entity's sizes in all categories."""
    logs: defaultdict[str, list[float]] = defaultdict(list)
    for found in categories:
        for entity, own in found.items():
            logs[entity] += own
    return {
        entity: Sizes(len(own), round(float(np.median(own)), 3), round(float(np.std(own)), 3))
        for entity, own in sorted(logs.items())
    }


def _drawn(logs: Sequence[float], general: Sizes) -> Sizes:
    """Return sizes drawn to those of all categories, as if these had been counted a few times more."""
    count = len(logs)
    share = count / (count + _GENERAL_COUNT)
    median = share * float(np.median(logs)) + (1 - share) * general.median
    variance = share * float(np.var(logs)) + (1 - share) * general.deviation**2
    return Sizes(count, round(median, 3), round(math.sqrt(variance), 3))


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
