"""What the functions' settings have in common; each function's class is made of these."""

import os
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from tapeline.buckets import BUCKET_NAME
from tapeline.errors import SettingsError

# The ARN of a state machine, as a regular expression of the whole ARN.
# Source: docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
STATE_MACHINE_ARN: Final = r"arn:[^:]+:states:[^:]+:[0-9]{12}:stateMachine:.+"

# The ARN of an SNS topic, likewise.
# Source: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
TOPIC_ARN: Final = r"arn:[^:]+:sns:[^:]+:[0-9]{12}:[A-Za-z0-9_-]+"

type BucketName = Annotated[str, StringConstraints(pattern=f"^{BUCKET_NAME}$")]
type TopicArn = Annotated[str, StringConstraints(pattern=f"^{TOPIC_ARN}$")]
type StateMachineArn = Annotated[str, StringConstraints(pattern=f"^{STATE_MACHINE_ARN}$")]


class Settings(BaseModel):
    """Settings from environment variables of the same names in upper case."""

    model_config = ConfigDict(frozen=True, validate_default=True)


class ResultsSettings(Settings):
    """For functions that work in the results bucket."""

    results_bucket: BucketName


class DropSettings(Settings):
    """For functions that read what users drop."""

    drop_bucket: BucketName


class NoticeSettings(ResultsSettings):
    """For functions that tell people of a run's end, or of a file that is none.

    Attributes:
        notification_topic_arn: The SNS topic that people subscribe to.
    """

    notification_topic_arn: TopicArn


class PaceSettings(Settings):
    """For functions that estimate what a file would take; each makes a :class:`tapeline.batch.estimate.Pace`.

    Attributes:
        workers: Shards of one run that run at once, so that a small file uses all of them.
        largest_shard: Pictures in a shard at most.
        inference_memory: A worker's memory in MB.
        seconds_per_picture: Seconds of a worker for a picture.
    """

    workers: Annotated[int, Field(ge=1, le=10_000)]
    largest_shard: Annotated[int, Field(ge=1, le=1_000)]
    inference_memory: Annotated[int, Field(ge=128)]
    seconds_per_picture: Annotated[float, Field(gt=0)]


class ReviewSettings(Settings):
    """For functions that know which answers are to be reviewed.

    Attributes:
        review_threshold: How sure an answer has to be, from 0 to 1, not to be reviewed.
    """

    review_threshold: Annotated[float, Field(ge=0, le=1)] = 0.9


def load_settings[S: Settings](kind: type[S]) -> S:
    """Read and check a function's settings.

    Raises:
        SettingsError: A variable is missing or wrong; the message names each with what was expected.
    """
    given = {name: os.environ[name.upper()] for name in kind.model_fields if name.upper() in os.environ}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}, received {item['input']!r}"
            if item["type"] != "missing"
            else f"{'.'.join(map(str, item['loc'])).upper()}: expected a value, received none"
            for item in error.errors()
        )
        raise SettingsError(
            f"{kind.__name__}: {problems}: set the variable in template.yaml, or in env.json for a local call"
        ) from error
