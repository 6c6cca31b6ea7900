"""The handler that EventBridge calls when an execution of the state machine has ended."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from notify.settings import NotifySettings
from tapeline.adapters.clients import events_client, s3_client, sns_client
from tapeline.adapters.notifier import TopicNotifier
from tapeline.adapters.s3_store import BucketStore
from tapeline.batch.corrections import is_reducing
from tapeline.batch.notices import notice_of_run, send_notice
from tapeline.batch.states import ExecutionEnd, parse_input
from tapeline.settings import load_settings

logger = Logger()


@cache
def _settings() -> NotifySettings:
    return load_settings(NotifySettings)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, object]:  # noqa: ARG001
    """Tell of the run whose execution has ended; one that made outputs anew is no run's end."""
    ended = parse_input(ExecutionEnd, event.get("detail", {}))
    if is_reducing(ended.name):
        logger.info("made outputs anew", extra={"execution": ended.name, "status": ended.status})
        return {}
    settings = _settings()
    results = BucketStore(s3_client(), settings.results_bucket)
    notice = notice_of_run(ended.name, ended.failure, results, settings.results_bucket)
    send_notice(notice, TopicNotifier(events_client(), sns_client(), settings.notification_topic_arn))
    told: dict[str, object] = {"run": notice.run, "state": notice.state}
    logger.info("notified", extra=told)
    return told
