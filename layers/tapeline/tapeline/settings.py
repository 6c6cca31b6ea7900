"""What the functions' settings have in common; each function's class is made of these."""

from typing import Annotated, Final

from pydantic import Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tapeline.buckets import BUCKET_NAME
from tapeline.errors import SettingsError

# The ARN of a state machine, as a regular expression of the whole ARN.
# Source: docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
STATE_MACHINE_ARN: Final = r"arn:[^:]+:states:[^:]+:[0-9]{12}:stateMachine:.+"

type BucketName = Annotated[str, StringConstraints(pattern=f"^{BUCKET_NAME}$")]
type StateMachineArn = Annotated[str, StringConstraints(pattern=f"^{STATE_MACHINE_ARN}$")]


class Settings(BaseSettings):
    """Settings from environment variables of the same names in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")


class ResultsSettings(Settings):
    """For functions that work in the results bucket."""

    results_bucket: BucketName


class DropSettings(Settings):
    """For functions that read what users drop."""

    drop_bucket: BucketName


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
    try:
        return kind()
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
