"""Entities files: TOML that defines own entities, and what training has made of them.

A name such as ``products`` is a file in the package's ``entity_files``, where a deployment may have its own
beside those that are shipped; anything else is a path. docs/entities.md describes the form.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from tapeline.entities import EIGHT, KINDS, UNITS_BY_ENTITY, EntitySet, OwnEntity
from tapeline.errors import SettingsError
from tapeline.quantities import parse_quantity, size_of

# The files that the package has.
SHIPPED: Final = ("challenge", "products")

# The file with the eight alone, which needs no reading.
DEFAULT: Final = "challenge"

# What a file's weights have in place of ``.toml``.
_TRAINED: Final = ".trained.json"

_KEYS: Final = frozenset({"kind", "units", "words", "unit", "smallest", "largest"})

# An entity's name: what every CSV, URL and Python keyword argument can hold.
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")

# What a file in the package's folder is named by, without its suffix.
_PACKED: Final = re.compile(r"[A-Za-z0-9_-]+")

# In place of a unit: answers in the unit that is printed.
_AS_PRINTED: Final = "as printed"


def load_entities(source: str) -> EntitySet:
    """Return the entities of a file, with the eight, and with their weights where they were trained.

    Args:
        source: The name of a file in the package's ``entity_files``, or a path.

    Raises:
        SettingsError: There is no such file, or it can't be used.
    """
    if source == DEFAULT:
        return EIGHT
    packed = resources.files("tapeline") / "entity_files"
    if _PACKED.fullmatch(source) and (packed / f"{source}.toml").is_file():
        weights = _parse_weights(packed / f"{source}{_TRAINED}")
        return EntitySet(parse_entities((packed / f"{source}.toml").read_text("utf-8"), source, weights))
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"expected an entities file at {source}, or one of {', '.join(SHIPPED)}, received {error}: "
            "say another file"
        ) from error
    return EntitySet(parse_entities(text, source, _parse_weights(trained_path(path))))


def trained_path(path: Path) -> Path:
    """Return where training writes what it makes of a file's entities."""
    return path.with_suffix(_TRAINED)


def parse_entities(
    text: str, name: str, weights: Mapping[str, tuple[float, ...]] | None = None
) -> tuple[OwnEntity, ...]:
    """Return the own entities of a file's text; the eight in it are checked and left out.

    Args:
        text: TOML.
        name: The file's name, for messages.
        weights: Entity -> what training made of its evidence.

    Raises:
        SettingsError: The text can't be used; the message names the entity, what was expected and received.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: expected TOML, received other text ({error}): correct it") from error
    found = []
    for entity_name, table in document.items():
        where = f"{name}, [{entity_name}]"
        if not isinstance(table, dict) or not _NAME.fullmatch(entity_name):
            raise SettingsError(
                f"{where}: expected a table named by small letters, digits and underscores: correct the name"
            )
        entity = _entity(entity_name, table, where, (weights or {}).get(entity_name))
        if entity_name not in UNITS_BY_ENTITY:
            found.append(entity)
        elif entity.units != UNITS_BY_ENTITY[entity_name] or entity.words or entity.unit:
            raise SettingsError(
                f"{where}: expected one of the eight as it is in challenge.toml, which the ranker is trained "
                "for, received another definition: give yours another name"
            )
    return tuple(found)


def _entity(name: str, table: Mapping[str, Any], where: str, weights: tuple[float, ...] | None) -> OwnEntity:
    unknown = sorted(table.keys() - _KEYS)
    if unknown:
        raise SettingsError(
            f"{where}: expected {', '.join(sorted(_KEYS))}, received {unknown[0]!r}: remove it"
        )
    kind = table.get("kind")
    if kind not in KINDS:
        raise SettingsError(f"{where}: expected kind as one of {', '.join(KINDS)}, received {kind!r}: choose")
    of_kind = KINDS[kind].units
    units = _texts(table, "units", where) or sorted(of_kind)
    unit = table.get("unit", _AS_PRINTED)
    for item in (*units, *([] if unit == _AS_PRINTED else [unit])):
        if item not in of_kind:
            raise SettingsError(
                f"{where}: expected units of the kind {kind}, {', '.join(sorted(of_kind))}, received "
                f"{item!r}: choose among these"
            )
    return OwnEntity(
        name=name,
        kind=kind,
        units=frozenset(units),
        words=tuple(word.lower() for word in _texts(table, "words", where)),
        unit=None if unit == _AS_PRINTED else unit,
        smallest=_limit(table, "smallest", of_kind, where) or 0.0,
        largest=_limit(table, "largest", of_kind, where),
        weights=weights,
    )


def _texts(table: Mapping[str, Any], key: str, where: str) -> list[str]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) and item.strip() for item in found):
        raise SettingsError(f"{where}: expected {key} as a list of texts, received {found!r}: write one")
    return found


def _limit(table: Mapping[str, Any], key: str, units: frozenset[str], where: str) -> float | None:
    if key not in table:
        return None
    try:
        quantity = parse_quantity(str(table[key]))
    except ValueError as error:
        raise SettingsError(f"{where}: expected {key} such as '5 {min(units)}': {error}") from error
    if quantity.unit not in units:
        raise SettingsError(
            f"{where}: expected {key} in one of {', '.join(sorted(units))}, received {quantity.unit!r}: "
            "convert it"
        )
    return size_of(quantity)


def _parse_weights(path: Traversable) -> dict[str, tuple[float, ...]]:
    """Return entity -> weights; none where the file was never trained."""
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {name: tuple(map(float, own["weights"])) for name, own in document["entities"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"expected weights that `tapeline train` wrote at {path}, received something else ({error!r}): "
            "train again, or delete the file to go by words"
        ) from error
