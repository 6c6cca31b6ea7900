"""The handler that S3 calls when a CSV is dropped."""

from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import S3Event
from aws_lambda_powertools.utilities.data_classes.s3_event import S3EventRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from fan_out.settings import FanOutSettings
from tapeline.adapters.clients import events_client, s3_client, sns_client, step_functions_client
from tapeline.adapters.lambda_telemetry import LambdaTelemetry
from tapeline.adapters.notifier import TopicNotifier
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
    records = S3Event(event).records if "Records" in event else []
    outcomes = [_fan_out(_source(record)) for record in records]
    for outcome in outcomes:
        logger.info(
            "fanned out", extra={"run": outcome.run, "started": outcome.started, "rejected": outcome.rejected}
        )
    return {"runs": [outcome.run for outcome in outcomes]}


def _source(record: S3EventRecord) -> InputObject:
    dropped = record.s3.get_object
    return InputObject(record.s3.bucket.name, unquote_plus(dropped.key), dropped.version_id, dropped.etag)


def _fan_out(source: InputObject) -> FanOutcome:
    settings = _settings()
    s3 = s3_client()
    outcome = fan_out(
        source,
        drop=BucketStore(s3, source.bucket),
        results=BucketStore(s3, settings.results_bucket),
        executions=StateMachine(step_functions_client(), settings.state_machine_arn),
        sharding=settings.sharding,
    )
    notifier = TopicNotifier(events_client(), sns_client(), settings.notification_topic_arn)
    tell_outcome(outcome, settings.results_bucket, notifier, LambdaTelemetry())
    return outcome
