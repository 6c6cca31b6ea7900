"""Small runs on in-memory ports."""

import csv
import io
import json
import math
from collections.abc import Sequence

from tapeline.answerer import Answerer
from tapeline.answering import Components
from tapeline.batch import keys
from tapeline.batch.estimate import Pace
from tapeline.batch.fan_out import FanOutcome, Sharding, fan_out
from tapeline.batch.inference import Worker
from tapeline.batch.keys import InputObject
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, dump_shard_result
from tests.unit.fakes import Classifier, Decoder, Executions, Fetcher, MemoryStore, Reader

SOURCE = InputObject("drop", "incoming/test.csv", "v1")
SHARDING = Sharding(Pace(workers=2, largest_shard=4), most_rows=1000)
UNHURRIED = Worker(lambda: math.inf, 0, 3008, cold_start=False)


def components(fetcher: Fetcher | None = None, classifier: Classifier | None = None) -> Components:
    return Components(fetcher or Fetcher(), Answerer(Decoder(), Reader(), classifier), downloads=3)


def table(links: list[str], entity: str = "item_weight") -> bytes:
    lines = [f"{number * 10},{link},{entity}" for number, link in enumerate(links)]
    return "\n".join(["index,image_link,entity_name", *lines]).encode()


def start(body: bytes) -> tuple[MemoryStore, MemoryStore, Executions, FanOutcome]:
    drop, results, executions = MemoryStore(), MemoryStore(), Executions()
    drop.objects[SOURCE.key] = body
    return drop, results, executions, fan_out(SOURCE, drop, results, executions, SHARDING)


def shards(results: MemoryStore, run: str, attempt: int = 1) -> list[str]:
    return [item["shard"] for item in json.loads(results.read(keys.manifest_key(run, attempt)))]


def output(results: MemoryStore, run: str, name: str) -> list[dict[str, str]]:
    text = results.read(f"results/test/{run}/{name}").decode()
    return list(csv.DictReader(io.StringIO(text)))


def stats(shard: str = "00000", **values: object) -> ShardStats:
    figures: dict[str, object] = {
        "pictures": 1,
        "rows": 1,
        "errors": 0,
        "cold_start": False,
        "seconds": 1.0,
        "memory_megabytes": 1024,
        "code_version": "1",
    }
    return ShardStats(shard, **(figures | values))  # type: ignore[arg-type]


def put_result(results: MemoryStore, run: str, shard: str, *pictures: PictureResult) -> None:
    _put(results, keys.shard_result_key(run, shard), shard, pictures)


def put_part(results: MemoryStore, run: str, shard: str, number: int, *pictures: PictureResult) -> None:
    _put(results, keys.part_key(run, shard, number), shard, pictures)


def _put(results: MemoryStore, key: str, shard: str, pictures: Sequence[PictureResult]) -> None:
    answers: list[RowAnswer] = [row for picture in pictures for row in picture.rows]
    errors = sum(row.error_code is not None for row in answers)
    figures = stats(shard, pictures=len(pictures), rows=len(answers), errors=errors)
    results.objects[key] = dump_shard_result(figures, pictures)
