"""In place of Inference where only the other functions are measured: every answer is empty."""

import os

from aws_lambda_powertools.utilities.typing import LambdaContext

from tapeline import __version__
from tapeline.adapters.clients import s3_client
from tapeline.adapters.s3_store import BucketStore
from tapeline.batch import keys
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, dump_shard_result
from tapeline.batch.shards import load_shard
from tapeline.batch.states import ShardInput, ShardOutput, parse_input


def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Write a shard result with an empty answer for each row of the shard."""
    task = parse_input(ShardInput, event)
    store = BucketStore(s3_client(), os.environ["RESULTS_BUCKET"])
    pictures = [
        PictureResult(tuple(RowAnswer(question.position) for question in picture.questions))
        for picture in load_shard(store.read(keys.shard_key(task.run, task.shard)))
    ]
    rows = sum(len(picture.rows) for picture in pictures)
    stats = ShardStats(
        shard=task.shard,
        pictures=len(pictures),
        rows=rows,
        errors=0,
        cold_start=False,
        seconds=0.0,
        memory_megabytes=int(context.memory_limit_in_mb),
        code_version=__version__,
    )
    body = dump_shard_result(stats, pictures)
    store.write_once(keys.shard_result_key(task.run, task.shard), body, content_type=CONTENT_TYPE)
    return ShardOutput(shard=task.shard, rows=rows, errors=0, left=0).model_dump()
