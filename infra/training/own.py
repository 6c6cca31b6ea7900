"""The training of own entities: the weights of their evidence, from rows with right answers."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from scipy.optimize import minimize

from infra.training.ground_truth import TruthRow, read_ground_truth
from infra.training.pictures import observe_pictures, queries_of
from infra.training.report import say, score_table
from infra.training.scoring import Outcome, outcome, scores
from tapeline.entities import EntitySet, OwnEntity
from tapeline.entity_file import trained_path
from tapeline.errors import GroundTruthError
from tapeline.picture import FloatArray
from tapeline.quantities import Quantity, round_quantity
from tapeline.quantities.conversion import convert_quantity
from tapeline.ranking.own_entities import OWN_EVIDENCE, OwnMeasures, choose_own, own_measures
from tapeline.ranking.ranker import default_ranker
from tapeline.reading.scene import Scene

# By how much weights are drawn to those chosen by hand, as the strength of a normal prior. Chosen by hand:
# twenty rows can move a weight that matters, and leave the others.
_PRIOR_STRENGTH: Final = 0.1

# Rows of an entity at least. Chosen by hand: below it, what is learned is those rows.
_FEWEST_ROWS: Final = 8

# Folds of the cross-validation, by picture. Chosen by hand.
_FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class OwnExample:
    """A row of an own entity.

    Attributes:
        row: The row.
        scene: Its picture.
        measures: What could answer it.
        right: Whether each is right, and whether silence is, as the last; shape (candidates + 1,).
    """

    row: TruthRow
    scene: Scene
    measures: OwnMeasures
    right: FloatArray


def train_own(
    paths: Sequence[Path], images: Path, cache_dir: Path, entities: EntitySet, entities_path: Path
) -> None:
    """Fit the weights of an entities file's own entities, print cross-validated F1, and write them beside it.

    Args:
        paths: Files with ground truth; see :func:`~infra.training.ground_truth.read_ground_truth`.
        images: The folder of the pictures.
        cache_dir: The folder of the cache.
        entities: The entities of the file.
        entities_path: The entities file.

    Raises:
        GroundTruthError: The ground truth can't be used, or an entity has too few rows.
    """
    rows = [
        row
        for path in paths
        for row in read_ground_truth(path, entities)
        if row.split == "train" and entities.own_entity(row.entity_name)
    ]
    scenes = observe_pictures(queries_of(rows, entities), images, cache_dir)
    document = {}
    for name in dict.fromkeys(row.entity_name for row in rows):
        entity = entities.own_entity(name)
        assert entity is not None  # noqa: S101 - the rows were chosen so
        untrained = replace(entity, weights=None)
        examples = [
            _example(row, scenes[row.image_link], untrained) for row in rows if _is_of(row, name, scenes)
        ]
        if len(examples) < _FEWEST_ROWS:
            raise GroundTruthError(
                f"expected at least {_FEWEST_ROWS} train rows of {name} with their pictures, received "
                f"{len(examples)}: label more, or leave its rows out"
            )
        print(_report(name, examples, untrained), flush=True)
        document[name] = {"weights": list(fit_weights(examples)), "rows": len(examples)}
    if not document:
        raise GroundTruthError(
            f"expected train rows of the own entities of {entities_path}, received none: label some"
        )
    artefact = trained_path(entities_path)
    about = {
        "rows_sha256": hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest(),
        "evidence": list(OWN_EVIDENCE),
    }
    artefact.write_text(json.dumps({"about": about, "entities": document}, indent=2) + "\n", encoding="utf-8")
    say(f"wrote {artefact}")


def fit_weights(examples: Sequence[OwnExample]) -> tuple[float, ...]:
    """Return the weights under which right choices are most probable, drawn to those chosen by hand."""
    start = np.array(list(OWN_EVIDENCE.values()))
    usable = [example for example in examples if example.right.any()]

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        apart = weights - start
        total, slope = _PRIOR_STRENGTH * float(apart @ apart), 2 * _PRIOR_STRENGTH * apart
        for example in usable:
            evidence = np.vstack([example.measures.evidence, np.zeros(len(start))])
            scores_ = evidence @ weights
            powers = np.exp(scores_ - scores_.max())
            all_, right = powers / powers.sum(), powers * example.right
            right = right / max(right.sum(), 1e-300)
            total -= float(np.log(max(float(all_ @ example.right), 1e-300)))
            slope = slope + evidence.T @ (all_ - right)
        return total, slope

    found = minimize(loss, start, jac=True, method="L-BFGS-B")
    return tuple(round(float(weight), 4) for weight in found.x)


def _is_of(row: TruthRow, name: str, scenes: dict[str, Scene]) -> bool:
    return row.entity_name == name and row.image_link in scenes


def _example(row: TruthRow, scene: Scene, entity: OwnEntity) -> OwnExample:
    measures = own_measures(scene, entity, (), default_ranker())
    right = [_is_right(candidate.quantity, row) for candidate in measures.candidates]
    silence = row.says_nothing or not any(right)
    return OwnExample(row, scene, measures, np.array([*map(float, right), float(silence)]))


def _is_right(quantity: Quantity, row: TruthRow) -> bool:
    """Say whether a quantity is a row's answer, in whatever unit that is written."""
    return any(round_quantity(convert_quantity(quantity, answer.unit)) == answer for answer in row.answers)


def _report(name: str, examples: Sequence[OwnExample], entity: OwnEntity) -> str:
    """Return an entity's scores by words alone, and cross-validated by picture."""
    links = sorted({example.row.image_link for example in examples})
    fold_of = {link: number % _FOLDS for number, link in enumerate(links)}
    outcomes: list[tuple[str, Outcome]] = []
    for fold in range(_FOLDS):
        held = [example for example in examples if fold_of[example.row.image_link] == fold]
        learned = replace(
            entity,
            weights=fit_weights([e for e in examples if fold_of[e.row.image_link] != fold]),
        )
        for example in held:
            outcomes.append((f"{name}, by words", _outcome(example, entity)))
            outcomes.append((f"{name}, cross-validated", _outcome(example, learned)))
    return score_table("own entity", dict(scores(outcomes)))


def _outcome(example: OwnExample, entity: OwnEntity) -> Outcome:
    answer = choose_own(example.scene, entity, (), default_ranker())
    return outcome(example.row, as_written(answer.quantity, example.row))


def as_written(quantity: Quantity | None, row: TruthRow) -> Quantity | None:
    """Return a predicted quantity in the unit of the right answer, where the two are of one kind."""
    if quantity is None:
        return None
    return next((answer for answer in row.answers if _is_right(quantity, row)), quantity)
