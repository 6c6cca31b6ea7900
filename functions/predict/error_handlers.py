"""The responses to requests that end with an error."""

from http import HTTPStatus
from typing import Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from predict.problems import invalid_request, picture_problem, render_problem
from tapeline.errors import DeadlineError, ProblemError, RowError

logger = Logger(child=True)

# Characters of an unknown path that a problem's detail shows at most. Chosen by hand.
_SHOWN_PATH_CHARACTERS: Final = 200


def add_error_handlers(api: APIGatewayRestResolver) -> None:
    """Answer each error of an API's routes with a problem."""
    handlers = _ErrorHandlers(api)
    # Not powertools' decorator for this: it has no types.
    api.exception_handler_manager.update_exception_handlers(
        {
            ProblemError: handlers.problem,
            RequestValidationError: handlers.invalid_request,
            RowError: handlers.picture_error,
            DeadlineError: handlers.deadline,
            NotFoundError: handlers.unknown_route,
            Exception: handlers.unexpected,
        }
    )


class _ErrorHandlers:
    """One handler for each kind of error; each returns the response."""

    def __init__(self, api: APIGatewayRestResolver) -> None:
        self._api = api

    def problem(self, problem: ProblemError) -> Response[str]:
        log = logger.error if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else logger.info
        # Not the detail: a link in it may hold a token.
        log("problem", extra={"kind": problem.kind, "status": problem.status})
        return render_problem(problem, self._api.current_event.request_context.request_id)

    def invalid_request(self, error: RequestValidationError) -> Response[str]:
        return self.problem(invalid_request(error.errors()))

    def picture_error(self, error: RowError) -> Response[str]:
        return self.problem(picture_problem(error))

    def deadline(self, error: DeadlineError) -> Response[str]:
        return self.problem(ProblemError(HTTPStatus.GATEWAY_TIMEOUT, "deadline", str(error)))

    def unknown_route(self, _: NotFoundError) -> Response[str]:
        event = self._api.current_event
        received = f"{event.http_method} {event.path[:_SHOWN_PATH_CHARACTERS]}"
        detail = f"expected a method and path of openapi.json, received {received}"
        return self.problem(ProblemError(HTTPStatus.NOT_FOUND, "not-found", detail))

    def unexpected(self, error: Exception) -> Response[str]:
        logger.error("unexpected error", exc_info=error)
        detail = "expected an answer, received an unexpected server error: please report it with request_id"
        return self.problem(ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail))
