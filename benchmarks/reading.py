"""Times pictures from bytes to answers, in CPU seconds on one thread, against an older checkout's.

``python -m benchmarks.reading ROWS --images IMAGES [--before CHECKOUT]``. Both read each picture in turn, so
that what else the machine does hits both alike. Prints the stages, the ratios, memory, and the answers gained
and lost among the rows with ground truth.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from infra.training.ground_truth import TruthRow, by_picture, read_ground_truth
from tapeline.adapters.reading_process import child_environment
from tapeline.quantities import format_prediction

_ROOT: Final = Path(__file__).parents[1]

# The stages, in a picture's order.
STAGES: Final = ("decode", "first pass", "second pass", "lines", "choice")

# Pictures after which memory is printed.
_MEMORY_AFTER: Final = (50, 200, 500)


class Contender:
    """A process that answers pictures with one checkout's package."""

    def __init__(
        self, name: str, checkout: Path, environment: Mapping[str, str], arguments: dict[str, Any]
    ) -> None:
        self.name = name
        self.found: list[dict[str, Any]] = []
        own = checkout / ".venv/bin/python"
        path = os.pathsep.join([str(checkout / "layers/tapeline"), str(checkout)])
        self._process = subprocess.Popen(
            [
                str(own) if own.exists() else sys.executable,
                str(_ROOT / "benchmarks/reading_worker.py"),
                json.dumps(arguments),
            ],
            env={**environment, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.start_megabytes = self._receive()["megabytes"]

    def answer(self, picture: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(picture) + "\n")
        self._process.stdin.flush()
        self.found.append(self._receive())

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name}: the process ended with {self._process.wait()}; see its messages")
        received: dict[str, Any] = json.loads(line)
        return received

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def milliseconds(found: Sequence[dict[str, Any]], stage: str | None = None) -> list[float]:
    """Return what each picture took, as a whole or in a stage."""
    return [
        1000 * (sum(result["seconds"].values()) if stage is None else result["seconds"].get(stage, 0.0))
        for result in found
    ]


def stage_table(contenders: Sequence[Contender]) -> str:
    """Return a Markdown table of each stage's mean, and of the ratio where there are two."""
    lines = ["| ms of CPU a picture |" + "".join(f" {each.name} |" for each in contenders) + " ratio |"]
    lines.append("|---|" + "---|" * (len(contenders) + 1))
    for stage in (*STAGES, None):
        means = [statistics.fmean(milliseconds(each.found, stage)) for each in contenders]
        ratio = f"{means[-1] / means[0]:.2f}" if len(means) > 1 and means[0] else ""
        lines.append(f"| {stage or 'all'} |" + "".join(f" {mean:.1f} |" for mean in means) + f" {ratio} |")
    return "\n".join(lines)


def is_right(row: TruthRow, prediction: str) -> bool:
    """Say whether a prediction is one of a row's answers; an empty one where it has none."""
    return prediction in {format_prediction(answer) for answer in row.answers} or (
        row.says_nothing and not prediction
    )


def compare(rows: dict[str, list[TruthRow]], links: Sequence[str], old: Contender, new: Contender) -> str:
    """Return how many answers changed, and list the rows that were gained and lost."""
    counts: Counter[str] = Counter()
    lines = []
    for link, before, after in zip(links, old.found, new.found, strict=True):
        for row in rows[link]:
            was, now = (found["answers"].get(row.entity_name, "") for found in (before, after))
            right = is_right(row, was), is_right(row, now)
            counts["rows"] += 1
            counts["differ"] += was != now
            if right[0] != right[1]:
                kind = "gained" if right[1] else "lost"
                counts[kind] += 1
                lines.append(f"  {kind}: {link} {row.entity_name}: {was or 'none'} -> {now or 'none'}")
    head = ", ".join(f"{counts[kind]} {kind}" for kind in ("rows", "differ", "gained", "lost"))
    return "\n".join([head, *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="CSV with ground truth, as docs/formats.md describes it")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="an older checkout, to compare with")
    parser.add_argument("--source", help="only rows of this source")
    parser.add_argument("--split", help="only rows of this split")
    parser.add_argument("--pictures", type=int, help="so many, drawn by chance (default: all)")
    parser.add_argument("--precision", default="auto", help="what is computed in (default: auto)")
    options = parser.parse_args()
    rows = by_picture(
        row
        for row in read_ground_truth(options.rows)
        if options.source in {None, row.source} and options.split in {None, row.split}
    )
    links = sorted(link for link in rows if (options.images / rows[link][0].file_name).is_file())
    if options.pictures:
        links = random.Random(0).sample(links, min(options.pictures, len(links)))  # noqa: S311 - no secret
    run(rows, links, options)


def run(rows: dict[str, list[TruthRow]], links: Sequence[str], options: argparse.Namespace) -> None:
    contenders = [Contender("now", _ROOT, child_environment(), {"precision": options.precision})]
    if options.before:
        contenders.insert(0, Contender("before", options.before, os.environ, {}))
    for number, link in enumerate(links, 1):
        picture = {
            "path": str(options.images / rows[link][0].file_name),
            "link": link,
            "entities": list(dict.fromkeys(row.entity_name for row in rows[link])),
        }
        # Each goes first in every other picture.
        for each in contenders if number % 2 else contenders[::-1]:
            each.answer(picture)
        if number in _MEMORY_AFTER or number == len(links):
            memory = ", ".join(f"{each.name} {each.found[-1]['megabytes']} MB" for each in contenders)
            print(f"memory after {number} pictures: {memory}", flush=True)
    for each in contenders:
        taken = sorted(milliseconds(each.found))
        second_passes = sum(1 for result in each.found if result["seconds"].get("second pass"))
        print(
            f"{each.name}: {len(taken)} pictures, median {statistics.median(taken):.0f} ms, mean "
            f"{statistics.fmean(taken):.0f}, 95 % within {taken[int(0.95 * (len(taken) - 1))]:.0f}; second "
            f"OCR passes of {second_passes}; {each.start_megabytes} MB at the start"
        )
    print(stage_table(contenders))
    if len(contenders) == 2:
        print(compare(rows, links, *contenders))
    for each in contenders:
        with each:
            pass


if __name__ == "__main__":
    main()
