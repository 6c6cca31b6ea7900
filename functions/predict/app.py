"""The handler behind the REST API."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from inference.tools import build_tools
from predict.routes import Services, build_api
from predict.settings import PredictSettings
from tapeline.predicting import Predictor
from tapeline.settings import load_settings

logger = Logger()


@cache
def _settings() -> PredictSettings:
    return load_settings(PredictSettings)


@cache
def _api() -> APIGatewayRestResolver:
    settings = _settings()
    return build_api(Services(settings, Predictor(lambda: build_tools(settings))))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the API."""
    return _api().resolve(event, context)
