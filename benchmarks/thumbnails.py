"""What crops of unsure answers cost a worker: CPU time a picture with and without them, one after the other.

``python -m benchmarks.thumbnails PICTURES --count 60``: each picture of a folder is answered twice, for two
entities, in turn with and without crops first. Prints the CPU seconds of both and their ratio.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from tapeline.answers import PictureQuery
from tapeline.worker.loading import load_answerer

# The template's ReviewThreshold.
_THRESHOLD: Final = 0.9

# 1.45 questions a picture are the challenge's; two are above that.
_ENTITIES: Final = ("width", "item_weight")


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path, help="a folder of pictures")
    parser.add_argument("--count", type=int, default=60, help="how many of them, evenly spread")
    parser.add_argument("--models", type=Path, default=Path(".cache/models"))
    options = parser.parse_args()
    paths = sorted(path for path in options.pictures.iterdir() if path.is_file())
    paths = paths[:: max(1, len(paths) // options.count)][: options.count]
    answerer = load_answerer(str(options.models), threads=1, max_pixels=64 * 1024 * 1024)
    spent = {False: 0.0, True: 0.0}
    crops = size = 0
    plain = PictureQuery("", _ENTITIES)
    answerer.answer(plain, paths[0].read_bytes())
    for number, path in enumerate(paths):
        body = path.read_bytes()
        for cropped in (bool(number % 2), not number % 2):
            query = replace(plain, crop_below=_THRESHOLD if cropped else 0.0)
            start = time.process_time()
            answers = answerer.answer(query, body)
            spent[cropped] += time.process_time() - start
            crops += len(answers.crops)
            size += sum(len(crop.webp) for crop in answers.crops.values())
    print(f"{len(paths)} pictures, {crops} crops of {size / max(crops, 1) / 1000:.1f} KB on average")
    print(f"without {spent[False]:.2f} s, with {spent[True]:.2f} s: {spent[True] / spent[False] - 1:+.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
