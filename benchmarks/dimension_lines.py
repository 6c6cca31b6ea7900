"""Measures the drawn lines by themselves: is the line of a labelled side found, with its direction?

``python -m benchmarks.dimension_lines ROWS IMAGES``; ROWS is ground truth whose column ``note`` says in words
what was seen of each side (``vertical line 33 cm``). Of each such row whose answer was read in the picture,
in one place, the direction of the note is compared with the strongest of the answer's
``direction_strengths``. Rows of the split ``train`` alone are used. Text is from the cache of
``make evaluate``; lines are searched anew, in CPU seconds that are printed. ``--fit`` prints the weights of
``tapeline.ranking.line_ratings``, fitted to all of these rows, and how often the best rated line has the
noted direction in pictures that were not fitted to.
"""

import argparse
import csv
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import softmax

from infra.training.ground_truth import AMBIGUOUS, TruthRow, by_picture, read_ground_truth
from infra.training.pictures import FolderFetcher, answerer, queries_of
from infra.training.scoring import is_right
from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.answerer import Answerer
from tapeline.answers import PictureQuery
from tapeline.entities import SIDES
from tapeline.errors import RowError
from tapeline.picture import FloatArray
from tapeline.ranking.line_evidence import LineEvidence
from tapeline.ranking.line_ratings import TERMS, numbers_of, rival_shares
from tapeline.ranking.measures import Measure
from tapeline.ranking.ranker import MeasureSets
from tapeline.reading.dimension_lines import find_dimension_lines
from tapeline.reading.observing import scene_of
from tapeline.reading.scene import DIRECTIONS, Scene

# What a note says -> the direction of the line, the first that matches. A line along a product's front, top
# or base is flat in a front view, and leans by some degrees in perspective.
_NOTED: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\b(oblique|slant\w*|diagonal\w*)\b", re.IGNORECASE), "oblique"),
    (re.compile(r"\b(vertical|upright)\b", re.IGNORECASE), "upright"),
    (re.compile(r"\bhorizontal\b", re.IGNORECASE), "flat"),
    (re.compile(r"\b(front|base|top|side)s? (line|side|edge)\b", re.IGNORECASE), "along"),
)

# Noted direction -> the directions of lines that agree with it.
_AGREEING: Final[dict[str, tuple[str, ...]]] = {
    **{name: (name,) for name in DIRECTIONS},
    "along": ("flat", "oblique"),
}

# Noted direction -> the degrees off the horizontal that its line may have, least and most, when weights are
# fitted. Wider than the directions: perspective leans lines, and a slightly oblique one is still called so.
_TILTS: Final[dict[str, tuple[float, float]]] = {
    "flat": (0.0, 18.0), "upright": (72.0, 90.0), "oblique": (4.0, 84.0), "along": (0.0, 60.0),
}  # fmt: skip

# The terms whose weights aren't fitted; line_ratings says why.
_NOT_FITTED: Final = frozenset({"far"})

# Weight of the squared weights in the loss. Chosen by hand.
_PENALTY: Final = 0.1

# Times that the weights are fitted, each with the rivals by the weights before.
_ROUNDS: Final = 8

# Parts of the cross-validation.
_PARTS: Final = 5

# Strength from which a line is found: what the choice takes a measure to stand on.
_FOUND: Final = 0.03

# What is found where no line is strong enough.
_NOTHING: Final = "nothing"


def noted_direction(note: str) -> str | None:
    """Return the direction that a note names; None where it names none or several."""
    named = [direction for pattern, direction in _NOTED if pattern.search(note)]
    exact = [direction for direction in named if direction in DIRECTIONS]
    if len(exact) > 1 or not named:
        return None
    return named[0]


def read_notes(path: Path) -> dict[tuple[str, str], str]:
    """Return link and entity -> the note of the train rows with an answer."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {
            (row["image_link"], row["entity_name"]): row.get("note") or ""
            for row in csv.DictReader(file)
            if row.get("split") == "train" and row.get("status") != AMBIGUOUS and row.get("answers")
        }


def answer_of(measures: Sequence[Measure], row: TruthRow) -> int | None:
    """Return the index of the measure that answers a row; None where it was not read, or several do."""
    right = [
        index
        for index, measure in enumerate(measures)
        if any(is_right(row, candidate.quantity) for candidate in measure.candidates)
    ]
    return right[0] if len(right) == 1 else None


def found_direction(strengths: FloatArray) -> str:
    """Return the direction of the strongest line; ``strengths`` has shape (directions,)."""
    return DIRECTIONS[int(strengths.argmax())] if strengths.max() > _FOUND else _NOTHING


def find_scenes(
    queries: list[PictureQuery], parts: Answerer, images: Path
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
        measures = MeasureSets(scene).of(SIDES[0]).measures
        rest = time.process_time()
        find_dimension_lines(shapes, text, scene.longest_side)
        LineEvidence(scene).of(measures)
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


@dataclass(frozen=True, slots=True, eq=False)
class NotedLine:
    """A measure whose line's direction a note names.

    Attributes:
        link: The picture.
        index: Of the measure among the picture's.
        numbers: The index of each measure's number.
        terms: See :meth:`~tapeline.ranking.line_evidence.LineEvidence.terms`.
        agreeing: Whether each line may be the one of the note, shape (lines,).
    """

    link: str
    index: int
    numbers: npt.NDArray[np.int_]
    terms: FloatArray
    agreeing: npt.NDArray[np.bool_]

    def inputs(self, weights: FloatArray) -> FloatArray:
        """Return the terms of its pairs, and how probably each line is a rival's, by some weights."""
        ratings = self.terms @ weights[:-1]
        ratings += weights[-1] * rival_shares(ratings, self.numbers)
        rivals = rival_shares(ratings, self.numbers)[self.index]
        return np.concatenate([self.terms[self.index], rivals[:, None]], axis=1)


def noted_line(link: str, scene: Scene, index: int, noted: str) -> NotedLine | None:
    """Return what to fit to; None where no line agrees with the note."""
    x, y = (scene.dimension_lines.ends[:, 2:] - scene.dimension_lines.ends[:, :2]).T
    least, most = _TILTS[noted]
    tilt = np.degrees(np.arctan2(abs(y), abs(x)))
    agreeing = (tilt >= least) & (tilt <= most)
    if not agreeing.any():
        return None
    measures = MeasureSets(scene).of(SIDES[0]).measures
    return NotedLine(link, index, numbers_of(measures), LineEvidence(scene).terms(measures), agreeing)


def fit_weights(lines: Sequence[NotedLine]) -> FloatArray:
    """Fit the weights of the terms and of rivals: a conditional logit of which line is the measure's.

    Each line that agrees with the note may be the one. How probably a rival stands on a line depends on the
    weights, so that it is computed anew some times.

    Returns:
        Shape (terms + 1,), the last one that of rivals.
    """
    fixed = np.array([name in _NOT_FITTED for name in (*TERMS, "rival")])
    weights = np.where(fixed, [*TERMS.values(), 0.0], 0.0)
    for _ in range(_ROUNDS):
        inputs = [line.inputs(weights) for line in lines]

        def loss(free: FloatArray, inputs: Sequence[FloatArray] = inputs) -> tuple[float, FloatArray]:
            tried = weights.copy()
            tried[~fixed] = free
            value, slope = float(_PENALTY * (free**2).sum()), 2 * _PENALTY * free
            for line, own in zip(lines, inputs, strict=True):
                shares = softmax(own @ tried)
                right = shares * line.agreeing
                value -= np.log(right.sum())
                slope += (shares - right / right.sum()) @ own[:, ~fixed]
            return value, slope

        weights[~fixed] = minimize(loss, weights[~fixed], jac=True, method="L-BFGS-B").x
    return weights


def print_fit(lines: Sequence[NotedLine]) -> None:
    """Print the weights fitted to all lines, and how often they find the right direction elsewhere."""
    links = sorted({line.link for line in lines})
    parts = dict(zip(links, np.random.default_rng(0).integers(0, _PARTS, len(links)), strict=True))
    right = 0
    for part in range(_PARTS):
        weights = fit_weights([line for line in lines if parts[line.link] != part])
        for line in lines:
            if parts[line.link] == part:
                right += bool(line.agreeing[(line.inputs(weights) @ weights).argmax()])
    print(f"\n{len(lines)} lines, {right / len(lines):.1%} right in cross-validation by picture; weights:")
    for name, weight in zip((*TERMS, "rival"), fit_weights(lines), strict=True):
        print(f"  {name}: {weight:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="CSV with ground truth and notes")
    parser.add_argument("images", type=Path, help="folder of the pictures")
    parser.add_argument("--cache", type=Path, default=Path(".cache/read"), help="folder where OCR is cached")
    parser.add_argument("--fit", action="store_true", help="fit the weights of the line evidence")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    directions = {key: noted_direction(note) for key, note in read_notes(options.rows).items()}
    rows = [
        row
        for row in read_ground_truth(options.rows)
        if row.entity_name in SIDES and directions.get((row.image_link, row.entity_name))
    ]
    parts = answerer(options.cache)
    lines: list[NotedLine | None] = []
    for source in sorted({row.source for row in rows}):
        asked = by_picture(row for row in rows if row.source == source)
        counts: Counter[tuple[str, str]] = Counter()
        seconds: list[tuple[float, float]] = []
        for link, scene, spent in find_scenes(
            queries_of(chain.from_iterable(asked.values())), parts, options.images
        ):
            seconds.append(spent)
            measures = MeasureSets(scene).of(SIDES[0])
            for row in asked[link]:
                index, noted = answer_of(measures.measures, row), directions[link, row.entity_name]
                if index is None or noted is None:
                    continue
                counts[noted, found_direction(measures.strengths[index])] += 1
                lines.append(noted_line(link, scene, index, noted))
        print_confusion(f"{source}, {len(seconds)} pictures", counts)
        segments, rest = np.mean(seconds, axis=0) * 1000
        print(f"CPU in the mean: segments {segments:.1f} ms, lines and evidence {rest:.1f} ms a picture")
    if options.fit:
        print_fit([line for line in lines if line is not None])


if __name__ == "__main__":
    main()
