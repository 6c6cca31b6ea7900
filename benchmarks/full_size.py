"""The challenge's whole test set through FanOut and Reducer, with Inference stubbed.

``make benchmark-run BENCHMARK_ARGS=test.csv`` prints the seconds, and for each function the CPU seconds of
its processes (their start included) and the peak memory of the largest one. Linux only.
"""

import argparse
import csv
import gzip
import os
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.processes import EMULATOR, processes
from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment
from infra.local.job import Job, run_job
from infra.local.package import Override
from infra.local.progress import Progress
from tapeline.local.running import RunResult

HANDLERS: Final = Path(__file__).parent / "handlers"

# The variable that marks the processes of this local cloud.
_MARK: Final = "TAPELINE_BENCHMARK"

_STACK: Final = "full-size"

# Seconds between two samples: what a process does after the last one isn't seen.
_SAMPLE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Usage:
    """What one function's processes took.

    Attributes:
        cpu_seconds: User and system time of all of them.
        peak_megabytes: Peak resident memory of the largest of them.
    """

    cpu_seconds: float
    peak_megabytes: float


class UsageSampler:
    """Samples what the processes of a local cloud's functions take, while it is entered.

    Args:
        value: The value of the variable that marks them.
    """

    def __init__(self, value: str) -> None:
        self._value = value
        self._seen: dict[tuple[str, int], Usage] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "UsageSampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def by_function(self) -> dict[str, Usage]:
        """Return each function's usage so far."""
        usages: dict[str, list[Usage]] = {}
        for (function, _), usage in self._seen.items():
            usages.setdefault(function, []).append(usage)
        return {
            function: Usage(
                sum(usage.cpu_seconds for usage in found), max(usage.peak_megabytes for usage in found)
            )
            for function, found in sorted(usages.items())
        }

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            for process in processes(_STACK, _MARK, self._value):
                # The kernel keeps the peak, so that samples can be far apart.
                usage = Usage(process.cpu_seconds, process.peak_megabytes)
                if process.kind not in {"", EMULATOR} and usage.peak_megabytes:
                    self._seen[process.kind, process.pid] = usage


def run_stubbed(source: Path, out: Path, *, shard: int = 200) -> tuple[RunResult, dict[str, Usage]]:
    """Run a CSV with Inference stubbed; return the result and the usage by function."""
    stub = Override(handler="stub_inference.handler", code=(HANDLERS,))
    deployment = Deployment(
        Path("no-models"),
        parameters={"LargestShard": str(shard)},
        overrides={"InferenceFunction": stub},
        stack=_STACK,
    )
    value = str(os.getpid())
    with LocalCloud({_MARK: value}) as cloud, UsageSampler(value) as sampler:
        result = run_job(Job(source, out), deployment, cloud, Progress())
    return result, sampler.by_function()


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("csv", type=Path, help="input CSV; .gz is unpacked")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "test.csv"
        raw = options.csv.read_bytes()
        source.write_bytes(gzip.decompress(raw) if options.csv.suffix == ".gz" else raw)
        result, usages = run_stubbed(source, Path(name) / "out")
        with source.open(newline="") as given, result.files[0].open(newline="") as got:
            wanted = [row["index"] for row in csv.DictReader(given)]
            found = [row["index"] for row in csv.DictReader(got)]
    print(f"{len(found)} rows out of {len(wanted)}, {'same' if found == wanted else 'WRONG'} order")
    print(f"{result.seconds:.1f} s from the drop to the outputs")
    for function, usage in usages.items():
        print(f"{function}: {usage.cpu_seconds:.1f} s of CPU, {usage.peak_megabytes:.0f} MB at most")
    return 0 if found == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
