"""Predict's settings."""

from typing import Annotated

from pydantic import Field

from tapeline.assembly import WorkerSettings


class PredictSettings(WorkerSettings):
    """What Predict reads from its environment: what every worker does, and the API's own limits.

    Attributes:
        fetch_seconds: Time that a download may take; leaves time to read the picture within the deadline.
        deadline_seconds: Time that a request may take; a little less than the 29 seconds after which
            API Gateway answers in the function's place.
        max_posted_bytes: Bytes of a picture in a request. Lambda takes 6 MiB of event, in which a
            picture is base64 and so a third longer.
        state_machine_arn: The state machine whose executions are the runs.
        link_seconds: How long links to a run's outputs are good for.
        cors_origin: The origin whose pages may call the API, ``*`` for all, or empty for none.
    """

    fetch_seconds: Annotated[float, Field(gt=0)] = 15.0
    deadline_seconds: Annotated[float, Field(gt=0)] = 27.0
    max_posted_bytes: Annotated[int, Field(ge=1)] = 4 * 1024 * 1024
    state_machine_arn: Annotated[str, Field(pattern=r"^arn:[^:]+:states:[^:]+:[0-9]{12}:stateMachine:.+")]
    link_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    cors_origin: str = ""
