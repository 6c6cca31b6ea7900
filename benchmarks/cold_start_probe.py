"""Runs inside the image: answers one picture from a cold start, and prints the seconds of each part as JSON.

Each part has two: on the clock, and of the processors, in the worker and its reading process together.

See benchmarks/cold_start.py, which mounts it into a container.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path


def _since_start() -> float:
    """Return the seconds since the kernel started this process."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - _ticks("self", 19) / os.sysconf("SC_CLK_TCK")


def _computed(child: int | None) -> float:
    """Return the processor seconds of this process and of its child. Source: proc_pid_stat(5)."""
    ticks = sum(_ticks(pid, field) for pid in ("self", child) if pid for field in (11, 12))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int | str, field: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[field])


def main(picture: str) -> None:
    """Answer a picture as the handler does at its first event, and time the parts."""
    os.environ.update(
        RESULTS_BUCKET="results",
        IMAGE_BUCKETS="",
        MODELS_DIR="/opt/tapeline/models",
        AWS_DEFAULT_REGION="us-east-1",
    )
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    marks: dict[str, tuple[float, float]] = {}

    def mark(name: str, child: int | None = None) -> None:
        marks[name] = _since_start(), _computed(child)

    mark("interpreter")

    import inference.app  # noqa: F401, PLC0415

    mark("imports: handler, boto3")

    from dataclasses import replace  # noqa: PLC0415

    from inference.settings import InferenceSettings  # noqa: PLC0415
    from tapeline.adapters.reading_process import ReadingProcess  # noqa: PLC0415
    from tapeline.answering import answer_pictures  # noqa: PLC0415
    from tapeline.answers import PictureQuery  # noqa: PLC0415
    from tapeline.settings import load_settings  # noqa: PLC0415
    from tapeline.worker.assembly import build_components  # noqa: PLC0415

    class FileFetcher:
        def fetch(self, link: str) -> bytes:
            return Path(link).read_bytes()

    components = replace(build_components(load_settings(InferenceSettings)), fetcher=FileFetcher())
    process = components.answerer
    assert isinstance(process, ReadingProcess)
    assert process.model_hashes is not None
    mark("reading process: imports and models", process.pid)
    for name in ("first picture", "second picture"):
        next(answer_pictures([PictureQuery(picture, ("item_volume",))], components))
        mark(name, process.pid)
    process.close()
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = sum(resource.getrusage(one).ru_maxrss for one in who) / 1024
    json.dump({"marks": marks, "peak_mb": peak}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
