"""How long Inference's image takes from its start to the first answer, and what it weighs.

    make cold-start

Containers with a quota of one and of two CPUs take turns, each started anew. The files of the image are in
the page cache, which they are not on a machine that has never run it: Lambda loads an image's blocks as they
are first read. Beside the seconds on the clock stand those of the processors, which other work on the machine
changes less: with one CPU, the clock can't show fewer.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[1]
_PICTURE: Final = "bottle.jpg"
# docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_MEGABYTES_PER_CPU: Final = 1769


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", default="inferencefunction:inference")
    parser.add_argument("--base", default="public.ecr.aws/lambda/python:3.12")
    parser.add_argument("--times", type=int, default=5, help="containers for each quota")
    options = parser.parse_args(arguments)
    quotas = (1, 2)
    runs: dict[int, list[dict[str, Any]]] = {cpus: [] for cpus in quotas}
    for _ in range(options.times):
        for cpus in quotas:
            runs[cpus].append(_cold_start(options.image, cpus))
    _show_times(runs)
    _show_sizes(options.image, options.base)
    return 0


def _cold_start(image: str, cpus: int) -> dict[str, Any]:
    command = [
        "docker", "run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp:rw,mode=1777",  # noqa: S108
        "--cpus", str(cpus), "--memory", f"{_MEGABYTES_PER_CPU * cpus}m",
        "--env", f"AWS_LAMBDA_FUNCTION_MEMORY_SIZE={_MEGABYTES_PER_CPU * cpus}",
        "--volume", f"{_ROOT}/benchmarks/cold_start_probe.py:/given/probe.py:ro",
        "--volume", f"{_ROOT}/examples/images/{_PICTURE}:/given/{_PICTURE}:ro",
        "--entrypoint", "python", image, "/given/probe.py", f"/given/{_PICTURE}",
    ]  # fmt: skip
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        start = time.monotonic()
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=errors, text=True)
        whole = time.monotonic() - start
        if done.returncode != 0:
            errors.seek(0)
            raise SystemExit(errors.read())
    found: dict[str, Any] = json.loads(done.stdout)
    parts, before = {}, (0.0, 0.0)
    for name, mark in found["marks"].items():
        parts[name] = tuple(now - then for now, then in zip(mark, before, strict=True))
        before = mark
    return {
        "parts": parts,
        "first answer": found["marks"]["first picture"],
        "peak MB": round(found["peak_mb"]),
        # What the engine and the container's own start and end take.
        "container": whole - before[0],
    }


def _show_times(runs: dict[int, list[dict[str, Any]]]) -> None:
    def line(name: str, cells: Sequence[str]) -> None:
        print(name.ljust(40) + "".join(cell.rjust(10) for cell in cells))

    def medians(pairs: Sequence[tuple[float, float]]) -> list[str]:
        return [f"{statistics.median(column):.2f}" for column in zip(*pairs, strict=True)]

    line("seconds, medians", [head for cpus in runs for head in (f"{cpus} CPU", "computed")])
    found = list(runs.values())
    for name in found[0][0]["parts"]:
        line(f"  {name}", [cell for each in found for cell in medians([run["parts"][name] for run in each])])
    line("first answer", [cell for each in found for cell in medians([run["first answer"] for run in each])])
    for name in ("container", "peak MB"):
        values = [statistics.median(run[name] for run in each) for each in found]
        line(name, [cell for value in values for cell in (f"{value:.2f}", "")])


def _show_sizes(image: str, base: str) -> None:
    sizes = [int(_docker("image", "inspect", "--format", "{{.Size}}", name)) for name in (image, base)]
    print(f"\nimage: {sizes[0] / 1e6:.0f} MB, {(sizes[0] - sizes[1]) / 1e6:.0f} MB above its base")
    print("\nlayers above the base, MB")
    history = _docker(
        "history", "--human=false", "--no-trunc", "--format", "{{.Size}}\t{{.CreatedBy}}", image
    )
    of_base = len(_docker("history", "--quiet", base).splitlines())
    for entry in history.splitlines()[:-of_base]:
        size, command = entry.split("\t", 1)
        if int(size) > 100_000:
            print(f"{int(size) / 1e6:8.1f}  {_short(command)}")
    print("\npackages, MB")
    listing = _docker(
        "run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c",
        "du -sk /opt/python/* /opt/tapeline/* /var/task",
    )  # fmt: skip
    entries = sorted(
        ((int(a), b) for a, b in (line.split("\t") for line in listing.splitlines())), reverse=True
    )
    for kilobytes, path in entries[:25]:
        print(f"{kilobytes / 1000:8.1f}  {path}")
    print(f"{sum(size for size, _ in entries[25:]) / 1000:8.1f}  {len(entries) - 25} more")


def _short(command: str) -> str:
    return " ".join(command.split())[:90]


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
