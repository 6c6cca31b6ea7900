"""The settings of functions that need to know which entities there are."""

from typing import Annotated

from pydantic import BeforeValidator

from tapeline.entities import EIGHT, EntitySet
from tapeline.entity_file import load_entities
from tapeline.settings import Settings


def _entities(value: object) -> object:
    """Return the entities of the file that a variable names; anything else as it is."""
    return load_entities(value) if isinstance(value, str) else value


class EntitySettings(Settings):
    """For functions that need to know which entities can be asked for.

    Attributes:
        entities: The variable is the name of an entities file in the package, or a path: see
            :func:`tapeline.entity_file.load_entities`, which raises a SettingsError where it can't be used.
    """

    entities: Annotated[EntitySet, BeforeValidator(_entities)] = EIGHT
