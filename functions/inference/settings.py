"""Inference's settings."""

from typing import Annotated

from pydantic import Field

from tapeline.assembly import WorkerSettings


class InferenceSettings(WorkerSettings):
    """What Inference reads from its environment.

    Attributes:
        reserve_seconds: Time before the deadline at which a worker hands back what is left; more
            than ``fetch_seconds``, which a hanging download takes.
    """

    reserve_seconds: Annotated[float, Field(ge=0)] = 45.0
