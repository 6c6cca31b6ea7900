"""The handler of the state Missing."""

from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from missing.settings import MissingSettings
from tapeline.adapters.clients import s3_client
from tapeline.adapters.s3_store import BucketStore
from tapeline.batch.missing import find_missing
from tapeline.batch.states import MissingInput, parse_input
from tapeline.settings import load_settings

logger = Logger()


@cache
def _settings() -> MissingSettings:
    return load_settings(MissingSettings)


@logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:  # noqa: ARG001
    """Return the next attempt at a run's shards; its ``shards`` is 0 where none is left to try."""
    ended = parse_input(MissingInput, event)
    settings = _settings()
    store = BucketStore(s3_client(), settings.results_bucket)
    following = find_missing(ended, store, attempts=settings.attempts).model_dump()
    logger.info("compared shards with shard results", extra=following)
    return following
