"""Reducer's settings."""

from tapeline.settings import DropSettings, ResultsSettings, ReviewSettings


class ReducerSettings(DropSettings, ResultsSettings, ReviewSettings):
    """What Reducer reads from its environment."""
