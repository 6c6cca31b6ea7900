"""Problems: errors as ``application/problem+json`` (RFC 9457); docs/api.md lists their types."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, ConfigDict, Field

from tapeline.errors import ErrorCode, ProblemError, RowError

# The media type of a problem: RFC 9457, section 3.
CONTENT_TYPE: Final = "application/problem+json"

# The first part of each problem's type.
PREFIX: Final = "urn:tapeline:problem:"

# Characters of a wrong value that a problem's detail shows at most. Chosen by hand.
SHOWN_CHARACTERS: Final = 100


class Problem(BaseModel):
    """An error: what was expected, what was received, what to do."""

    model_config = ConfigDict(json_schema_extra={"required": ["type", "title", "detail", "request_id"]})

    type: str = Field(description="Stable; see docs/api.md.", examples=[f"{PREFIX}blocked-address"])
    title: str
    status: int | None = Field(
        default=None, description="The HTTP status; absent in some of the gateway's own."
    )
    detail: str
    request_id: str
    errors: list[str] | None = Field(default=None, description="Each part of the request that is wrong.")


# The HTTP status of each error that a picture can have.
STATUS_BY_CODE: Final[Mapping[ErrorCode, HTTPStatus]] = {
    # The caller can correct these, with another link or another picture.
    ErrorCode.BAD_LINK: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.BLOCKED_ADDRESS: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.UNKNOWN_ENTITY: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TOO_LARGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.NOT_AN_IMAGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TOO_MANY_PIXELS: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.DECODE_FAILURE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TOO_COMPLEX: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TIMEOUT_READING: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.WORKER_DIED: HTTPStatus.UNPROCESSABLE_ENTITY,
    # The link's server failed.
    ErrorCode.DNS_FAILURE: HTTPStatus.BAD_GATEWAY,
    ErrorCode.CONNECT_FAILURE: HTTPStatus.BAD_GATEWAY,
    ErrorCode.HTTP_STATUS: HTTPStatus.BAD_GATEWAY,
    ErrorCode.TOO_MANY_REDIRECTS: HTTPStatus.BAD_GATEWAY,
    ErrorCode.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    ErrorCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def render_problem(problem: ProblemError, request_id: str) -> Response[str]:
    """Return the HTTP response for a problem.

    Args:
        problem: The reason why the request can't be answered.
        request_id: The request's id, as in the logs.
    """
    body = Problem(
        type=f"{PREFIX}{problem.kind}",
        title=problem.kind.replace("-", " ").capitalize().replace("json", "JSON"),
        status=problem.status,
        detail=problem.detail,
        request_id=request_id,
        errors=problem.errors,
    )
    return Response(
        status_code=problem.status,
        content_type=CONTENT_TYPE,
        body=json.dumps(body.model_dump(exclude_none=True), ensure_ascii=False),
    )


def picture_problem(error: RowError) -> ProblemError:
    """Return the problem for a picture's error; its type is the batch's error code with hyphens.

    Args:
        error: With one of the codes of :data:`STATUS_BY_CODE`.
    """
    return ProblemError(STATUS_BY_CODE[error.code], error.code.replace("_", "-"), error.message)


def invalid_request(errors: Iterable[Mapping[str, Any]]) -> ProblemError:
    """Return the problem for a request with wrong or missing parts.

    Args:
        errors: As pydantic's ``ValidationError.errors`` returns them.
    """
    descriptions = [_describe(error) for error in errors]
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "; ".join(descriptions), descriptions
    )


def _describe(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "body"
    message = str(error["msg"]).removeprefix("Value error, ")
    value = error.get("input")
    # Neither pictures nor whole requests go into a response or a log.
    if value is None or "image_base64" in where or isinstance(value, dict):
        return f"{where}: {message}"
    return f"{where}: {message}, received {_shorten(repr(value))}"


def _shorten(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
