"""What a ``POST /predict`` asks, from either kind of body."""

import base64
import binascii
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from pydantic import ValidationError

from predict.models import EntityName, PredictRequest, asked
from predict.problems import invalid_request
from tapeline.answering import PictureQuery
from tapeline.errors import ProblemError
from tapeline.predicting import POSTED

PICTURE_TYPES: Final = ("image/jpeg", "image/png", "image/webp")
"""Media types of a body that is the picture itself; the template's BinaryMediaTypes are the same."""

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A picture and what is asked of it.

    Attributes:
        query: The entities, and the link where there is one.
        body: The picture's bytes; None where there is a link.
        group_id: As it came.
        preview: Whether the picture is to come back with the answer.
    """

    query: PictureQuery
    body: bytes | None
    group_id: str | int | None
    preview: bool = False


def parse_request(
    event: BaseProxyEvent, entity_names: list[EntityName], group_id: str | None, max_bytes: int
) -> PictureRequest:
    """Read a request.

    Args:
        event: API Gateway's event.
        entity_names: From the query, for a body that is a picture.
        group_id: Likewise.
        max_bytes: Bytes of a picture in the request.

    Raises:
        ProblemError: The body has another media type, isn't what its type says, lacks something, or is
            too large.
    """
    kind = (event.headers.get("content-type") or _JSON).split(";")[0].strip().lower()
    if kind == _JSON:
        return _from_json(event, max_bytes)
    if kind not in PICTURE_TYPES:
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            f"expected a body of the type {_JSON}, {', '.join(PICTURE_TYPES)}, received {kind[:100]!r}",
        )
    if not entity_names:
        raise invalid_request(
            [{"loc": ("query", "entity_name"), "msg": "expected one or more entities, received none"}]
        )
    body = _checked(_bytes(event), max_bytes)
    return PictureRequest(PictureQuery(POSTED, asked(entity_names)), body, group_id)


def _from_json(event: BaseProxyEvent, max_bytes: int) -> PictureRequest:
    text = _bytes(event)
    # A third for base64, and room for the other fields.
    if len(text) > max_bytes * 4 // 3 + 64 * 1024:
        raise _too_large(len(text), max_bytes)
    try:
        request = PredictRequest.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        if found[0]["type"] == "json_invalid":
            raise ProblemError(
                HTTPStatus.BAD_REQUEST,
                "malformed-json",
                f"expected a JSON object with image_link or image_base64, and entity_name: {found[0]['msg']}",
            ) from error
        raise invalid_request(found) from error
    group_id = request.group_id if "group_id" in request.model_fields_set else None
    if request.image_link:
        link, body = request.image_link, None
    else:
        link, body = POSTED, _checked(request.image_base64, max_bytes)
    return PictureRequest(PictureQuery(link, request.entities), body, group_id, request.preview)


def _bytes(event: BaseProxyEvent) -> bytes:
    body = event.body or ""
    if not event.is_base64_encoded:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:  # pragma: no cover - API Gateway's own encoding
        raise ProblemError(HTTPStatus.BAD_REQUEST, "malformed-body", f"expected base64: {error}") from error


def _checked(body: bytes, max_bytes: int) -> bytes:
    if not body:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "empty-body", "expected a picture as the body, received nothing"
        )
    if len(body) > max_bytes:
        raise _too_large(len(body), max_bytes)
    return body


def _too_large(received: int, max_bytes: int) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body-too-large",
        f"expected a picture of at most {max_bytes} bytes in a request, received {received} bytes: "
        "send its link in image_link instead, which may lead to 20 MiB",
    )
