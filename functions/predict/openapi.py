"""The API's description, OpenAPI 3.1: what powertools finds in the endpoints, and what it can't know.

``make openapi`` writes it to ``docs/openapi.json``; a test fails where that is another.
"""

import json
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from predict.models import PredictRequest
from predict.problems import CONTENT_TYPE, Problem
from predict.requests import PICTURE_TYPES
from tapeline import __version__

_DESCRIPTION: Final = (
    "Reads width, weight, voltage and other quantities off product pictures. Errors are "
    f"`{CONTENT_TYPE}`; their types are listed in docs/api.md."
)
_SECURED: Final = ("/predict", "/runs/{run}")
_PROBLEMS: Final = {
    "/predict": {
        "400": "The body isn't what its type says.",
        "403": "No valid API key.",
        "413": "The body is too large: send a link.",
        "415": "The body has another media type.",
        "422": "A part of the request, the link or the picture can't be used.",
        "429": "Too many requests.",
        "500": "Unexpected server error.",
        "502": "The link's server couldn't be reached, or answered something else than the picture.",
        "504": "The link's server, or reading the picture, took too long.",
    },
    "/runs/{run}": {
        "403": "No valid API key.",
        "404": "There is no such run.",
        "422": "That is no run's name.",
        "429": "Too many requests.",
        "500": "Unexpected server error.",
    },
    "/entities": {"429": "Too many requests.", "500": "Unexpected server error."},
    "/health": {"429": "Too many requests.", "500": "Unexpected server error."},
}


def describe(api: APIGatewayRestResolver) -> dict[str, Any]:
    """Return an API's description."""
    schema = api.get_openapi_schema(title="Tapeline", version=__version__, description=_DESCRIPTION)
    document: dict[str, Any] = schema.model_dump(by_alias=True, exclude_none=True, mode="json")
    # Relative to openapi.json itself, and so right under each stage and domain.
    document["servers"] = [{"url": "."}]
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in (PredictRequest, Problem):
        found = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= found.pop("$defs", {})
        schemas[model.__name__] = found
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    document["components"]["securitySchemes"] = {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"}
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            responses.pop("422", None)
            responses |= {status: _problem(text) for status, text in _PROBLEMS[path].items()}
            if path in _SECURED:
                operation["security"] = [{"ApiKey": []}]
    document["paths"]["/predict"]["post"]["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/PredictRequest"}},
            **{kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in PICTURE_TYPES},
        },
    }
    return document


def dump_description(api: APIGatewayRestResolver) -> str:
    """Return an API's description as JSON."""
    return json.dumps(describe(api), indent=2, ensure_ascii=False) + "\n"


def _problem(text: str) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": text, "content": content}
