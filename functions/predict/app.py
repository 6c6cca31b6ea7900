"""The handler behind the REST API."""

import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from predict.endpoints import Services
from predict.routes import build_api
from predict.settings import PredictSettings
from predict.snapshot import load_for_snapshot, with_hooks
from tapeline.adapters.clients import s3_client, step_functions_client
from tapeline.adapters.lambda_telemetry import LambdaTelemetry
from tapeline.adapters.s3_store import BucketStore
from tapeline.adapters.step_functions import StateMachine
from tapeline.batch.reviewing import RunReviewer
from tapeline.batch.tracking import RunTracker
from tapeline.download.addresses import AddressPolicy
from tapeline.predicting import Predictor
from tapeline.settings import load_settings
from tapeline.worker.assembly import build_components

logger = Logger()


def make_api(settings: PredictSettings, policy: AddressPolicy | None = None) -> APIGatewayRestResolver:
    """Return the API; ``policy`` is for tests, as in :func:`tapeline.worker.assembly.build_components`."""
    results = BucketStore(s3_client(), settings.results_bucket)
    machine = StateMachine(step_functions_client(), settings.state_machine_arn)
    predictor = with_hooks(Predictor(lambda: build_components(settings, policy), LambdaTelemetry()))
    tracker = RunTracker(results, machine, results, settings.link_seconds)
    return build_api(Services(settings, predictor, tracker, RunReviewer(results, machine)))


@cache
def _api() -> APIGatewayRestResolver:
    return make_api(load_settings(PredictSettings))


load_for_snapshot(_api)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the API."""
    return answer(_api(), event, context)


def answer(api: APIGatewayRestResolver, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request, and log its method, path pattern, status and time: no body, query or headers."""
    start = time.perf_counter()
    response = api.resolve(event, context)
    milliseconds = round((time.perf_counter() - start) * 1000)
    request = {"method": event["httpMethod"], "resource": event.get("resource")}
    logger.info("answered", extra={**request, "status": response["statusCode"], "milliseconds": milliseconds})
    return response
