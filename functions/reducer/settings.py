"""Reducer's settings."""

from tapeline.entity_settings import EntitySettings
from tapeline.settings import DropSettings, ResultsSettings, ReviewSettings


class ReducerSettings(EntitySettings, DropSettings, ResultsSettings, ReviewSettings):
    """What Reducer reads from its environment.

    Attributes:
        keep_columns: Whether the predictions have the input's columns beside them.
    """

    keep_columns: bool = False
