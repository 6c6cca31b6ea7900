"""The API's routes: path, handler and description of each."""

from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig

from predict.endpoints import Endpoints, Services
from predict.error_handlers import add_error_handlers
from predict.openapi import ANY_ROUTE_PROBLEMS, API_KEY, KEY_ROUTE_PROBLEMS, describe_responses
from predict.review_endpoints import ReviewEndpoints

# Seconds for which a browser may keep the answer to a preflight request. The most that Chromium keeps one:
# https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age
_PREFLIGHT_SECONDS: Final = 7200


def build_api(services: Services) -> APIGatewayRestResolver:
    """Return the API with its routes."""
    origin = services.settings.cors_origin
    cors = CORSConfig(allow_origin=origin, max_age=_PREFLIGHT_SECONDS) if origin else None
    api = APIGatewayRestResolver(enable_validation=True, cors=cors)
    endpoints = Endpoints(api, services)
    _add_described_routes(api, endpoints)
    _add_review_routes(api, ReviewEndpoints(api, services))
    _add_page_routes(api, endpoints)
    add_error_handlers(api)
    return api


def _add_described_routes(api: APIGatewayRestResolver, endpoints: Endpoints) -> None:
    """Add the routes that openapi.json describes."""
    api.get(
        "/entities",
        summary="The entities and their units",
        tags=["About"],
        responses=describe_responses(ANY_ROUTE_PROBLEMS),
    )(endpoints.entities)
    api.get(
        "/health",
        summary="Whether the API answers",
        tags=["About"],
        responses=describe_responses(ANY_ROUTE_PROBLEMS),
    )(endpoints.health)
    api.post(
        "/predict",
        summary="Read quantities off one picture",
        tags=["Predict"],
        security=API_KEY,
        responses=describe_responses(
            {
                **KEY_ROUTE_PROBLEMS,
                400: "The body isn't what its type says.",
                413: "The body is too large: send a link.",
                415: "The body has another media type.",
                422: "A part of the request, the link or the picture can't be used.",
                502: "The link's server couldn't be reached, or answered something else than the picture.",
                504: "The link's server, or reading the picture, took too long.",
            }
        ),
    )(endpoints.predict)
    api.post(
        "/estimate",
        summary="What a run of a CSV file would take",
        tags=["Runs"],
        security=API_KEY,
        responses=describe_responses(
            {
                **KEY_ROUTE_PROBLEMS,
                413: "The file is too large: send its counts.",
                415: "The body has another media type.",
                422: "The file, or a part of the request, can't be used.",
            }
        ),
    )(endpoints.estimate)
    api.get(
        "/runs/<run>",
        summary="Progress of a batch run",
        tags=["Runs"],
        security=API_KEY,
        responses=describe_responses(
            {**KEY_ROUTE_PROBLEMS, 404: "There is no such run.", 422: "That is no run's name."}
        ),
    )(endpoints.runs)


def _add_review_routes(api: APIGatewayRestResolver, endpoints: ReviewEndpoints) -> None:
    """Add the routes about a run's review, and its page."""
    problems = {**KEY_ROUTE_PROBLEMS, 404: "There is no such run or row.", 422: "A part can't be used."}
    conflict = {409: "Somebody else has saved decisions since."}
    common: dict[str, Any] = {"tags": ["Review"], "security": API_KEY}
    api.get(
        "/runs/<run>/rows",
        summary="A run's unsure rows, the least sure first",
        responses=describe_responses(problems),
        **common,
    )(endpoints.rows)
    api.get(
        "/runs/<run>/rows/<row>/picture",
        summary="The picture of an unsure row",
        responses=describe_responses({**problems, 504: "The link's server took too long."}),
        **common,
    )(endpoints.picture)
    api.get(
        "/runs/<run>/corrections",
        summary="What persons decided about a run",
        responses=describe_responses(problems),
        **common,
    )(endpoints.decisions)
    api.patch(
        "/runs/<run>/corrections",
        summary="Save decisions about a run",
        responses=describe_responses({**problems, **conflict, 415: "The body has another media type."}),
        **common,
    )(endpoints.decide)
    api.post(
        "/runs/<run>/outputs",
        summary="Make a run's outputs anew, with the decisions in",
        responses=describe_responses(problems),
        **common,
    )(endpoints.write_outputs)
    api.get("/runs/<run>/review", include_in_schema=False)(endpoints.page)


def _add_page_routes(api: APIGatewayRestResolver, endpoints: Endpoints) -> None:
    """Add the routes of the page, and of the description itself."""
    api.get("/openapi.json", include_in_schema=False)(endpoints.openapi)
    api.get("/", include_in_schema=False)(endpoints.page)
    api.get("/page/<file>", include_in_schema=False)(endpoints.page_files)
