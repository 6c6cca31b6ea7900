"""Reducer's settings."""

from tapeline.settings import DropSettings, ResultsSettings, ReviewSettings


class ReducerSettings(DropSettings, ResultsSettings, ReviewSettings):
    """What Reducer reads from its environment.

    Attributes:
        keep_columns: Whether the predictions have the input's columns beside them.
    """

    keep_columns: bool = False
