"""Notify's settings."""

from tapeline.settings import NoticeSettings


class NotifySettings(NoticeSettings):
    """What Notify reads from its environment."""
