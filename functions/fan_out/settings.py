"""FanOut's settings."""

from typing import Annotated

from pydantic import Field

from tapeline.settings import ResultsSettings, StateMachineArn


class FanOutSettings(ResultsSettings):
    """What FanOut reads from its environment.

    Attributes:
        state_machine_arn: The state machine that runs the shards.
        workers: Shards that run at once, so that a small file uses all of them.
        largest_shard: Pictures in a shard at most.
        max_rows: Rows in a file at most.
    """

    state_machine_arn: StateMachineArn
    workers: Annotated[int, Field(ge=1, le=10_000)]
    largest_shard: Annotated[int, Field(ge=1, le=1_000)]
    max_rows: Annotated[int, Field(ge=1)]
