"""Answers pictures as a worker's reading process does, and says what each took, for ``benchmarks.reading``.

It runs against the package of any checkout that is first on PYTHONPATH. A line of JSON on stdin is a picture,
``{"path", "link", "entities"}``; a line on stdout is what came of it.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# Pixels of a picture at most. More than any picture has, so that no checkout's default matters.
_MAX_PIXELS = 1 << 30


def timed(call: Callable[..., Any], seconds: dict[str, float], name: str) -> Callable[..., Any]:
    """Count the CPU seconds of calls."""

    def run(*arguments: Any) -> Any:
        start = time.process_time()
        try:
            return call(*arguments)
        finally:
            # The reader's second argument is only there in the second OCR pass.
            second = name == "first pass" and len(arguments) > 1
            seconds["second pass" if second else name] += time.process_time() - start

    return run


def stage(adapter: Any, method: str, name: str, seconds: dict[str, float]) -> Any:
    """Return what has one of an adapter's methods, its calls timed."""
    return SimpleNamespace(**{method: timed(getattr(adapter, method), seconds, name)})


def megabytes() -> int:
    """Return this process's resident memory."""
    return next(
        int(line.split()[1]) // 1024
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )


def main() -> None:
    # From the checkout that is measured.
    from tapeline.answers import Answer, PictureQuery  # noqa: PLC0415
    from tapeline.quantities import format_prediction  # noqa: PLC0415

    # Older checkouts have it beside the rooms.
    room = "tapeline.worker.loading" if find_spec("tapeline.worker") else "tapeline.loading"
    load_answerer = import_module(room).load_answerer
    arguments = json.loads(sys.argv[1])
    # Without ResNet50, whose labels don't bear on answers.
    own = load_answerer(models_dir="", threads=1, max_pixels=_MAX_PIXELS, **arguments)
    seconds: dict[str, float] = defaultdict(float)
    timed_answerer = replace(
        own,
        classifier=None,
        decoder=stage(own.decoder, "decode", "decode", seconds),
        reader=stage(own.reader, "read", "first pass", seconds),
        shape_finder=stage(own.shape_finder, "find", "lines", seconds),
    )
    print(json.dumps({"megabytes": megabytes()}), flush=True)
    for line in sys.stdin:
        picture = json.loads(line)
        body = Path(picture["path"]).read_bytes()
        seconds.clear()
        start = time.process_time()
        found = timed_answerer.answer(PictureQuery(picture["link"], tuple(picture["entities"])), body)
        whole = time.process_time() - start
        answers = {
            name: format_prediction(answer.quantity) if isinstance(answer, Answer) else ""
            for name, answer in found.answers.items()
        }
        rest = whole - sum(seconds.values())
        result = {"answers": answers, "seconds": {**seconds, "choice": rest}, "megabytes": megabytes()}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
