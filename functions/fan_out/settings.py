"""FanOut's settings."""

import math
from typing import Annotated

from pydantic import Field

from tapeline.batch.estimate import Pace
from tapeline.batch.fan_out import Sharding
from tapeline.entity_settings import EntitySettings
from tapeline.settings import NoticeSettings, PaceSettings, StateMachineArn


class FanOutSettings(EntitySettings, PaceSettings, NoticeSettings):
    """What FanOut reads from its environment.

    Attributes:
        state_machine_arn: The state machine that runs the shards.
        max_rows: Rows in a file at most.
        max_run_cost: US dollars that a file may be estimated to cost; 0 for no limit.
        keep_columns: Whether the predictions of files dropped from now on have their columns beside them.
    """

    state_machine_arn: StateMachineArn
    max_rows: Annotated[int, Field(ge=1)]
    max_run_cost: Annotated[float, Field(ge=0)]
    keep_columns: bool = False

    @property
    def sharding(self) -> Sharding:
        """How files are cut, and which are refused."""
        pace = Pace(self.workers, self.largest_shard, self.inference_memory, self.seconds_per_picture)
        return Sharding(pace, self.max_rows, self.max_run_cost or math.inf)
