"""The handler that S3 calls when a CSV is dropped."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from fan_out.settings import FanOutSettings
from tapeline.adapters.clients import events_client, s3_client, sns_client, step_functions_client
from tapeline.adapters.lambda_telemetry import LambdaTelemetry
from tapeline.adapters.notifier import TopicNotifier
from tapeline.adapters.s3_events import dropped_objects
from tapeline.adapters.s3_store import BucketStore
from tapeline.adapters.step_functions import StateMachine
from tapeline.batch.fan_out import FanOutcome, fan_out, tell_outcome
from tapeline.batch.keys import InputObject
from tapeline.settings import load_settings

logger = Logger()


@cache
def _settings() -> FanOutSettings:
    return load_settings(FanOutSettings)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, object]:  # noqa: ARG001
    """Start a run for each record of an S3 event; a repeated record starts none."""
    outcomes = [_fan_out(InputObject(*dropped)) for dropped in dropped_objects(event)]
    for outcome in outcomes:
        logger.info(
            "fanned out", extra={"run": outcome.run, "started": outcome.started, "rejected": outcome.rejected}
        )
    return {"runs": [outcome.run for outcome in outcomes]}


def _fan_out(source: InputObject) -> FanOutcome:
    settings = _settings()
    s3 = s3_client()
    outcome = fan_out(
        source,
        drop=BucketStore(s3, source.bucket),
        results=BucketStore(s3, settings.results_bucket),
        executions=StateMachine(step_functions_client(), settings.state_machine_arn),
        sharding=settings.sharding,
        entities=settings.entities,
        keep_columns=settings.keep_columns,
    )
    notifier = TopicNotifier(events_client(), sns_client(), settings.notification_topic_arn)
    tell_outcome(outcome, settings.results_bucket, notifier, LambdaTelemetry())
    return outcome
