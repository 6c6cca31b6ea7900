"""Takes damaged pictures of each format through decoding and reading, in a reading process with its models.

``make mutants`` prints how many were answered, the errors by their codes, the slowest in seconds, and how
often the process had to be started anew.
"""

import argparse
import time
from collections import Counter

from tapeline.adapters.reading_process import ReadingProcess
from tapeline.answers import PictureQuery
from tapeline.download.limits import MAX_PICTURE_PIXELS
from tapeline.errors import RowError
from tests.mutants import FORMATS, mutants

_QUERY = PictureQuery("a mutant", ("width", "item_weight"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=1000, help="mutants of each format (default: 1000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    process = ReadingProcess(
        "tapeline.worker.loading:load_answerer",
        {"models_dir": "absent", "threads": 1, "max_pixels": MAX_PICTURE_PIXELS},
        memory_megabytes=2500,
    )
    assert process.model_hashes is not None
    for kind in FORMATS:
        codes: Counter[str] = Counter()
        slowest, restarts, pid = (0.0, -1), 0, process.pid
        for number, data in enumerate(mutants(kind, options.each, options.seed)):
            start = time.perf_counter()
            answer = process.answer(_QUERY, data).answers["width"]
            slowest = max(slowest, (time.perf_counter() - start, number))
            codes[str(answer.code) if isinstance(answer, RowError) else "answered"] += 1
            restarts += process.pid != pid
            pid = process.pid
        print(
            f"{kind}: {options.each} mutants, {dict(sorted(codes.items()))}; slowest {slowest[0]:.2f} s "
            f"(number {slowest[1]}), process started anew {restarts} times",
            flush=True,
        )
    process.close()


if __name__ == "__main__":
    main()
