"""FanOut and Reducer at full size: ``make benchmark``.

Prints seconds, CPU seconds, peak memory and scratch space of both at 131,187 rows (the challenge's),
1,000,000 and 5,000,000 rows with 1.45 rows a picture, and at 500,000 rows of one picture. Each runs in a
process of its own with the deployed store, on an S3 on loopback that takes 20 ms for a request. The workers'
results are made up: of the size that real ones have, in as many objects as workers write. Linux only.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tapeline import __version__
from tapeline.adapters.clients import s3_client
from tapeline.adapters.s3_store import BucketStore
from tapeline.batch import keys
from tapeline.batch.estimate import Pace
from tapeline.batch.fan_out import Sharding, fan_out
from tapeline.batch.keys import InputObject
from tapeline.batch.reducer import reduce_run
from tapeline.batch.shard_results import STAGES, PictureResult, RowAnswer, ShardStats, dump_shard_result
from tapeline.batch.shards import PictureTask, load_shard
from tapeline.errors import ErrorCode

# Rows, and distinct links among them: the challenge's test set, and its ratio of rows to links.
_SIZES: Final = ((131_187, 90_666), (1_000_000, 690_000), (5_000_000, 3_450_000), (500_000, 1))

# The template's RunConcurrency, LargestShard and MaxRows.
_SHARDING: Final = Sharding(Pace(workers=40, largest_shard=200), most_rows=5_000_000)

_SOURCE: Final = InputObject("drop", "incoming/rows.csv", "1")

_ENTITIES: Final = ("height", "width", "depth", "item_weight", "voltage")

# The template's ReviewThreshold.
_THRESHOLD: Final = 0.9

# Pictures in a part: those of 15 seconds.
_PER_PART: Final = 15

# Seconds between two looks at the scratch folder.
_SAMPLE_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Usage:
    """What one function took.

    Attributes:
        seconds: Wall-clock time.
        cpu_seconds: User and system time.
        peak_megabytes: Peak resident memory of its process.
        scratch_megabytes: Most that lay in its scratch folder.
    """

    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    scratch_megabytes: float = 0.0


class _Executions:
    """A state machine that starts nothing."""

    def start(self, name: str, payload: str) -> bool:  # noqa: ARG002 - as the port has them
        return True


def measure(rows: int, links: int, folder: Path, *, whole: bool = True) -> dict[str, Usage]:
    """Run both functions on made-up rows.

    Args:
        rows: Rows of the input.
        links: Distinct links in it.
        folder: An empty folder.
        whole: Whether a shard's last object has the answers of its parts too.

    Returns:
        Name of a function -> what it took.

    Raises:
        RuntimeError: An output has other rows than the input, or in another order.
    """
    write_input(rows, links, folder / "s3" / _SOURCE.bucket / _SOURCE.key)
    with _served(folder / "s3") as endpoint:
        usages = {"FanOut": _in_process("fan_out", folder, endpoint)}
        write_results(folder / "s3" / "results", _PER_PART, whole=whole)
        usages["Reducer"] = _in_process("reducer", folder, endpoint)
    check_output(rows, folder / "s3" / "results" / keys.predictions_key(_SOURCE))
    return usages


def write_input(rows: int, links: int, path: Path) -> None:
    """Write an input with rows of the challenge's form, a link's rows mostly side by side."""
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        file.write("index,image_link,group_id,entity_name\n")
        for number in range(rows):
            # Every tenth row is of a picture from anywhere in the file.
            link = number * links // rows if number % 10 else number * 7919 % links
            entity = _ENTITIES[number % len(_ENTITIES)]
            file.write(f"{number},https://m.media-amazon.com/images/I/{link:011d}.jpg,748919,{entity}\n")


def write_results(results: Path, per_part: int, *, whole: bool) -> None:
    """Answer all shards of a run, in parts of so many pictures.

    Args:
        results: The folder of the results bucket.
        per_part: Pictures in a part.
        whole: Whether a shard's last object has the answers of its parts too.
    """
    folder = results / keys.shard_results_prefix(_SOURCE.run)
    folder.mkdir(parents=True)
    for path in sorted((results / keys.shards_prefix(_SOURCE.run)).iterdir()):
        shard = keys.shard_of(path.name)
        tasks = load_shard(path.read_bytes())
        *starts, last = range(0, len(tasks), per_part)
        for number, start in enumerate(starts, start=1):
            # Parts that needn't be read are there for the listing alone.
            body = b"" if whole else _result(shard, tasks[start : start + per_part], whole=False)
            (folder / f"{shard}.{number:04d}.jsonl").write_bytes(body)
        rest = _result(shard, tasks if whole else tasks[last:], whole=whole)
        (folder / f"{shard}.jsonl").write_bytes(rest)


def _result(shard: str, tasks: Sequence[PictureTask], *, whole: bool) -> bytes:
    pictures = [_answers(task) for task in tasks]
    return dump_shard_result(
        ShardStats(
            shard=shard,
            pictures=len(pictures),
            rows=sum(len(picture.rows) for picture in pictures),
            errors=0,
            cold_start=False,
            seconds=15.0,
            memory_megabytes=3008,
            code_version=__version__,
            model_hashes={"resnet50": "0" * 64},
            whole=whole,
        ),
        pictures,
    )


def _answers(task: PictureTask) -> PictureResult:
    chance = random.Random(task.questions[0].position)  # noqa: S311 - no secret
    if chance.random() < 0.02:
        message = "expected a picture at the link, received the HTTP status 404: check the link"
        failed = (
            RowAnswer(question.position, error_code=ErrorCode.HTTP_STATUS, error=message)
            for question in task.questions
        )
        return PictureResult(tuple(failed), milliseconds={"fetch": 120.5})
    return PictureResult(
        tuple(_answer(question.position, chance) for question in task.questions),
        tuple((f"class of products {rank}", round(chance.random(), 4)) for rank in range(5)),
        {stage: round(chance.expovariate(1 / 400), 1) for stage in STAGES},
    )


def _answer(position: int, chance: random.Random) -> RowAnswer:
    if chance.random() < 0.2:
        return RowAnswer(position, stated=0.1234)
    left, top = chance.randrange(900), chance.randrange(900)
    box = (
        (float(left), float(top)),
        (left + 99.0, float(top)),
        (left + 99.0, top + 20.5),
        (float(left), top + 20.5),
    )
    runners = (("31.5 inch", 0.0604, "31.5in / 80cm"), ("40 centimetre", 0.0213, "40 cm"))
    number = round(chance.uniform(1, 500), 1)
    # As many are unsure as were measured: 36 in 100.
    sure, boxes = (0.8123, (box, box)) if chance.random() < 0.36 else (0.9543, ())
    text = f"H: {number} cm"
    return RowAnswer(position, f"{number} centimetre", sure, 0.9721, text, box, runners, boxes)


def check_output(rows: int, path: Path) -> None:
    """Check that the predictions have the input's rows, each once, in order.

    Raises:
        RuntimeError: They don't.
    """
    with path.open(encoding="utf-8") as file:
        next(file)
        found = -1
        for found, line in enumerate(file):
            if line.partition(",")[0] != str(found):
                raise RuntimeError(f"expected the row {found}, received {line!r}")
    if found != rows - 1:
        raise RuntimeError(f"expected {rows} rows, received {found + 1}")


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.disk_s3", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def _in_process(function: str, folder: Path, endpoint: str) -> Usage:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        # Over HTTPS, bodies are sent as they are; without it they would be sent in signed chunks.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    }
    command = [sys.executable, "-m", "benchmarks.scale", "--function", function, "--folder", str(scratch)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        most, ended = 0, threading.Event()

        def sample() -> None:
            nonlocal most
            while not ended.wait(_SAMPLE_SECONDS):
                most = max(most, _bytes_in(scratch))

        thread = threading.Thread(target=sample)
        thread.start()
        printed, _ = process.communicate()
        ended.set()
        thread.join()
    if process.returncode != 0:
        raise RuntimeError(f"expected {function} to succeed, it ended with {process.returncode}")
    taken = json.loads(printed)
    return Usage(**taken | {"scratch_megabytes": most / 1e6})


def _bytes_in(folder: Path) -> int:
    found = 0
    for path in folder.rglob("*"):
        try:
            found += path.stat().st_blocks * 512
        except OSError:
            continue  # It was removed since it was listed.
    return found


def _run_function(function: str, scratch: Path) -> None:
    """Run one of the functions here, and print what it took."""
    start = time.perf_counter()
    drop, results = (BucketStore(s3_client(), bucket) for bucket in (_SOURCE.bucket, "results"))
    if function == "fan_out":
        fan_out(_SOURCE, drop, results, _Executions(), _SHARDING, scratch=scratch)
    else:
        reduce_run(_SOURCE.run, drop, results, scratch, threshold=_THRESHOLD)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    usage = Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
    print(json.dumps(asdict(usage)))


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", help="only these of the sizes")
    parser.add_argument("--parts", action="store_true", help="no shard's last object has what its parts have")
    parser.add_argument("--folder", type=Path, help="where to put some GB for a while")
    parser.add_argument("--function", choices=("fan_out", "reducer"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.function:
        _run_function(options.function, options.folder)
        return 0
    line = "{:>10} {:>10}  {:8} {:>8} {:>8} {:>9} {:>11}"
    print(line.format("rows", "pictures", "function", "seconds", "CPU s", "memory MB", "scratch MB"))
    for rows, links in _SIZES:
        if options.rows and rows not in options.rows:
            continue
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            for function, usage in measure(rows, links, Path(name), whole=not options.parts).items():
                figures = (usage.seconds, usage.cpu_seconds, usage.peak_megabytes, usage.scratch_megabytes)
                cells = (f"{rows:,}", f"{links:,}", function, *(f"{figure:,.0f}" for figure in figures))
                print(line.format(*cells), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
