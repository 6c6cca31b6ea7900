"""The API's description as OpenAPI 3.1: what powertools derives from the routes, and what it can't derive.

``make openapi`` writes it to ``docs/openapi.json``; a test fails where the two differ.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.models import APIKey, Server
from aws_lambda_powertools.event_handler.openapi.types import (
    OpenAPIResponse,
    OpenAPIResponseContentModel,
    OpenAPIResponseContentSchema,
)
from pydantic import BaseModel

from predict.estimates import CSV_TYPE, EstimateRequest
from predict.models import ENTITY_FORMAT, PredictRequest
from predict.problems import CONTENT_TYPE, Problem
from predict.requests import JSON_TYPE, PICTURE_TYPES
from predict.review_models import SaveDecisions
from tapeline import __version__
from tapeline.entities import EntitySet

# The security scheme of routes that need a key: pass it to a route as ``security``.
API_KEY: Final = [{"ApiKey": list[str]()}]

# Problems of every route: status -> description.
ANY_ROUTE_PROBLEMS: Final[Mapping[int, str]] = {429: "Too many requests.", 500: "Unexpected server error."}

# Problems of every route that needs a key: status -> description.
KEY_ROUTE_PROBLEMS: Final[Mapping[int, str]] = {403: "No valid API key.", **ANY_ROUTE_PROBLEMS}

# The description of the API as a whole.
_DESCRIPTION: Final = (
    "Reads width, weight, voltage and other quantities off product pictures. Errors are "
    f"`{CONTENT_TYPE}`; their types are listed in docs/api.md."
)


def describe_responses(problems: Mapping[int, str]) -> dict[int, OpenAPIResponse]:
    """Return the responses of a route: what its handler returns, and its problems.

    Args:
        problems: HTTP status -> description.
    """
    content: dict[str, OpenAPIResponseContentSchema | OpenAPIResponseContentModel] = {
        CONTENT_TYPE: {"schema": _reference(Problem)}
    }
    found: dict[int, OpenAPIResponse] = {
        status: {"description": description, "content": content} for status, description in problems.items()
    }
    # For a response without "content", powertools takes the model from the handler's return annotation.
    return {200: {"description": "Successful Response"}, **found}


def describe_api(api: APIGatewayRestResolver, entities: EntitySet) -> dict[str, Any]:
    """Return an API's description.

    Args:
        api: The API with its routes.
        entities: The entities that can be asked for.
    """
    schema = api.get_openapi_schema(
        title="Tapeline",
        version=__version__,
        description=_DESCRIPTION,
        # Relative to openapi.json itself, and so right under each stage and domain.
        servers=[Server(url=".")],
        security_schemes={"ApiKey": APIKey.model_validate({"in": "header", "name": "x-api-key"})},
    )
    document: dict[str, Any] = schema.model_dump(by_alias=True, exclude_none=True, mode="json")
    _add_models(document, EstimateRequest, PredictRequest, Problem, SaveDecisions)
    _add_bodies(document)
    _remove_powertools_errors(document)
    _name_entities(document, list(entities.units))
    return document


def dump_description(api: APIGatewayRestResolver, entities: EntitySet) -> str:
    """Return an API's description as JSON; see :func:`describe_api`."""
    return json.dumps(describe_api(api, entities), indent=2, ensure_ascii=False) + "\n"


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _add_models(document: dict[str, Any], *models: type[BaseModel]) -> None:
    """Add the schemas of models that no handler takes or returns."""
    schemas = document["components"]["schemas"]
    for model in models:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    document["components"]["schemas"] = dict(sorted(schemas.items()))


def _add_bodies(document: dict[str, Any]) -> None:
    """Add the requests' bodies: no parameter of a handler declares one, as each checks its media type."""
    pictures = {kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in PICTURE_TYPES}
    for path, method, model, others in (
        ("/predict", "post", PredictRequest, pictures),
        ("/estimate", "post", EstimateRequest, {CSV_TYPE: {"schema": {"type": "string"}}}),
        ("/runs/{run}/corrections", "patch", SaveDecisions, {}),
    ):
        document["paths"][path][method]["requestBody"] = {
            "required": True,
            "content": {JSON_TYPE: {"schema": _reference(model)}, **others},
        }


def _name_entities(part: Any, names: list[str]) -> None:
    """Put the entities' names where the name of one is asked for or answered, anywhere in a description."""
    if isinstance(part, dict):
        if part.get("format") == ENTITY_FORMAT:
            del part["format"]
            part["enum"] = names
        for inner in part.values():
            _name_entities(inner, names)
    elif isinstance(part, list):
        for inner in part:
            _name_entities(inner, names)


def _remove_powertools_errors(document: dict[str, Any]) -> None:
    """Remove the validation errors that powertools adds: the API sends problems in their place."""
    for unused in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            if CONTENT_TYPE not in responses["422"]["content"]:
                del responses["422"]
            operation["responses"] = dict(sorted(responses.items()))
