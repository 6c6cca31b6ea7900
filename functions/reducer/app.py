"""The handler of the state Reducer."""

import tempfile
from functools import cache
from pathlib import Path

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from reducer.settings import ReducerSettings
from tapeline.adapters.clients import s3_client
from tapeline.adapters.lambda_telemetry import LambdaTelemetry
from tapeline.adapters.s3_store import BucketStore
from tapeline.batch.reducer import reduce_run
from tapeline.batch.states import ReducerInput, parse_input
from tapeline.settings import load_settings

logger = Logger()


@cache
def _settings() -> ReducerSettings:
    return load_settings(ReducerSettings)


@logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:  # noqa: ARG001
    """Write a run's outputs, and say how many rows they have and where they are."""
    run = parse_input(ReducerInput, event).run
    settings = _settings()
    s3 = s3_client()
    output = reduce_run(
        run,
        drop=BucketStore(s3, settings.drop_bucket),
        results=BucketStore(s3, settings.results_bucket),
        scratch=Path(tempfile.gettempdir()),
        telemetry=LambdaTelemetry(),
        threshold=settings.review_threshold,
    ).model_dump()
    logger.info("reduced", extra=output)
    return output
