"""In place of Inference, for tests of what is around it: every answer is ``1 volt``.

A shard takes STUB_SECONDS. Its pictures' links say what else happens: ``truncated`` cuts the shard's result
in the middle of its last line, ``foreign`` puts other things among the shard results.
"""

import os
import time

from aws_lambda_powertools.utilities.typing import LambdaContext

from tapeline import __version__
from tapeline.adapters.clients import s3_client
from tapeline.adapters.s3_store import BucketStore
from tapeline.batch import keys
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, dump_shard_result
from tapeline.batch.shards import load_shard
from tapeline.batch.states import ShardInput, ShardOutput, parse_input

# What is put among the shard results.
_FOREIGN = {
    "notes.txt": b"what a person wrote",
    "99999.jsonl": b"\x00\xff" * 1000,
    "99998.jsonl": b"",
    "folder/": b"",
    "99997.0001.jsonl": b'{"rows":[{"position":0,"prediction":"9 volt"}]}\n',
}


def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Write a shard result."""
    task = parse_input(ShardInput, event)
    store = BucketStore(s3_client(), os.environ["RESULTS_BUCKET"])
    tasks = load_shard(store.read(keys.shard_key(task.run, task.shard)))
    time.sleep(float(os.environ["STUB_SECONDS"]))
    links = {found.image_link for found in tasks}
    pictures = [
        PictureResult(tuple(RowAnswer(question.position, "1 volt", 0.9, 0.9) for question in found.questions))
        for found in tasks
    ]
    rows = sum(len(picture.rows) for picture in pictures)
    stats = ShardStats(task.shard, len(pictures), rows, 0, False, 0.0, 3008, __version__)
    body = dump_shard_result(stats, pictures)
    if any("truncated" in link for link in links):
        body = body[:-20]
    if any("foreign" in link for link in links):
        for name, other in _FOREIGN.items():
            store.write(f"{keys.shard_results_prefix(task.run)}{name}", other, content_type="text/plain")
    store.write_once(keys.shard_result_key(task.run, task.shard), body, content_type=CONTENT_TYPE)
    return ShardOutput(shard=task.shard, rows=rows, errors=0, left=0).model_dump()
