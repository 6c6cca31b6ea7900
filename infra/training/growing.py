"""Growing the ranker's trees with LightGBM, and writing them down without it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import lightgbm
import numpy as np

from infra.training.examples import Question, lesson
from tapeline.entities import SIDES, UNITS_BY_ENTITY
from tapeline.ranking.features import FEATURES, GROUPS
from tapeline.ranking.priors import Priors
from tapeline.reading.scene import Matrix

FAMILIES: Final = (SIDES, tuple(name for name in UNITS_BY_ENTITY if name not in SIDES))
"""Kinds of entities that share a forest."""

SILENT_BELOW: Final = {"width": 0.12, "height": 0.12, "depth": 0.10} | dict.fromkeys(FAMILIES[1], 0.10)
"""Probability below which nothing is answered: where the picture says something, a wrong answer and an empty
one cost the same. Chosen by cross-validation on training rows."""

_BASE: Final = -2.0
# The logarithm of odds that each measure starts from, beside prior_odds().
_ROUNDS: Final = 250
_SEEDS: Final = 3
_PARAMETERS: Final = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 15,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 3.0,
    "deterministic": True,
    "force_row_wise": True,
    # More threads add up in another order, and so grow other trees.
    "num_threads": 1,
    "verbose": -1,
}
_ONLY_FOR: Final = (
    "words_for",
    "caption_for",
    "table_row_for",
    "prior_size",
    "prior_unit",
    "prior_value",
    "letter_lead",
    "score",
)
_ONLY_AGAINST: Final = ("words_against", "caption_against", "table_row_against", "rival_words")
# What a feature can only speak for or against, however few pictures show it.


_HIDDEN_FROM_SIDES: Final = frozenset(
    {
        "text_lines", "quantities", "order", "measures", "x", "y", "edge", "letters", "digits",
        "picture_aspect", "outline_aspect", "extent",
    }
)  # fmt: skip
"""Features that tell small, sparse pictures, which nearly all labelled sides are in, from other ones. Trees
that were grown on pictures of up to 4 lines of text did better on those of 7 and more without them."""


@dataclass(frozen=True, slots=True)
class Grown:
    """The trees of one family: the mean over a few seeds."""

    boosters: Sequence[lightgbm.Booster]

    def rate(self, question: Question) -> Matrix:
        """Return the logarithm of odds of each measure, shape (measures,)."""
        if not len(question.measures):
            return np.zeros(0)
        raw = [booster.predict(question.features, raw_score=True) for booster in self.boosters]
        return question.odds + _BASE + np.mean(raw, axis=0)


def grow(
    questions: Sequence[Question],
    family: Sequence[str],
    *,
    without: str = "",
    clean: bool = True,
    rounds: int = _ROUNDS,
    seeds: int = _SEEDS,
) -> Grown:
    """Grow a family's trees.

    Args:
        questions: What to learn from.
        family: Names of entities; questions about others are left out.
        without: A group of :data:`~tapeline.ranking.features.GROUPS` to hide.
        clean: See :func:`~infra.training.examples.lesson`.
        rounds: Trees of each seed.
        seeds: How many times to grow.
    """
    features, targets, weights, odds = [], [], [], []
    for question in questions:
        learned = lesson(question, clean=clean) if question.entity in family else None
        if learned is None:
            continue
        known = ~np.isnan(learned[0])
        features.append(question.features[known])
        targets.append(learned[0][known])
        weights.append(learned[1][known])
        odds.append(question.odds[known] + _BASE)
    names = list(FEATURES)
    hidden = {
        *GROUPS.get(without, ()),
        *(_HIDDEN_FROM_SIDES if family == SIDES else ()),
    }
    columns = np.array([name not in hidden for name in names])
    data = np.concatenate(features) * columns
    monotone = [(name in _ONLY_FOR) - (name in _ONLY_AGAINST) for name in names]
    return Grown(
        [
            lightgbm.train(
                {**_PARAMETERS, "seed": seed, "monotone_constraints": monotone},
                lightgbm.Dataset(
                    data,
                    np.concatenate(targets),
                    weight=np.concatenate(weights),
                    init_score=np.concatenate(odds),
                    feature_name=names,
                ),
                rounds,
            )
            for seed in range(seeds)
        ]
    )


def cross_validate(
    questions: Sequence[Question],
    grower: Callable[[Sequence[Question], Sequence[str]], Grown],
    folds: int = 4,
) -> list[Matrix]:
    """Rate each question's measures by trees that were grown without its picture.

    Args:
        questions: All questions.
        grower: Grows a family's trees from some of them.
        folds: Parts that the pictures are dealt into.

    Returns:
        For each question the logarithms of odds, shape (measures,).
    """
    links = sorted({question.link for question in questions})
    dealt = dict(zip(links, np.random.default_rng(0).integers(0, folds, len(links)), strict=True))
    ratings: list[Matrix] = [np.zeros(0)] * len(questions)
    for fold in range(folds):
        seen = [question for question in questions if dealt[question.link] != fold]
        for family in FAMILIES:
            grown = grower(seen, family)
            for place, question in enumerate(questions):
                if dealt[question.link] == fold and question.entity in family:
                    ratings[place] = grown.rate(question)
    return ratings


def calibrate(
    ratings: Sequence[float], right: Sequence[bool], *, points: int = 40
) -> tuple[list[float], list[float]]:
    """Return the line from ratings to shares of right answers, never falling (pool adjacent violators).

    Args:
        ratings: Of answers that were cross-validated; at least one.
        right: Whether each was right.
        points: Points of the line at most.
    """
    order = np.argsort(ratings, kind="stable")
    groups = np.array_split(order, min(points, max(1, len(order) // 5)))
    # (mean rating, share, size); a share below its neighbour's on the left is pooled with it.
    pools: list[tuple[float, float, int]] = []
    for group in groups:
        # Half an answer each way keeps certainty for where it is due.
        share = (sum(right[i] for i in group) + 0.5) / (len(group) + 1)
        pools.append((float(np.mean([ratings[i] for i in group])), share, len(group)))
        while len(pools) > 1 and pools[-2][1] > pools[-1][1]:
            (left, low, few), (middle, high, many) = pools[-2:]
            size = few + many
            pools[-2:] = [((left * few + middle * many) / size, (low * few + high * many) / size, size)]
    return [round(pool[0], 3) for pool in pools], [round(pool[1], 4) for pool in pools]


def forest_document(grown: Grown) -> list[dict[str, Any]]:
    """Return a family's trees as :meth:`tapeline.ranking.forest.Forest.from_document` reads them."""
    trees: list[dict[str, Any]] = []
    # The base goes into a tree that is one leaf.
    trees.append({"feature": [], "threshold": [], "left": [], "right": [], "value": [_BASE]})
    for booster in grown.boosters:
        found = booster.dump_model()["tree_info"]
        trees.extend(_tree_document(tree["tree_structure"], len(grown.boosters)) for tree in found)
    return trees


def _tree_document(root: Mapping[str, Any], share: int) -> dict[str, Any]:
    document: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}

    def add(node: Mapping[str, Any]) -> int:
        if "leaf_value" in node:
            document["value"].append(float(f"{node['leaf_value'] / share:.6g}"))
            return -len(document["value"])
        place = len(document["feature"])
        document["feature"].append(node["split_feature"])
        document["threshold"].append(node["threshold"])
        document["left"].append(0)
        document["right"].append(0)
        document["left"][place] = add(node["left_child"])
        document["right"][place] = add(node["right_child"])
        return place

    add(root)
    return document


def ranker_document(
    grown: Sequence[Grown],
    lines: Sequence[tuple[Sequence[float], Sequence[float]]],
    priors: Priors,
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the whole artefact.

    Args:
        grown: The trees of each of :data:`FAMILIES`.
        lines: Each one's calibration.
        priors: Which units and sizes each entity usually has.
        about: How it was made.
    """
    families = [
        {
            "entities": list(names),
            "abstain_thresholds": {
                name: round(float(np.log(SILENT_BELOW[name] / (1 - SILENT_BELOW[name]))), 4) for name in names
            },
            "ratings": list(line[0]),
            "shares": list(line[1]),
            "trees": forest_document(trees),
        }
        for names, trees, line in zip(FAMILIES, grown, lines, strict=True)
    ]
    return {
        "about": dict(about),
        "features": list(FEATURES),
        "priors": {"units": priors.units, "sizes": priors.sizes, "values": priors.values},
        "families": families,
    }


def dump(document: Mapping[str, Any]) -> str:
    """Return the artefact as text, the same for the same document: a line for each tree."""
    parts = []
    for key, value in document.items():
        if key == "families":
            families = []
            for family in value:
                trees = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in family["trees"])
                rest = json.dumps({k: v for k, v in family.items() if k != "trees"})
                families.append(f'{rest[:-1]}, "trees": [\n{trees}\n]}}')
            parts.append('"families": [' + ",\n".join(families) + "]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, sort_keys=True)}")
    return "{" + ",\n".join(parts) + "}\n"
