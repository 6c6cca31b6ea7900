"""Which memory size of Inference, and how many threads or reading processes, give most for the money.

    make benchmark-workers ROWS=rows.csv IMAGES=pictures

Answers pictures of each source in the image, in containers with the CPUs that Lambda gives with each size.
The shapes take turns, and of each the fastest round counts: other work on the machine can only add to it.
Where that work never rests, believe the processor seconds (CPU s) and what follows from them: a picture can't
take less than those shared out to all threads (least s). Without ROWS, the pictures are the examples'.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from infra.training.ground_truth import read_ground_truth
from tapeline.batch.prices import LAMBDA_GIGABYTE_SECOND_USD, gigabyte_seconds
from tapeline.worker.assembly import MEGABYTES_PER_CPU

_ROOT: Final = Path(__file__).parents[1]
_EXAMPLES: Final = "examples"


class Shape(NamedTuple):
    """A worker: its memory in MB, the threads of each reading process, and the number of these."""

    memory: int
    threads: int
    processes: int

    @property
    def cpus(self) -> float:
        """What Lambda gives with the memory."""
        return self.memory / MEGABYTES_PER_CPU

    def __str__(self) -> str:
        return f"{self.memory:,} MB, {self.cpus:.2f} CPU, {self.processes} x {self.threads}"


# 1 CPU; 1.5; what new accounts may have at most; 2 CPUs.
SHAPES: Final = (
    Shape(1769, 1, 1),
    Shape(2655, 1, 1),
    Shape(2655, 2, 1),
    Shape(3008, 1, 1),
    Shape(3008, 2, 1),
    Shape(3008, 1, 2),
    Shape(3538, 1, 1),
    Shape(3538, 2, 1),
    Shape(3538, 1, 2),
)

type Measured = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="?", type=Path, help="ground truth; docs/formats.md has its columns")
    parser.add_argument("images", nargs="?", type=Path, help="the folder with the rows' pictures")
    parser.add_argument("--image", default="inferencefunction:inference")
    parser.add_argument("--sources", nargs="+", default=["hand", "large", "dense"], metavar="SOURCE")
    parser.add_argument("--pictures", type=int, default=24, help="pictures of each source")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    best: dict[Shape, Measured] = {}
    with tempfile.TemporaryDirectory(prefix="tapeline-shapes-") as temporary:
        folder = Path(temporary)
        sources = _gather(options, folder)
        for number in range(options.rounds):
            for shape in SHAPES:
                found = _measure(options.image, shape, folder)
                print(f"round {number + 1} of {options.rounds}, {shape}: {found}", file=sys.stderr)
                best[shape] = _best(best.get(shape), found)
    _show(best, sources)
    return 0


def _gather(options: argparse.Namespace, folder: Path) -> list[str]:
    """Put the pictures and their questions into a folder; return the sources."""
    questions: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    if options.rows is None:
        images = _ROOT / "examples/images"
        with (_ROOT / "examples/test.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                questions[_EXAMPLES][row["image_link"].rpartition("/")[2]].append(row["entity_name"])
    else:
        images = options.images
        for truth in read_ground_truth(options.rows):
            if truth.source in options.sources and (images / truth.file_name).is_file():
                questions[truth.source][truth.file_name].append(truth.entity_name)
    chosen: dict[str, dict[str, list[str]]] = {}
    for source, pictures in questions.items():
        # Spread over the file, whose neighbours are alike.
        step = max(1, len(pictures) // options.pictures)
        names = sorted(pictures)[::step][: options.pictures]
        chosen[source] = {name: pictures[name] for name in names}
        for name in names:
            shutil.copyfile(images / name, folder / name)
    (folder / "questions.json").write_text(json.dumps(chosen), encoding="utf-8")
    folder.chmod(0o755)
    return sorted(chosen)


def _measure(image: str, shape: Shape, folder: Path) -> Measured:
    command = [
        "docker", "run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp:rw,mode=1777",  # noqa: S108
        "--cpus", f"{shape.cpus:.3f}", "--memory", f"{shape.memory}m",
        "--volume", f"{_ROOT}/benchmarks/worker_shape_probe.py:/given/probe.py:ro",
        "--volume", f"{folder}:/given/pictures:ro",
        "--entrypoint", "python", image, "/given/probe.py", "/given/pictures",
        str(shape.threads), str(shape.processes), str(shape.memory),
    ]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    found: Measured = json.loads(done.stdout)
    return found


def _best(one: Measured | None, other: Measured) -> Measured:
    if one is None:
        return other
    merged: Measured = {"peak_mb": max(one["peak_mb"], other["peak_mb"])}
    for source in one.keys() - {"peak_mb"}:
        merged[source] = {name: min(one[source][name], other[source][name]) for name in one[source]}
    return merged


def _show(best: dict[Shape, Measured], sources: Sequence[str]) -> None:
    for source in sources:
        heads = [source, "peak MB", "s", "CPU s", "USD a million", "least s", "USD a million"]
        print(f"\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        for shape, found in best.items():
            seconds, computed = found[source]["seconds"], found[source]["computed"]
            least = computed / min(shape.cpus, shape.threads * shape.processes)
            cells = [f"{seconds:.3f}", f"{computed:.3f}", _price(seconds, shape)]
            cells += [f"{least:.3f}", _price(least, shape)]
            print(f"| {shape} | {found['peak_mb']:.0f} | {' | '.join(cells)} |")


def _price(seconds: float, shape: Shape) -> str:
    return f"{gigabyte_seconds(seconds, shape.memory) * LAMBDA_GIGABYTE_SECOND_USD * 1e6:.2f}"


if __name__ == "__main__":
    sys.exit(main())
