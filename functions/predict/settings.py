"""Predict's settings."""

from typing import Annotated

from pydantic import Field

from tapeline.batch.estimate import Pace
from tapeline.entity_settings import EntitySettings
from tapeline.settings import PaceSettings, StateMachineArn
from tapeline.worker.assembly import WorkerSettings


class PredictSettings(EntitySettings, PaceSettings, WorkerSettings):
    """What Predict reads from its environment: of every worker, of estimates, the API's limits.

    Attributes:
        fetch_seconds: Seconds that a download may take. Chosen by hand: leaves time to read the picture
            within the deadline.
        deadline_seconds: Seconds that a prediction may take. Chosen by hand: less than the 29 seconds of
            API Gateway's integration timeout
            (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html).
        max_posted_bytes: Bytes of a picture in a request, at most. An event of Lambda has at most 6 MB
            (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and base64 makes the
            picture a third longer.
        state_machine_arn: The state machine whose executions are the runs.
        link_seconds: Seconds for which links to a run's outputs are valid.
        cors_origin: The origin whose pages may call the API, ``*`` for all, or empty for none.
    """

    fetch_seconds: Annotated[float, Field(gt=0)] = 15.0
    deadline_seconds: Annotated[float, Field(gt=0)] = 27.0
    max_posted_bytes: Annotated[int, Field(ge=1)] = 4 * 1024 * 1024
    state_machine_arn: StateMachineArn
    link_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    cors_origin: str = ""

    @property
    def pace(self) -> Pace:
        """How the batch works, for estimates."""
        return Pace(self.workers, self.largest_shard, self.inference_memory, self.seconds_per_picture)
