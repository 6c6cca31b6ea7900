"""The handler of the state Inference."""

from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from inference.settings import InferenceSettings
from tapeline.adapters.clients import s3_client
from tapeline.adapters.lambda_telemetry import LambdaTelemetry
from tapeline.adapters.s3_store import BucketStore
from tapeline.answering import Components
from tapeline.batch.inference import Worker, infer_shard
from tapeline.batch.states import ShardInput, parse_input
from tapeline.batch.thumbnails import Reviewing
from tapeline.settings import load_settings
from tapeline.worker.assembly import build_components

logger = Logger()


@cache
def _settings() -> InferenceSettings:
    return load_settings(InferenceSettings)


@cache
def _components() -> Components:
    return build_components(_settings())


@logger.inject_lambda_context
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one shard of a run and write its result."""
    cold = _components.cache_info().currsize == 0
    return infer(event, context, _settings(), _components(), cold_start=cold)


def infer(
    event: dict[str, object],
    context: LambdaContext,
    settings: InferenceSettings,
    components: Components,
    *,
    cold_start: bool,
) -> dict[str, object]:
    """Answer the shard that an event names with the given components."""
    task = parse_input(ShardInput, event)
    worker = Worker(
        remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000,
        reserve_seconds=settings.reserve_seconds,
        memory_megabytes=settings.aws_lambda_function_memory_size,
        cold_start=cold_start,
        part_seconds=settings.part_seconds,
        reviewing=Reviewing(settings.review_threshold, settings.thumbnails),
    )
    store, told = BucketStore(s3_client(), settings.results_bucket), LambdaTelemetry()
    done = infer_shard(task.run, task.shard, store, components, worker, telemetry=told).model_dump()
    logger.info("inferred", extra=done)
    return done
