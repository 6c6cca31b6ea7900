"""Parses the requests of ``POST /predict``, whose body is JSON or a picture."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from pydantic import BaseModel, ValidationError

from predict.models import EntityName, PredictRequest, unique_names
from predict.problems import SHOWN_CHARACTERS, invalid_request
from tapeline.answers import PictureQuery
from tapeline.entities import EntitySet
from tapeline.errors import ProblemError
from tapeline.predicting import POSTED

# Media types of a body that is a picture: the template's BinaryMediaTypes; a test compares them.
PICTURE_TYPES: Final = ("image/jpeg", "image/png", "image/webp")

# Media type of a body that is a PredictRequest.
JSON_TYPE: Final = "application/json"

# Bytes of a JSON body beside the picture's base64: the other fields and white space. Chosen by hand.
_OTHER_FIELDS_BYTES: Final = 64 * 1024

# A part of a request: its name, and the position in it where it is a list.
type _Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A parsed request.

    Attributes:
        query: The entities, the picture's link, and whether to return the decoded picture;
            :data:`~tapeline.predicting.POSTED` without a link.
        body: The picture's bytes; None where there is a link.
        group_id: As in the request; None where there is none.
    """

    query: PictureQuery
    body: bytes | None
    group_id: str | int | None


def parse_request(
    event: BaseProxyEvent,
    entity_names: list[EntityName],
    group_id: str | None,
    max_bytes: int,
    entities: EntitySet,
) -> PictureRequest:
    """Parse a request.

    Args:
        event: API Gateway's event.
        entity_names: From the query string; used where the body is a picture.
        group_id: From the query string; used where the body is a picture.
        max_bytes: Bytes of a picture in the request, at most.
        entities: The entities that can be asked for.

    Raises:
        ProblemError: The body has another media type, doesn't have the format of its media type, lacks a
            field, names an entity that isn't known, or is too large.
    """
    media_type = media_type_of(event)
    if media_type == JSON_TYPE:
        return _from_json(event, max_bytes, entities)
    if media_type not in PICTURE_TYPES:
        raise unsupported_media_type(event, JSON_TYPE, *PICTURE_TYPES)
    if not entity_names:
        raise invalid_request(
            [{"loc": ("query", "entity_name"), "msg": "expected one or more entities, received none"}]
        )
    _check_known({("query", "entity_name", at): name for at, name in enumerate(entity_names)}, entities)
    body = _check_picture(decode_body(event), max_bytes)
    query = PictureQuery(POSTED, unique_names(entity_names), entities=entities, category=_category(group_id))
    return PictureRequest(query, body, group_id)


def _from_json(event: BaseProxyEvent, max_bytes: int, entities: EntitySet) -> PictureRequest:
    text = decode_body(event)
    # Base64 makes 4 bytes of 3.
    if len(text) > max_bytes * 4 // 3 + _OTHER_FIELDS_BYTES:
        raise _too_large(len(text), max_bytes)
    try:
        request = PredictRequest.model_validate_json(text)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False)
        if errors[0]["type"] == "json_invalid":
            raise ProblemError(
                HTTPStatus.BAD_REQUEST,
                "malformed-json",
                "expected a JSON object with image_link or image_base64, and entity_name: "
                f"{errors[0]['msg']}",
            ) from error
        raise invalid_request(errors) from error
    named: dict[_Where, str] = {("entity_names", at): name for at, name in enumerate(request.entity_names)}
    _check_known(named or {("entity_name",): request.entity_name}, entities)
    group_id = request.group_id if "group_id" in request.model_fields_set else None
    if request.image_link:
        link, body = request.image_link, None
    else:
        link, body = POSTED, _check_picture(request.image_base64, max_bytes)
    query = PictureQuery(
        link, request.entities, request.preview, entities=entities, category=_category(group_id)
    )
    return PictureRequest(query, body, group_id)


def _category(group_id: str | int | None) -> str:
    return "" if group_id is None else str(group_id).strip()


def _check_known(named: Mapping[_Where, str], entities: EntitySet) -> None:
    """Check that entities can be asked for.

    Args:
        named: The part of the request that names one -> its name.
        entities: Those that can be asked for.

    Raises:
        ProblemError: One of them can't.
    """
    expected = f"expected one of {', '.join(entities.units)}"
    errors = [
        {"loc": where, "msg": expected, "input": name}
        for where, name in named.items()
        if name not in entities
    ]
    if errors:
        raise invalid_request(errors)


def media_type_of(event: BaseProxyEvent) -> str:
    """Return the media type of a request's body, without parameters; JSON's where the request has none."""
    return (event.headers.get("content-type") or JSON_TYPE).split(";")[0].strip().lower()


def parse_json[M: BaseModel](event: BaseProxyEvent, model: type[M]) -> M:
    """Parse a body that is JSON and nothing else.

    Raises:
        ProblemError: The body has another media type, or isn't what the model describes.
    """
    if media_type_of(event) != JSON_TYPE:
        raise unsupported_media_type(event, JSON_TYPE)
    return validate_json(decode_body(event), model)


def validate_json[M: BaseModel](body: bytes, model: type[M]) -> M:
    """Return what a JSON body says.

    Raises:
        ProblemError: It isn't what the model describes.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False, include_context=False)) from error


def unsupported_media_type(event: BaseProxyEvent, *expected: str) -> ProblemError:
    """Return the problem of a body that has none of the expected media types."""
    return ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        f"expected a body of the type {', '.join(expected)}, "
        f"received {media_type_of(event)[:SHOWN_CHARACTERS]!r}",
    )


def decode_body(event: BaseProxyEvent) -> bytes:
    """Return a request's body as it was sent.

    Raises:
        ProblemError: It should be base64, and isn't.
    """
    body = event.body or ""
    if not event.is_base64_encoded:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:  # pragma: no cover - API Gateway's own encoding
        raise ProblemError(HTTPStatus.BAD_REQUEST, "malformed-body", f"expected base64: {error}") from error


def _check_picture(body: bytes, max_bytes: int) -> bytes:
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
