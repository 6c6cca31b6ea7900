"""Inference's settings."""

from typing import Annotated

from pydantic import Field

from tapeline.assembly import WorkerSettings


class InferenceSettings(WorkerSettings):
    """What Inference reads from its environment.

    Attributes:
        reserve_seconds: Time before the deadline at which a worker leaves the other pictures to the next
            attempt; more than ``fetch_seconds``, which a download may take.
    """

    reserve_seconds: Annotated[float, Field(ge=0)] = 45.0
