"""The challenge's whole test set through FanOut and Reducer, with Inference stubbed.

``python -m benchmarks.full_size test.csv`` prints the seconds, and the peak memory of each
function's process, which has to stay under the functions' 512 MB.
"""

import argparse
import csv
import gzip
import sys
import tempfile
import threading
from pathlib import Path
from typing import Final

from infra.local.cloud import LocalCloud
from infra.local.job import Job, JobResult, run_job
from infra.local.package import Override
from infra.local.progress import Progress

HANDLERS: Final = Path(__file__).parent / "handlers"


class PeakMemory:
    """Samples the peak resident memory of a local cloud's function processes, by function name.

    Linux only: the kernel keeps each process's peak (VmHWM), so that samples can be far apart.
    """

    def __init__(self) -> None:
        self.megabytes: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(0.1):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    command = (process / "cmdline").read_text()
                    if "ministack-lambda-tapeline-" in command:
                        name = command.split("ministack-lambda-tapeline-")[1].split("-")[0]
                        status = (process / "status").read_text()
                        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
                        self.megabytes[name] = max(peak, self.megabytes.get(name, 0.0))
                except (OSError, IndexError):
                    continue  # It ended between two reads.


def run_stubbed(source: Path, out: Path, *, shard: int = 200) -> tuple[JobResult, dict[str, float]]:
    """Run a CSV with Inference stubbed; return the result and peak megabytes by function."""
    stub = Override(handler="stub_inference.handler", code=(HANDLERS,))
    job = Job(
        source,
        out,
        None,
        Path("no-models"),
        parameters={"LargestShard": str(shard)},
        overrides={"InferenceFunction": stub},
    )
    with LocalCloud() as cloud, PeakMemory() as memory:
        result = run_job(job, cloud, Progress())
    return result, memory.megabytes


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("csv", type=Path, help="input CSV; .gz is unpacked")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "test.csv"
        raw = options.csv.read_bytes()
        source.write_bytes(gzip.decompress(raw) if options.csv.suffix == ".gz" else raw)
        result, memory = run_stubbed(source, Path(name) / "out")
        with source.open(newline="") as given, result.files[0].open(newline="") as got:
            wanted = [row["index"] for row in csv.DictReader(given)]
            found = [row["index"] for row in csv.DictReader(got)]
    print(f"{len(found)} rows out of {len(wanted)}, {'same' if found == wanted else 'WRONG'} order")
    print(f"{result.seconds:.1f} s from the drop to the outputs")
    for function, megabytes in sorted(memory.items()):
        print(f"{function}: {megabytes:.0f} MB at most")
    return 0 if found == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
