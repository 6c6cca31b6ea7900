"""Runs on a local cloud, while workers are killed, the store fails, and pictures are hostile.

``make soak`` answers runs of 200 rows for half an hour: one, then two at once, again and again. All the while
processes of workers are killed by chance, the S3 that the functions talk to fails a fifth of all requests,
and one picture in fifty ends the process that reads it, never ends, takes all memory or is a bomb. Each run's
outputs are compared with what is drawn on its pictures. Linux only; the exit code is 1 where a row was lost,
or something was left over.
"""

import argparse
import csv
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.processes import READING, Process, processes
from benchmarks.soak_cases import Case, Cases
from infra.local import interrupts
from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, Stack, deploy
from infra.local.job import Job, answer_csv
from infra.local.package import Override
from infra.local.progress import Progress
from tapeline.errors import ErrorCode, TapelineError
from tests.integration.faulty_proxy import FaultyProxy
from tests.integration.http_server import PictureServer

# Inference whose reading process obeys pictures.
_HANDLERS: Final = Path(__file__).resolve().parents[1] / "tests/integration/handlers"

_STACK: Final = "soak"

# The variable that marks all processes of this soak's local cloud.
_MARK: Final = "TAPELINE_SOAK"

_WORKER: Final = "InferenceFunction"

# Workers at once. Chosen by hand: one for each core of a small machine.
_WORKERS: Final = 2

# Pictures in a shard at most. Chosen by hand: a shard takes some seconds, and a run has several.
_LARGEST_SHARD: Final = 16

# Share of the store's requests that fail.
_FAILING: Final = 0.2

# Seconds that a picture may take. Chosen by hand: good ones take less than one, on a busy machine several.
_PICTURE_SECONDS: Final = 20

# Seconds between two samples of the processes' memory.
_SAMPLE_SECONDS: Final = 2.0

# Seconds within which the processes of killed workers must have ended. Chosen by hand.
_END_SECONDS: Final = 10.0

# What the names of the emulator's own files begin with, in the folder where functions have theirs.
_EMULATOR_FILES: Final = ("ministack",)


@dataclass(slots=True)
class Outcome:
    """What became of rows.

    Attributes:
        given: Rows in the inputs.
        found: Rows in the outputs.
        answered: Rows of good pictures with what is drawn there.
        different: Rows of good pictures with another answer.
        hostile: Error code -> rows of hostile pictures.
        lost: What happened -> rows of good pictures with an error, rows without a result, rows out of order.
    """

    given: int = 0
    found: int = 0
    answered: int = 0
    different: int = 0
    hostile: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Outcome") -> None:
        """Add another one."""
        self.given += other.given
        self.found += other.found
        self.answered += other.answered
        self.different += other.different
        self.hostile += other.hostile
        self.lost += other.lost


class Watch:
    """Kills processes of workers by chance, and samples the memory of all, while it is entered.

    Args:
        value: The value of the variable that marks the processes.
        kill_seconds: Seconds between two kills in the mean.
        chance: For the kills.
    """

    def __init__(self, value: str, kill_seconds: float, chance: random.Random) -> None:
        self._value = value
        self._kill_seconds = kill_seconds
        self._chance = chance
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._samples: dict[str, list[float]] = {}
        self.kills: Counter[str] = Counter()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._kill, self._sample)]

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def processes(self) -> list[Process]:
        """Return the processes of the local cloud that run now."""
        return list(processes(_STACK, _MARK, self._value))

    def take_memory(self) -> dict[str, int]:
        """Return the memory of the largest process of each kind, in MB: the median since the last call.

        The median, as some pictures take all memory that there is.
        """
        with self._lock:
            samples, self._samples = self._samples, {}
        return {kind: round(median(found)) for kind, found in sorted(samples.items())}

    def _kill(self) -> None:
        while not self._ended.wait(self._chance.expovariate(1 / self._kill_seconds)):
            victims = [process for process in self.processes() if process.kind in {_WORKER, READING}]
            if victims:
                victim = self._chance.choice(victims)
                with suppress(ProcessLookupError):
                    os.kill(victim.pid, signal.SIGKILL)
                    self.kills["reading process" if victim.kind == READING else "worker"] += 1

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            found = {"soak": Process(os.getpid(), 0, "").memory_megabytes}
            for process in self.processes():
                found[process.kind] = max(found.get(process.kind, 0.0), process.memory_megabytes)
            with self._lock:
                for kind, megabytes in found.items():
                    self._samples.setdefault(kind, []).append(megabytes)


def run_case(case: Case, stack: Stack, folder: Path) -> Outcome:
    """Answer a run; return what became of its rows."""
    source = folder / f"{case.name}.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("index", "image_link", "entity_name"), *((index, *row) for index, row in enumerate(case.rows))]
        )
    out = folder / case.name
    try:
        answer_csv(Job(source, out), stack, Progress(bar=False))
    except (TapelineError, BotoCoreError, ClientError) as error:
        print(f"{case.name} failed: {error}", flush=True)
        return Outcome(given=len(case.rows), lost=Counter({"run failed": len(case.rows)}))
    outcome = check(out, case)
    if outcome.lost:
        # For whoever looks for the cause.
        print(f"{case.name} lost {dict(outcome.lost)}: {(out / 'errors.csv').read_text()}", flush=True)
    return outcome


def check(out: Path, case: Case) -> Outcome:
    """Compare a run's outputs with what is drawn."""
    count = len(case.rows)
    outcome = Outcome(given=count)
    answers, details = _table(out / f"{case.name}_out.csv"), _table(out / "details.csv")
    outcome.found = len(answers)
    wanted = [str(index) for index in range(count)]
    if [row["index"] for row in answers] != wanted or [row["index"] for row in details] != wanted:
        outcome.lost["not once, or out of order"] += count
        return outcome
    errors = {row["index"]: row["error_code"] for row in _table(out / "errors.csv")}
    for right, answer, detail in zip(case.predictions, answers, details, strict=True):
        code = detail["error_code"]
        if errors.get(detail["index"], "") != code:
            outcome.lost["details.csv and errors.csv differ"] += 1
        elif code == ErrorCode.SHARD_LOST or (right and code):
            outcome.lost[code] += 1
        elif right:
            outcome.answered += answer["prediction"] == right
            outcome.different += answer["prediction"] != right
        elif code:
            outcome.hostile[code] += 1
        else:
            outcome.lost["hostile without an error"] += 1
    return outcome


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@contextmanager
def own_temporary_folder() -> Iterator[Path]:
    """Let all temporary files of this process and of those that it starts lie in a folder of their own."""
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="tapeline-soak-") as name:
        os.environ["TMPDIR"] = name
        tempfile.tempdir = None
        try:
            yield Path(name)
        finally:
            if before is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before
            tempfile.tempdir = None


def soak(seconds: float, kill_seconds: float, seed: int, folder: Path) -> bool:
    """Run for so long, and print what happened; return whether nothing was lost and nothing left over."""
    value = f"{os.getpid()}-{seed}"
    start = time.monotonic()
    outcome = Outcome()
    memory: list[Mapping[str, int]] = []
    with (
        PictureServer() as server,
        LocalCloud({_MARK: value, "SFN_WAIT_SCALE": "0.05"}) as cloud,
        FaultyProxy(cloud.endpoint, _FAILING, seed) as store,
    ):
        stack = _deploy(cloud, store, server)
        cases = Cases(server, random.Random(seed))  # noqa: S311 - no secret
        with Watch(value, kill_seconds, random.Random(seed)) as watch:  # noqa: S311 - no secret
            for at_once in cycle((1, 2)):
                if time.monotonic() - start > seconds:
                    break
                drawn_cases = [cases.draw() for _ in range(at_once)]
                with ThreadPoolExecutor(at_once) as pool:
                    for found in pool.map(partial(run_case, stack=stack, folder=folder), drawn_cases):
                        outcome.add(found)
                memory.append(watch.take_memory())
                print(
                    f"{time.monotonic() - start:.0f} s: {cases.count} runs, {outcome.found} rows out, "
                    f"{outcome.lost.total()} lost, {watch.kills.total()} kills, memory {memory[-1]}",
                    flush=True,
                )
        time.sleep(_END_SECONDS)
        running = watch.processes()
        function_files = _function_files(cloud.folder)
    left = watch.processes()
    files = sorted(path.name for path in Path(tempfile.gettempdir()).iterdir())
    workers = {process.pid for process in running if process.kind == _WORKER}
    orphans = [process for process in running if process.kind == READING and process.parent not in workers]
    lost, hostile, failed = outcome.lost, outcome.hostile, store.failed
    print(f"{cases.count} runs in {time.monotonic() - start:.0f} s, with seed {seed}")
    print(f"rows in: {outcome.given}; rows out: {outcome.found}; rows lost: {_counts(lost)}")
    print(f"rows of good pictures with what is drawn: {outcome.answered}; others: {outcome.different}")
    print(f"hostile pictures: {_counts(cases.hostile)}; their rows' errors: {_counts(hostile)}")
    print(f"kills: {_counts(watch.kills)}")
    print(f"requests to the store: {store.total}; failed: {_counts(failed)}")
    print(f"processes before the end: {_counts(Counter(process.kind for process in running))}")
    print(f"reading processes without a worker: {len(orphans)}; processes left: {len(left)}")
    print(f"files left by functions: {function_files}; files left: {files}")
    print(f"MB of the largest process of each kind, first runs: {memory[0]}; last: {memory[-1]}")
    return not (lost or outcome.given != outcome.found or orphans or left or function_files or files)


def _counts(counts: Counter[str]) -> str:
    parts = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return f"{counts.total()} ({parts})" if parts else "0"


def _deploy(cloud: LocalCloud, store: FaultyProxy, server: PictureServer) -> Stack:
    environment = {"AWS_ENDPOINT_URL_S3": store.url}
    overrides = {f"{name}Function": Override(environment) for name in ("FanOut", "Missing", "Reducer")}
    overrides[_WORKER] = Override(
        {
            **environment,
            "TEST_ALLOWED_PORT": str(server.address[1]),
            "PICTURE_SECONDS": str(_PICTURE_SECONDS),
        },
        handler="poisoned.handler",
        code=(_HANDLERS,),
    )
    deployment = Deployment(
        Path("no-models"),
        workers=_WORKERS,
        parameters={"LargestShard": str(_LARGEST_SHARD)},
        overrides=overrides,
        stack=_STACK,
    )
    return deploy(deployment, cloud)


def _function_files(folder: Path) -> list[str]:
    """Return what functions left in the folder for temporary files."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(_EMULATOR_FILES))


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to start runs (default: 30)")
    parser.add_argument(
        "--kill-seconds", type=float, default=20.0, help="seconds between two kills in the mean (default: 20)"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # However it is interrupted, the local cloud is ended.
    interrupts.install()
    with tempfile.TemporaryDirectory(prefix="tapeline-soak-outputs-") as outputs, own_temporary_folder():
        well = soak(options.minutes * 60, options.kill_seconds, options.seed, Path(outputs))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
