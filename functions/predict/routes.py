"""The API's endpoints."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Query

from predict.models import (
    Entities,
    EntityName,
    EntityUnits,
    Health,
    PredictResponse,
)
from predict.problems import ProblemError, invalid_request, picture_problem
from predict.requests import posted_query
from predict.settings import PredictSettings
from tapeline import __version__
from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import DeadlineError, RowError
from tapeline.predicting import Predictor

logger = Logger(child=True)


@dataclass(frozen=True, slots=True)
class Services:
    """What the endpoints work with.

    Attributes:
        settings: The function's settings.
        predictor: Answers pictures.
    """

    settings: PredictSettings
    predictor: Predictor


def build_api(services: Services) -> APIGatewayRestResolver:
    """Return the API with its endpoints."""
    api = APIGatewayRestResolver(enable_validation=True)
    _add_problems(api)
    _add_facts(api)
    _add_predict(api, services)
    return api


def _add_facts(api: APIGatewayRestResolver) -> None:
    @api.get("/health", summary="Whether the API answers", tags=["About"])
    def health() -> Health:
        return Health(status="ok", version=__version__)

    @api.get("/entities", summary="The entities and their units", tags=["About"])
    def entities() -> Entities:
        found = UNITS_BY_ENTITY.items()
        return Entities(
            entities=[EntityUnits(name=EntityName(name), units=sorted(units)) for name, units in found]
        )


def _add_predict(api: APIGatewayRestResolver, services: Services) -> None:
    @api.post("/predict", summary="Read quantities off one picture", tags=["Predict"])
    def predict(
        entity_name: Annotated[
            list[EntityName], Query(description="With a picture as the body: the entities.")
        ] = [],  # noqa: B006
        group_id: Annotated[
            str | None, Query(description="With a picture as the body: kept for the caller.")
        ] = None,
    ) -> PredictResponse:
        posted = posted_query(api.current_event, entity_name, group_id, services.settings.max_posted_bytes)
        left = api.lambda_context.get_remaining_time_in_millis() / 1000 - 1
        seconds = min(services.settings.deadline_seconds, left)
        prediction = services.predictor.predict(posted.query, posted.body, seconds)
        for answer in prediction.result.answers.values():
            if isinstance(answer, RowError):
                raise picture_problem(answer.code, answer.message)
        logger.info("predicted", extra={"milliseconds": dict(prediction.result.milliseconds)})
        return PredictResponse.of(
            prediction, group_id=posted.group_id, request_id=_request_id(api), code=__version__
        )


def _add_problems(api: APIGatewayRestResolver) -> None:
    def known(problem: ProblemError) -> Response[str]:
        log = logger.error if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else logger.info
        log("problem", extra={"kind": problem.kind, "status": int(problem.status), "detail": problem.detail})
        return problem.response(_request_id(api))

    def invalid(error: RequestValidationError) -> Response[str]:
        return known(invalid_request(error.errors()))

    def late(error: DeadlineError) -> Response[str]:
        return known(ProblemError(HTTPStatus.GATEWAY_TIMEOUT, "deadline", str(error)))

    def unknown(_: NotFoundError) -> Response[str]:
        event = api.current_event
        received = f"{event.http_method} {event.path[:200]}"
        detail = f"expected one of the paths in openapi.json, received {received}"
        return known(ProblemError(HTTPStatus.NOT_FOUND, "not-found", detail))

    def unforeseen(error: Exception) -> Response[str]:
        logger.error("unforeseen", exc_info=error)
        detail = "expected an answer, received an error that nobody foresaw: please report it with request_id"
        return known(ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail))

    # Not the decorators of the same purpose, which have no types.
    api.exception_handler_manager.update_exception_handlers(
        {
            ProblemError: known,
            RequestValidationError: invalid,
            DeadlineError: late,
            NotFoundError: unknown,
            Exception: unforeseen,
        }
    )


def _request_id(api: APIGatewayRestResolver) -> str:
    return str(api.current_event.request_context.request_id)
