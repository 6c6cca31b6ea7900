"""The evaluation of the ranker that comes with the package, on ground truth."""

import csv
from collections.abc import Sequence
from pathlib import Path

from infra.training.ground_truth import TruthRow, read_ground_truth
from infra.training.page import write_page
from infra.training.pictures import answer_queries, queries_of
from infra.training.report import changes, evaluation_report, say, wrong_rows
from infra.training.scoring import ScoredAnswer, outcome
from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import GroundTruthError
from tapeline.quantities import Quantity, format_prediction, parse_quantity


def evaluate(
    path: Path,
    images: Path,
    cache_dir: Path,
    split: str,
    entities: EntitySet = EIGHT,
    *,
    out: Path | None,
    before: Path | None,
) -> None:
    """Answer rows as the workers do, print the scores and the wrong rows, and write a page.

    Args:
        path: The ground truth; see :func:`~infra.training.ground_truth.read_ground_truth`.
        images: The folder of the pictures.
        cache_dir: The folder of the cache.
        split: The rows to answer: those of this split, or ``all``.
        entities: The entities that rows can ask for.
        out: The folder for ``predictions.csv`` and ``index.html``; neither is written where it is left out.
        before: An earlier ``predictions.csv`` to count the rows gained and lost against, if any.

    Raises:
        GroundTruthError: The ground truth or the earlier predictions can't be used.
    """
    rows = [row for row in read_ground_truth(path, entities) if split in {"all", row.split}]
    results = answer_rows(rows, images, cache_dir, entities)
    if len(results) < len(rows):
        say(f"left out {len(rows) - len(results)} rows: their pictures are missing or can't be decoded")
    print(evaluation_report(results))
    if before:
        print(f"{changes(results, _read_predictions(before))}\n")
    print(wrong_rows(results))
    if out:
        out.mkdir(parents=True, exist_ok=True)
        predictions = _write_predictions(results, out)
        say(f"wrote {predictions} and {write_page(results, images, out)}")


def answer_rows(
    rows: Sequence[TruthRow], images: Path, cache_dir: Path, entities: EntitySet = EIGHT
) -> list[ScoredAnswer]:
    """Answer rows by the call that the workers make.

    Args:
        rows: The rows.
        images: The folder of the pictures.
        cache_dir: The folder of the cache.
        entities: The entities that rows can ask for.

    Returns:
        The rows that have an answer, in order; one that says that the picture doesn't say is an answer too.
    """
    queries = queries_of(rows, entities)
    links = (query.image_link for query in queries)
    answers = dict(zip(links, answer_queries(queries, images, cache_dir), strict=True))
    return [
        ScoredAnswer(row, answer, outcome(row, answer.quantity))
        for row in rows
        if (answer := answers[row.image_link].get(row.entity_name))
    ]


def _write_predictions(results: Sequence[ScoredAnswer], out: Path) -> Path:
    predictions = out / "predictions.csv"
    lines = [f"{result.row.index},{format_prediction(result.answer.quantity)}\n" for result in results]
    predictions.write_text("index,prediction\n" + "".join(lines), encoding="utf-8")
    return predictions


def _read_predictions(path: Path) -> dict[str, Quantity | None]:
    """Return index -> what was predicted, None where that was nothing.

    Raises:
        GroundTruthError: A column is missing, or a prediction isn't one.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if not {"index", "prediction"} <= set(reader.fieldnames or ()):
            raise GroundTruthError(
                f"expected the columns index and prediction in {path}, received "
                f"{', '.join(reader.fieldnames or ()) or 'none'}: name a predictions.csv of make evaluate"
            )
        try:
            return {
                row["index"]: parse_quantity(row["prediction"]) if row["prediction"] else None
                for row in reader
            }
        except ValueError as error:
            raise GroundTruthError(f"{path}: {error}: name a predictions.csv of make evaluate") from error
