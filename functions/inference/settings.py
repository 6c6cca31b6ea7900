"""Inference's settings."""

from typing import Annotated

from pydantic import Field

from tapeline.batch.parts import PART_SECONDS
from tapeline.settings import ReviewSettings
from tapeline.worker.assembly import WorkerSettings


class InferenceSettings(WorkerSettings, ReviewSettings):
    """What Inference reads from its environment.

    Attributes:
        reserve_seconds: Time before the deadline at which a worker leaves the other pictures to the next
            attempt; more than ``fetch_seconds``, which a download may take.
        part_seconds: Time after which a worker writes what it has answered.
        thumbnails: Crops of a run's least sure answers that are kept at most; 0 for none.
    """

    reserve_seconds: Annotated[float, Field(ge=0)] = 45.0
    part_seconds: Annotated[float, Field(ge=0)] = PART_SECONDS
    thumbnails: Annotated[int, Field(ge=0, le=100_000)] = 0
