"""The handlers of the endpoints about a run's review; see :mod:`predict.endpoints`."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from predict.endpoints import RunName, Services
from predict.models import data_url
from predict.requests import parse_json
from predict.review_models import (
    OutputsStarted,
    ReviewedRows,
    RowNumber,
    RowPicture,
    RunDecisions,
    SaveDecisions,
)
from predict.static import page_file
from tapeline.answers import PictureQuery
from tapeline.errors import CorrectionError, ObjectMissingError, ProblemError

# Rows in one response at most. Chosen by hand: a response of Lambda has at most 6 MB, a row about 1 KB.
MAX_ROWS: Final = 500

_Run = Annotated[RunName, Path(description="The run's name.")]


class ReviewEndpoints:
    """The handlers of the endpoints about a run's review.

    Args:
        api: The API that calls them; it holds the current request.
        services: What they work with.
    """

    def __init__(self, api: APIGatewayRestResolver, services: Services) -> None:
        self._api = api
        self._services = services

    def page(self, run: str) -> Response[str]:  # noqa: ARG002 - the page reads it off its address
        """Return the page for a run's review."""
        return page_file("review.html")

    def rows(
        self,
        run: _Run,
        offset: Annotated[int, Query(ge=0, description="Rows to leave out.")] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description="Rows at most.")] = 100,
    ) -> ReviewedRows:
        """Return some of a run's unsure rows, the least sure first."""
        with _known_run():
            return ReviewedRows.of(run, self._services.reviewer.queue(run), offset, limit)

    def picture(
        self, run: _Run, row: Annotated[RowNumber, Path(description="The row's position in the input.")]
    ) -> RowPicture:
        """Return the picture of one of a run's unsure rows."""
        services = self._services
        with _known_run():
            found = services.reviewer.row(run, row)
        query = PictureQuery(found.image_link, (), preview=True)
        result = services.predictor.predict(query, None, services.seconds_left(self._api)).result
        if result.size is None or result.preview is None:
            problem = result.error.message if result.error else "expected a picture, received none"
            return RowPicture.kept(services.reviewer.thumbnail(run, row), problem)
        width, height = result.size
        return RowPicture(
            width=width, height=height, preview=data_url(result.preview), thumbnail=None, problem=None
        )

    def decisions(self, run: _Run) -> RunDecisions:
        """Return what persons decided about a run."""
        with _known_run():
            return RunDecisions.of(self._services.reviewer.decisions(run))

    def decide(self, run: _Run) -> RunDecisions:
        """Save decisions about a run, unless somebody else has saved some since."""
        decisions = parse_json(self._api.current_event, SaveDecisions)
        with _known_run():
            saved = self._services.reviewer.decide(run, decisions.answers(), decisions.tag)
        if saved is None:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "conflict",
                "expected the tag of the run's latest decisions, received another: somebody else has saved "
                "some since; get them, and save yours with their tag",
            )
        return RunDecisions.of(saved)

    def write_outputs(self, run: _Run) -> OutputsStarted:
        """Start the making of a run's outputs anew, with all decisions in."""
        with _known_run():
            return OutputsStarted(execution=self._services.reviewer.write_outputs(run))


@contextmanager
def _known_run() -> Iterator[None]:
    """Turn what is wrong with a run's name, a row or an answer into problems."""
    try:
        yield
    except ObjectMissingError as error:
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-run", str(error)) from error
    except CorrectionError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-answer", str(error)) from error
