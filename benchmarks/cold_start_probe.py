"""Runs inside the image: answers one picture from a cold start, and prints the seconds of each part as JSON.

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
    ticks = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def main(picture: str) -> None:
    """Answer a picture as the handler does at its first event, and time the parts."""
    os.environ.update(
        RESULTS_BUCKET="results",
        IMAGE_BUCKETS="",
        MODELS_DIR="/opt/tapeline/models",
        AWS_DEFAULT_REGION="us-east-1",
    )
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    marks = {"interpreter": _since_start()}

    def mark(name: str) -> None:
        marks[name] = _since_start()

    import inference.app  # noqa: F401, PLC0415

    mark("imports: handler, boto3")

    from dataclasses import replace  # noqa: PLC0415

    from inference.settings import InferenceSettings  # noqa: PLC0415
    from tapeline.adapters.reading_process import ReadingProcess  # noqa: PLC0415
    from tapeline.answering import answer_pictures  # noqa: PLC0415
    from tapeline.answers import PictureQuery  # noqa: PLC0415
    from tapeline.assembly import build_components  # noqa: PLC0415
    from tapeline.settings import load_settings  # noqa: PLC0415

    class FileFetcher:
        def fetch(self, link: str) -> bytes:
            return Path(link).read_bytes()

    components = replace(build_components(load_settings(InferenceSettings)), fetcher=FileFetcher())
    process = components.answerer
    assert isinstance(process, ReadingProcess)
    assert process.model_hashes is not None
    mark("reading process: imports and models")
    queries = [PictureQuery(picture, ("item_volume",))] * 2
    first, second = (next(answer_pictures([query], components)) for query in queries)
    mark("pictures")
    spent = {
        name: sum(answers.milliseconds.values()) / 1000
        for name, answers in zip("ab", (first, second), strict=True)
    }
    process.close()
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = sum(resource.getrusage(one).ru_maxrss for one in who) / 1024
    document = {"marks": marks, "first": spent["a"], "second": spent["b"], "peak_mb": peak}
    json.dump(document | {"milliseconds": dict(first.milliseconds)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
