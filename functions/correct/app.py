"""The handler that S3 calls when corrections are dropped."""

from dataclasses import asdict
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from correct.settings import CorrectSettings
from tapeline.adapters.clients import s3_client, step_functions_client
from tapeline.adapters.s3_events import dropped_objects
from tapeline.adapters.s3_store import BucketStore
from tapeline.adapters.step_functions import StateMachine
from tapeline.batch.correct import CorrectionOutcome, correct_runs
from tapeline.batch.keys import InputObject
from tapeline.settings import load_settings

logger = Logger()


@cache
def _settings() -> CorrectSettings:
    return load_settings(CorrectSettings)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, object]:  # noqa: ARG001
    """Take the corrections in each record of an S3 event; a repeated record changes nothing."""
    outcomes = [asdict(_correct(InputObject(*dropped))) for dropped in dropped_objects(event)]
    for outcome in outcomes:
        logger.info("corrected", extra=outcome)
    return {"outcomes": outcomes}


def _correct(source: InputObject) -> CorrectionOutcome:
    settings = _settings()
    s3 = s3_client()
    return correct_runs(
        source,
        drop=BucketStore(s3, source.bucket),
        results=BucketStore(s3, settings.results_bucket),
        executions=StateMachine(step_functions_client(), settings.state_machine_arn),
    )
