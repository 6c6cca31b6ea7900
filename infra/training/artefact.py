"""The artefact: the trained ranker as the JSON document that the package reads without LightGBM."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from infra.training.forests import BASE_LOG_ODDS, FAMILIES, BoostedTrees
from tapeline.ranking.assignment import Assignment
from tapeline.ranking.features import FEATURES
from tapeline.ranking.line_ratings import LineRater
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import Decision

# Decimals of an abstain ratio.
_RATIO_DECIMALS: Final = 4


def ranker_document(
    forests: Sequence[BoostedTrees],
    category_forests: Sequence[BoostedTrees],
    assignments: Sequence[Assignment],
    decisions: Mapping[str, Decision],
    *,
    priors: Priors,
    rater: LineRater,
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the artefact as :meth:`tapeline.ranking.ranker.Ranker.from_document` reads it.

    Args:
        forests: The trees of each of :data:`~infra.training.forests.FAMILIES`, for products whose category
            isn't known.
        category_forests: The trees of each for those whose category is known.
        assignments: How competing entities are assigned measures.
        decisions: Entity -> how its probabilities become answers.
        priors: Which units and sizes each entity usually has.
        rater: Rates which drawn line is which measure's.
        about: How it was made.
    """
    return {
        "about": dict(about),
        "features": list(FEATURES),
        "priors": priors.document(),
        "lines": rater.to_document(),
        "decisions": {
            name: {
                "confidence": decision.confidence.to_document(),
                "stated": decision.stated.to_document(),
                "abstain_ratio": round(decision.abstain_ratio, _RATIO_DECIMALS),
            }
            for name, decision in decisions.items()
        },
        "assignments": [assignment.to_document() for assignment in assignments],
        "families": [
            {
                "entities": list(names),
                "trees": forest_document(trees),
                "category_trees": forest_document(category_trees),
            }
            for names, trees, category_trees in zip(FAMILIES, forests, category_forests, strict=True)
        ],
    }


def forest_document(forest: BoostedTrees) -> list[dict[str, Any]]:
    """Return a family's trees as :meth:`tapeline.ranking.forest.Forest.from_document` reads them.

    The first one is a single leaf, the base; the leaves of each seed's are divided by the number of seeds.
    """
    trees = [_leaf(BASE_LOG_ODDS)]
    for booster in forest.boosters:
        dumped = booster.dump_model()["tree_info"]
        trees += [_tree_document(tree["tree_structure"], len(forest.boosters)) for tree in dumped]
    return trees


def dump(document: Mapping[str, Any]) -> str:
    """Return the artefact as text, the same for the same document: a line for each tree."""
    entries = [
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, sort_keys=True)}"
        for key, value in document.items()
        if key != "families"
    ]
    families = ",\n".join(_dump_family(family) for family in document["families"])
    return "{" + ",\n".join([*entries, f'"families": [{families}]']) + "}\n"


def _leaf(value: float) -> dict[str, Any]:
    return {"feature": [], "threshold": [], "left": [], "right": [], "value": [value]}


def _tree_document(root: Mapping[str, Any], seeds: int) -> dict[str, Any]:
    document: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}

    def add(node: Mapping[str, Any]) -> int:
        """Add a node and what is below it; return its name, ``-1 - n`` for leaf ``n``."""
        if "leaf_value" in node:
            document["value"].append(float(f"{node['leaf_value'] / seeds:.6g}"))
            return -len(document["value"])
        index = len(document["feature"])
        document["feature"].append(node["split_feature"])
        document["threshold"].append(node["threshold"])
        document["left"].append(0)
        document["right"].append(0)
        document["left"][index] = add(node["left_child"])
        document["right"][index] = add(node["right_child"])
        return index

    add(root)
    return document


def _dump_family(family: Mapping[str, Any]) -> str:
    entries = [f'"entities": {json.dumps(family["entities"])}']
    for key in ("trees", "category_trees"):
        trees = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in family[key])
        entries.append(f'"{key}": [\n{trees}\n]')
    return "{" + ", ".join(entries) + "}"
