"""Runs inside the image: answers pictures as a worker of some shape does, and prints what it took as JSON.

See benchmarks/worker_shape.py, which mounts it into a container with the pictures and their questions.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# What a worker's other work takes of its memory: tapeline.worker.starting.
WORKER_MEGABYTES = 320


def main(folder: Path, threads: int, processes: int, memory: int) -> None:
    """Answer all pictures, those of each source together, after a first pass that warms up."""
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    from tapeline.adapters.reading_process import ReadingProcess  # noqa: PLC0415
    from tapeline.answers import PictureQuery  # noqa: PLC0415
    from tapeline.download.limits import MAX_PICTURE_PIXELS  # noqa: PLC0415

    arguments = {
        "models_dir": "/opt/tapeline/models",
        "threads": threads,
        "max_pixels": MAX_PICTURE_PIXELS,
    }
    share = (memory - WORKER_MEGABYTES) // processes
    readers = [
        ReadingProcess("tapeline.worker.loading:load_answerer", arguments, memory_megabytes=share)
        for _ in range(processes)
    ]
    assert all(reader.model_hashes is not None for reader in readers)

    def answer_all(work: Iterator[tuple[PictureQuery, bytes]], reader: ReadingProcess) -> int:
        # An iterator over a list gives each picture to one thread only.
        return sum(bool(reader.answer(query, body).answers) for query, body in work)

    def answer(work: Sequence[tuple[PictureQuery, bytes]]) -> dict[str, float]:
        begin, computed = time.monotonic(), _computed(readers)
        shared = iter(work)
        with ThreadPoolExecutor(processes) as pool:
            answered = sum(pool.map(lambda reader: answer_all(shared, reader), readers))
        assert answered == len(work)
        return {
            "seconds": (time.monotonic() - begin) / answered,
            "computed": (_computed(readers) - computed) / answered,
        }

    sources = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for source, questions in sources.items():
        work = [
            (PictureQuery(name, tuple(entities)), (folder / name).read_bytes())
            for name, entities in questions.items()
        ]
        # The first pass meets each shape of text for the first time.
        answer(work)
        found[source] = answer(work)
    for reader in readers:
        reader.close()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 * processes
    found["peak_mb"] = peak + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(found, sys.stdout)


def _computed(readers: Sequence[Any]) -> float:
    """Return the processor seconds of this process, the reading ones, and those that they replaced.

    Source: proc_pid_stat(5); the last are those of children that were waited for.
    """
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for pid in ("self", *(reader.pid for reader in readers)):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ended.ru_utime + ended.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
