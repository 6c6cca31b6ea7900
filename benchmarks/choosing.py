"""Times the choice: layout, segments, candidates, features and ranking, in CPU seconds on one core.

``python -m benchmarks.choosing ROWS --images IMAGES [--source dense]``; text and shapes are from the cache of
``make evaluate`` and aren't timed. ``--reading 300`` times the OCR passes of that many pictures of all
sources instead, drawn by chance.
"""

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2

from infra.training.ground_truth import read_ground_truth
from infra.training.pictures import FolderFetcher, answerer, queries_of
from tapeline.adapters.openvino_reader import OpenVinoReader
from tapeline.answerer import Answerer
from tapeline.answers import PictureQuery
from tapeline.errors import RowError
from tapeline.picture import Picture, Shapes, TextLine
from tapeline.ports import ShapeFinder, TextReader
from tapeline.ranking.choosing import choose_answers
from tapeline.ranking.ranker import default_ranker
from tapeline.reading.passes import SECOND_PASS_SIDE


class RecordedText:
    """A text reader that remembers one picture's OCR passes and the CPU seconds that each took."""

    def __init__(self, reader: TextReader) -> None:
        self._reader = reader
        self._passes: dict[int | None, list[TextLine]] = {}
        self.seconds: dict[int | None, float] = {}

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        if longest_side not in self._passes:
            start = time.process_time()
            self._passes[longest_side] = self._reader.read(picture, longest_side)
            self.seconds[longest_side] = time.process_time() - start
        return self._passes[longest_side]


class RecordedShapes:
    """A shape finder that remembers one picture's shapes."""

    def __init__(self, finder: ShapeFinder) -> None:
        self._finder = finder
        self._found: Shapes | None = None

    def find(self, picture: Picture) -> Shapes:
        if self._found is None:
            self._found = self._finder.find(picture)
        return self._found


def pictures_of(
    queries: list[PictureQuery], answerer: Answerer, images: Path
) -> Iterator[tuple[PictureQuery, Picture]]:
    """Yield the queries whose picture can be decoded, with it."""
    for query in queries:
        try:
            yield query, answerer.decoder.decode(FolderFetcher(images).fetch(query.image_link))
        except RowError:
            continue


def time_choice(queries: list[PictureQuery], answerer: Answerer, images: Path, source: str) -> None:
    """Time what follows reading, and print it."""
    assert answerer.shape_finder
    default_ranker()  # Loaded once for the process: not a picture's time.
    spent: list[float] = []
    second_passes = 0
    for query, picture in pictures_of(queries, answerer, images):
        reader = RecordedText(answerer.reader)
        recorded = replace(answerer, reader=reader, shape_finder=RecordedShapes(answerer.shape_finder))
        recorded.observe(picture, query.entity_names)
        second_passes += SECOND_PASS_SIDE in reader.seconds
        start = time.process_time()
        choose_answers(recorded.observe(picture, query.entity_names), query.entity_names)
        spent.append((time.process_time() - start) * 1000)
    print(
        f"{len(spent)} pictures ({source}): median {statistics.median(spent):.1f} ms, "
        f"mean {statistics.fmean(spent):.1f} ms of CPU for a picture's choice; second OCR passes of "
        f"{second_passes} pictures ({second_passes / len(spent):.0%})"
    )


def time_reading(queries: list[PictureQuery], answerer: Answerer, images: Path) -> None:
    """Time the OCR passes of pictures, and print by how much the second one raises the mean."""
    ocr = OpenVinoReader(threads=1)
    first: list[float] = []
    second: list[float] = []
    for query, picture in pictures_of(queries, answerer, images):
        reader = RecordedText(ocr)
        replace(answerer, reader=reader, shape_finder=None).observe(picture, query.entity_names)
        first.append(reader.seconds[None])
        if SECOND_PASS_SIDE in reader.seconds:
            second.append(reader.seconds[SECOND_PASS_SIDE])
    print(
        f"{len(first)} pictures: first OCR pass {statistics.fmean(first):.3f} s of CPU in the mean; second "
        f"passes of {len(second)}, {statistics.fmean(second or [0.0]):.3f} s each; they raise the mean by "
        f"{sum(second) / sum(first):.0%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="CSV with ground truth, as docs/formats.md describes it")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--source", default="hand", help="the rows whose pictures are timed (default: hand)")
    parser.add_argument("--cache", type=Path, default=Path(".cache/read"), help="folder where OCR is cached")
    parser.add_argument("--reading", type=int, metavar="PICTURES", help="time reading instead")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = read_ground_truth(options.rows)
    own = answerer(options.cache)
    if options.reading:
        queries = sorted(queries_of(rows), key=lambda query: query.image_link)
        count = min(options.reading, len(queries))
        sample = random.Random(0).sample(queries, count)  # noqa: S311 - no secret
        time_reading(sample, own, options.images)
    else:
        queries = queries_of(row for row in rows if row.source == options.source)
        time_choice(queries, own, options.images, options.source)


if __name__ == "__main__":
    main()
