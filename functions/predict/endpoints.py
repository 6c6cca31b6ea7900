"""The handlers of the API's endpoints: each parses the request, calls one function and returns its result."""

from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Annotated, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import StringConstraints

from predict.estimates import EstimateResponse, answer_estimate
from predict.models import Entities, EntityName, Health, PredictResponse, RunResponse
from predict.openapi import dump_description
from predict.requests import parse_request
from predict.settings import PredictSettings
from predict.static import page_file
from tapeline import __version__
from tapeline.batch.reviewing import RunReviewer
from tapeline.batch.tracking import RunTracker
from tapeline.errors import ObjectMissingError, ProblemError
from tapeline.predicting import Predictor

# Seconds before Lambda's timeout that a prediction leaves for its response. Chosen by hand.
_RESPONSE_SECONDS: Final = 1.0

# As tapeline.batch names runs: letters, digits and hyphens, at most the 80 characters of an execution's name:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
type RunName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,80}$")]


@dataclass(frozen=True, slots=True)
class Services:
    """What the endpoints work with.

    Attributes:
        settings: The function's settings.
        predictor: Answers pictures.
        tracker: Finds the state of runs.
        reviewer: Shows runs to those who review them.
    """

    settings: PredictSettings
    predictor: Predictor
    tracker: RunTracker
    reviewer: RunReviewer

    def seconds_left(self, api: APIGatewayRestResolver) -> float:
        """Return how long an answer to the current request may take, in seconds."""
        left = api.lambda_context.get_remaining_time_in_millis() / 1000
        return min(self.settings.deadline_seconds, left - _RESPONSE_SECONDS)


class Endpoints:
    """The handlers of the API's endpoints.

    Args:
        api: The API that calls them; it holds the current request.
        services: What they work with.
    """

    def __init__(self, api: APIGatewayRestResolver, services: Services) -> None:
        self._api = api
        self._services = services

    def predict(
        self,
        entity_name: Annotated[
            list[EntityName],
            Query(description="With a picture as the body: the entity to read; may be repeated."),
        ] = [],  # noqa: B006 - powertools reads the default, nothing changes it
        group_id: Annotated[
            str | None,
            Query(description="With a picture as the body: the product's category, as in JSON."),
        ] = None,
    ) -> PredictResponse:
        """Answer the picture in the request, or behind its link."""
        max_bytes = self._services.settings.max_posted_bytes
        entities = self._services.settings.entities
        request = parse_request(self._api.current_event, entity_name, group_id, max_bytes, entities)
        seconds = self._services.seconds_left(self._api)
        prediction = self._services.predictor.predict(request.query, request.body, seconds)
        request_id = self._api.current_event.request_context.request_id
        return PredictResponse.of(prediction, group_id=request.group_id, request_id=request_id)

    def estimate(self) -> EstimateResponse:
        """Return what a run of the file in the request would take."""
        return answer_estimate(self._api.current_event, self._services.settings)

    def runs(self, run: Annotated[RunName, Path(description="The run's name.")]) -> RunResponse:
        """Return the state of a run."""
        try:
            status = self._services.tracker.status(run)
        except ObjectMissingError as error:
            raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-run", str(error)) from error
        return RunResponse.of(status, link_seconds=self._services.settings.link_seconds)

    def entities(self) -> Entities:
        """Return the entities and their units."""
        return Entities.of(self._services.settings.entities.units)

    def health(self) -> Health:
        """Return that the API answers, and its version."""
        return Health(status="ok", version=__version__)

    def openapi(self) -> Response[str]:
        """Return the API's description."""
        return Response(HTTPStatus.OK, "application/json", self._description)

    def page(self) -> Response[str]:
        """Return the page."""
        path = self._api.current_event.request_context.path
        # Without the slash at the end, a browser resolves relative links against the stage's parent.
        return page_file("index.html", base=None if path.endswith("/") else f"{path}/")

    def page_files(self, file: str) -> Response[str]:
        """Return one of the page's files."""
        return page_file(file)

    @cached_property
    def _description(self) -> str:
        return dump_description(self._api, self._services.settings.entities)
