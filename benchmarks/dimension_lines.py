"""Measures the drawn lines by themselves: is the line of a labelled side found, with its direction?

``python -m benchmarks.dimension_lines ROWS IMAGES``; ROWS is ground truth whose column ``note`` says in words
what was seen of each side (``vertical line 33 cm``). Of each such row whose answer was read in the picture,
in one place, the direction of the note is compared with the strongest of the answer's
``direction_strengths``. Rows of the split ``train`` alone are used. Text is from the cache of
``make evaluate``; lines are searched anew, in CPU seconds that are printed. At the end: how often the best
rated line has the noted direction in pictures that the weights of lines were not fitted to.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from infra.training.ground_truth import by_picture, read_ground_truth
from infra.training.noted_lines import (
    NotedLine,
    answer_of,
    cross_validated_share,
    noted_direction,
    noted_lines,
)
from infra.training.pictures import FolderFetcher, answerer, queries_of
from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.answerer import Answerer
from tapeline.answers import PictureQuery
from tapeline.entities import SIDES
from tapeline.errors import RowError
from tapeline.picture import FloatArray
from tapeline.ranking.line_evidence import LineEvidence
from tapeline.ranking.line_ratings import LineRater
from tapeline.ranking.ranker import MeasureSets, default_line_rater
from tapeline.reading.dimension_lines import find_dimension_lines
from tapeline.reading.observing import scene_of
from tapeline.reading.scene import DIRECTIONS, Scene

# Noted direction -> the directions of lines that agree with it.
_AGREEING: Final[dict[str, tuple[str, ...]]] = {
    **{name: (name,) for name in DIRECTIONS},
    "along": ("flat", "oblique"),
}

# Strength from which a line is found: what the choice takes a measure to stand on.
_FOUND: Final = 0.03

# What is found where no line is strong enough.
_NOTHING: Final = "nothing"


def found_direction(strengths: FloatArray) -> str:
    """Return the direction of the strongest line; ``strengths`` has shape (directions,)."""
    return DIRECTIONS[int(strengths.argmax())] if strengths.max() > _FOUND else _NOTHING


def find_scenes(
    queries: list[PictureQuery], parts: Answerer, images: Path, rater: LineRater
) -> Iterator[tuple[str, Scene, tuple[float, float]]]:
    """Yield the link and scene of pictures, with CPU seconds for the segments, and for lines and evidence."""
    finder = OpenCvShapeFinder()
    for query in queries:
        try:
            picture = parts.decoder.decode(FolderFetcher(images).fetch(query.image_link))
        except RowError:
            continue
        text = parts.observe(picture, query.entity_names).text
        start = time.process_time()
        shapes = finder.find(picture)
        found = time.process_time()
        scene = scene_of(text, shapes, picture.width, picture.height)
        measures = MeasureSets(scene, rater).of(SIDES[0]).measures
        rest = time.process_time()
        find_dimension_lines(shapes, text, scene.longest_side)
        LineEvidence(scene, rater).of(measures)
        yield query.image_link, scene, (found - start, time.process_time() - rest)


def print_confusion(title: str, counts: Mapping[tuple[str, str], int]) -> None:
    """Print how often each noted direction was found as which."""
    columns = (*DIRECTIONS, _NOTHING)
    print(f"\n{title}: noted (down), found (across)")
    print(f"{'':10}" + "".join(f"{name:>10}" for name in columns) + f"{'right':>10}")
    right_at_all = 0
    for noted, agreeing in _AGREEING.items():
        row = [counts.get((noted, name), 0) for name in columns]
        right = sum(counts.get((noted, name), 0) for name in agreeing)
        right_at_all += right
        share = f"{right / sum(row):10.1%}" if sum(row) else ""
        print(f"{noted:10}" + "".join(f"{count:10}" for count in row) + share)
    total = sum(counts.values())
    nothing = sum(count for (_, found), count in counts.items() if found == _NOTHING)
    print(
        f"{total} sides: right {right_at_all / total:.1%}, wrong "
        f"{(total - right_at_all - nothing) / total:.1%}, nothing found {nothing / total:.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="CSV with ground truth and notes")
    parser.add_argument("images", type=Path, help="folder of the pictures")
    parser.add_argument("--cache", type=Path, default=Path(".cache/read"), help="folder where OCR is cached")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rater = default_line_rater()
    rows = [
        row
        for row in read_ground_truth(options.rows)
        if row.split == "train" and row.entity_name in SIDES and row.answers and noted_direction(row.note)
    ]
    parts = answerer(options.cache)
    lines: list[NotedLine] = []
    for source in sorted({row.source for row in rows}):
        asked = by_picture(row for row in rows if row.source == source)
        counts: Counter[tuple[str, str]] = Counter()
        seconds: list[tuple[float, float]] = []
        for link, scene, spent in find_scenes(
            queries_of(chain.from_iterable(asked.values())), parts, options.images, rater
        ):
            seconds.append(spent)
            measures = MeasureSets(scene, rater).of(SIDES[0])
            for row in asked[link]:
                index, noted = answer_of(measures.measures, row), noted_direction(row.note)
                if index is not None and noted is not None:
                    counts[noted, found_direction(measures.strengths[index])] += 1
            lines += noted_lines(asked[link], {link: scene}, rater)
        print_confusion(f"{source}, {len(seconds)} pictures", counts)
        segments, rest = np.mean(seconds, axis=0) * 1000
        print(f"CPU in the mean: segments {segments:.1f} ms, lines and evidence {rest:.1f} ms a picture")
    share = cross_validated_share(lines, rater)
    print(f"\n{len(lines)} lines, {share:.1%} right in cross-validation by picture of make train's weights")


if __name__ == "__main__":
    main()
