"""Reducer's settings."""

from tapeline.settings import DropSettings, ResultsSettings


class ReducerSettings(DropSettings, ResultsSettings):
    """What Reducer reads from its environment."""
