"""The API's endpoints."""

from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import StringConstraints

from predict.models import (
    Entities,
    EntityName,
    EntityUnits,
    Health,
    PredictResponse,
    RunResponse,
)
from predict.openapi import dump_description
from predict.problems import invalid_request, picture_problem, render_problem
from predict.requests import posted_query
from predict.settings import PredictSettings
from predict.static import page_file
from tapeline import __version__
from tapeline.batch.tracking import RunTracker
from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import DeadlineError, ObjectMissingError, ProblemError, RowError
from tapeline.predicting import Predictor

logger = Logger(child=True)

_PREFLIGHT_SECONDS = 7200  # What Chromium keeps at most.

type RunName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,80}$")]


@dataclass(frozen=True, slots=True)
class Services:
    """What the endpoints work with.

    Attributes:
        settings: The function's settings.
        predictor: Answers pictures.
        tracker: Looks runs up.
    """

    settings: PredictSettings
    predictor: Predictor
    tracker: RunTracker


def build_api(services: Services) -> APIGatewayRestResolver:
    """Return the API with its endpoints."""
    origin = services.settings.cors_origin
    cors = CORSConfig(allow_origin=origin, max_age=_PREFLIGHT_SECONDS) if origin else None
    api = APIGatewayRestResolver(enable_validation=True, cors=cors)
    add_routes(api, services)
    _add_problems(api)
    return api


def add_routes(api: APIGatewayRestResolver, services: Services) -> None:
    """Add the endpoints to an API."""
    _add_facts(api)
    _add_page(api)
    _add_predict(api, services)
    _add_runs(api, services)


def _add_predict(api: APIGatewayRestResolver, services: Services) -> None:
    @api.post("/predict", summary="Read quantities off one picture", tags=["Predict"])
    def predict(
        entity_name: Annotated[
            list[EntityName],
            Query(description="With a picture as the body: what is asked for; may be repeated."),
        ] = [],  # noqa: B006
        group_id: Annotated[
            str | None,
            Query(description="With a picture as the body: the product's category, as it comes back."),
        ] = None,
    ) -> PredictResponse:
        posted = posted_query(api.current_event, entity_name, group_id, services.settings.max_posted_bytes)
        left = api.lambda_context.get_remaining_time_in_millis() / 1000 - 1
        prediction = services.predictor.predict(
            posted.query, posted.body, min(services.settings.deadline_seconds, left), preview=posted.preview
        )
        for answer in prediction.result.answers.values():
            if isinstance(answer, RowError):
                raise picture_problem(answer.code, answer.message)
        return PredictResponse.of(prediction, group_id=posted.group_id, request_id=_request_id(api))


def _add_runs(api: APIGatewayRestResolver, services: Services) -> None:
    @api.get("/runs/<run>", summary="How far a batch run is", tags=["Runs"])
    def runs(run: Annotated[RunName, Path(description="The run's name.")]) -> RunResponse:
        try:
            status = services.tracker.status(run)
        except ObjectMissingError as error:
            raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-run", str(error)) from error
        return RunResponse.of(status, link_seconds=services.settings.link_seconds)


def _add_facts(api: APIGatewayRestResolver) -> None:
    @api.get("/entities", summary="The entities and their units", tags=["About"])
    def entities() -> Entities:
        found = UNITS_BY_ENTITY.items()
        return Entities(
            entities=[EntityUnits(name=EntityName(name), units=sorted(units)) for name, units in found]
        )

    @api.get("/health", summary="Whether the API answers", tags=["About"])
    def health() -> Health:
        return Health(status="ok", version=__version__)

    @cache
    def description() -> str:
        return dump_description(api)

    @api.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response[str]:
        return Response(HTTPStatus.OK, "application/json", description())


def _add_page(api: APIGatewayRestResolver) -> None:
    @api.get("/", include_in_schema=False)
    def page() -> Response[str]:
        return page_file("index.html", api.current_event.request_context.path)

    @api.get("/page/<file>", include_in_schema=False)
    def page_files(file: str) -> Response[str]:
        return page_file(file)


def _add_problems(api: APIGatewayRestResolver) -> None:
    def known(problem: ProblemError) -> Response[str]:
        log = logger.error if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else logger.info
        # Not its detail: a link may hold somebody's token.
        log("problem", extra={"kind": problem.kind, "status": problem.status})
        return render_problem(problem, _request_id(api))

    def invalid(error: RequestValidationError) -> Response[str]:
        return known(invalid_request(error.errors()))

    def late(error: DeadlineError) -> Response[str]:
        return known(ProblemError(HTTPStatus.GATEWAY_TIMEOUT, "deadline", str(error)))

    def unknown(_: NotFoundError) -> Response[str]:
        event = api.current_event
        received = f"{event.http_method} {event.path[:200]}"
        detail = f"expected a method and path of openapi.json, received {received}"
        return known(ProblemError(HTTPStatus.NOT_FOUND, "not-found", detail))

    def unexpected(error: Exception) -> Response[str]:
        logger.error("unexpected error", exc_info=error)
        detail = "expected an answer, received an unexpected server error: please report it with request_id"
        return known(ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail))

    # Not the decorators of the same purpose, which have no types.
    api.exception_handler_manager.update_exception_handlers(
        {
            ProblemError: known,
            RequestValidationError: invalid,
            DeadlineError: late,
            NotFoundError: unknown,
            Exception: unexpected,
        }
    )


def _request_id(api: APIGatewayRestResolver) -> str:
    return str(api.current_event.request_context.request_id)
