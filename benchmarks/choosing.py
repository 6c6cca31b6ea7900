"""Times what comes after reading (lines, candidates, features, choice), and how much second looks add.

``python -m benchmarks.choosing ROWS --images IMAGES [--source hand]``, on one core; text is from the cache.
``--reading 300`` reads that many pictures of all sources, drawn by chance, once and where asked twice.
"""

import argparse
import random
import statistics
import time
from pathlib import Path

import cv2

from infra.training.labels import read_labels
from infra.training.pictures import FolderFetcher, components, queries_of
from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.adapters.rapidocr_reader import RapidOcrReader
from tapeline.errors import RowError
from tapeline.ranking.choosing import choose_answers
from tapeline.ranking.features import Scene
from tapeline.reading.passes import CLOSER_LOOK, find_shapes, needs_closer_look, read_closely


def time_reading(rows: Path, images: Path, pictures: int) -> None:
    """Time the first and the second look at pictures, and print by how much the second raises the mean."""
    reader, decoder, fetcher = RapidOcrReader(threads=1), PillowDecoder(), FolderFetcher(images)
    queries = sorted(queries_of(read_labels(rows)), key=lambda query: query.image_link)
    first: list[float] = []
    second: list[float] = []
    drawn = random.Random(0).sample(queries, min(pictures, len(queries)))  # noqa: S311
    for query in drawn:
        try:
            picture = decoder.decode(fetcher.fetch(query.image_link))
        except RowError:
            continue
        start = time.perf_counter()
        lines = reader.read(picture)
        between = time.perf_counter()
        first.append(between - start)
        if needs_closer_look(lines, query.entity_names, width=picture.width, height=picture.height):
            reader.read(picture, CLOSER_LOOK)
            second.append(time.perf_counter() - between)
    print(
        f"{len(first)} pictures: first look {statistics.fmean(first):.3f} s in the mean; second looks at "
        f"{len(second)}, {statistics.fmean(second or [0.0]):.3f} s each; they raise the mean by "
        f"{sum(second) / sum(first):.0%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--source", default="hand")
    parser.add_argument("--kept", type=Path, default=Path(".cache/read"))
    parser.add_argument("--reading", type=int, metavar="PICTURES", help="time reading instead")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if arguments.reading:
        time_reading(arguments.rows, arguments.images, arguments.reading)
        return
    own = components(arguments.images, arguments.kept)
    finder = OpenCvShapeFinder()
    queries = queries_of(row for row in read_labels(arguments.rows) if row.source == arguments.source)
    spent: list[float] = []
    drawn: list[float] = []
    closer = 0
    for query in queries:
        picture = own.decoder.decode(own.fetcher.fetch(query.image_link))
        names = query.entity_names
        first = own.reader.read(picture)
        closer += needs_closer_look(first, names, width=picture.width, height=picture.height)
        lines = read_closely(picture, names, own.reader)
        if not spent:
            choose_answers(Scene(lines, find_shapes(picture, [], None), 10, 10), names)  # loads the ranker
        start = time.perf_counter()
        shapes = find_shapes(picture, lines, finder)
        drawn.append((time.perf_counter() - start) * 1000)
        choose_answers(Scene(tuple(lines), shapes, picture.width, picture.height), names)
        spent.append((time.perf_counter() - start) * 1000)
    print(
        f"{len(spent)} pictures ({arguments.source}): median {statistics.median(spent):.1f} ms, "
        f"mean {statistics.fmean(spent):.1f} ms; of it finding lines {statistics.median(drawn):.1f} ms; "
        f"second looks at {closer} pictures ({closer / len(spent):.0%})"
    )


if __name__ == "__main__":
    main()
