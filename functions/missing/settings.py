"""Missing's settings."""

from typing import Annotated

from pydantic import Field

from tapeline.settings import ResultsSettings


class MissingSettings(ResultsSettings):
    """What Missing reads from its environment.

    Attributes:
        attempts: Attempts at a run's shards that may bring nothing.
    """

    attempts: Annotated[int, Field(ge=1, le=10)]
