"""``POST /estimate``: its request, a CSV file or the counts of one, and its response."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Self

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from pydantic import BaseModel, ConfigDict, Field, model_validator

from predict.requests import (
    JSON_TYPE,
    decode_body,
    media_type_of,
    unsupported_media_type,
    validate_json,
)
from predict.settings import PredictSettings
from tapeline.batch.estimate import Estimate, InputCounts, count_input, estimate_run
from tapeline.errors import ErrorCode, ProblemError, RejectedInputError

# Media type of a body that is a file.
CSV_TYPE: Final = "text/csv"

# The most rows that a request may count: a thousand times the largest MaxRows, so that sums stay exact.
_MOST_ROWS: Final = 5_000_000_000


class EstimateRequest(BaseModel):
    """The counts of a file that is too large for a request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rows: Annotated[int, Field(ge=0, le=_MOST_ROWS, description="Data rows.", examples=[131187])]
    pictures: Annotated[
        int,
        Field(ge=0, le=_MOST_ROWS, description="Distinct links.", examples=[90666]),
    ]

    @model_validator(mode="after")
    def _check_pictures(self) -> Self:
        if self.pictures > self.rows:
            raise ValueError(f"expected at most as many pictures as rows, received {self.pictures}")
        return self


class Refused(BaseModel):
    """Rows that end in the same error whatever their pictures show."""

    error_code: ErrorCode
    rows: int
    first_row: int = Field(description="The position of the first of them, from 0.")
    error: str = Field(description="Its message.")


class EstimateResponse(BaseModel):
    """What a run of the file would take. Nothing is started."""

    rows: int
    pictures: int = Field(description="Distinct links.")
    refused_rows: int | None = Field(
        description="Rows that end in an error whatever their pictures show; null without the file."
    )
    refused: list[Refused] | None = Field(description="The same by error code; null without the file.")
    shards: int
    minutes: float = Field(description="From the drop to the outputs, with no other run beside it.")
    usd: float = Field(description="US dollars at list prices of us-east-1.")
    seconds_per_picture: float = Field(description="The time that these are reckoned from.")
    workers: int = Field(description="Shards that run at once.")

    @classmethod
    def of(cls, estimate: Estimate) -> Self:
        """Return an estimate in the API's form."""
        fields: dict[str, Any] = {name: getattr(estimate, name) for name in cls.model_fields}
        if estimate.refused is not None:
            fields["refused"] = [
                Refused(error_code=ErrorCode(code), rows=item.rows, first_row=item.first, error=item.error)
                for code, item in estimate.refused.items()
            ]
        return cls(**fields)


def answer_estimate(event: BaseProxyEvent, settings: PredictSettings) -> EstimateResponse:
    """Estimate what the file in a request would take.

    Raises:
        ProblemError: The body has another media type, isn't what its type says, or is too large.
    """
    counts = _counts(event, settings)
    return EstimateResponse.of(estimate_run(counts, settings.pace))


def _counts(event: BaseProxyEvent, settings: PredictSettings) -> InputCounts:
    media_type = media_type_of(event)
    body = decode_body(event)
    if len(body) > settings.max_posted_bytes:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body-too-large",
            f"expected a file of at most {settings.max_posted_bytes} bytes, received {len(body)} bytes: "
            "send its counts as JSON instead, which make estimate prints",
        )
    if media_type == CSV_TYPE:
        try:
            return count_input([body], settings.allowed_prefixes, settings.entities)
        except RejectedInputError as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "rejected-input", str(error)) from error
    if media_type != JSON_TYPE:
        raise unsupported_media_type(event, CSV_TYPE, JSON_TYPE)
    request = validate_json(body, EstimateRequest)
    return InputCounts(request.rows, request.pictures)
