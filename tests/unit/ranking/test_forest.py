"""The trees of the ranker, in numpy and in LightGBM."""

import lightgbm
import numpy as np
import pytest

from infra.training.artefact import forest_document
from infra.training.forests import BASE_LOG_ODDS, BoostedTrees
from tapeline.entities import UNITS_BY_ENTITY
from tapeline.ranking.features import FEATURES
from tapeline.ranking.forest import Forest
from tapeline.ranking.ranker import Ranker, default_ranker


def test_numpy_gives_what_lightgbm_gives() -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(400, 6)).round(2)
    target = ((rows[:, 0] > 0.3) ^ (rows[:, 1] + rows[:, 2] > 0)).astype(float)
    boosters = [
        lightgbm.train(
            {"objective": "binary", "seed": seed, "verbose": -1, "num_threads": 1},
            lightgbm.Dataset(rows, target, init_score=np.zeros(len(rows))),
            20,
        )
        for seed in range(2)
    ]
    forest = Forest.from_document(forest_document(BoostedTrees(boosters)))
    # The document's first tree is the base that all measures start from.
    base = forest.value[forest.roots[0]]
    assert base == BASE_LOG_ODDS
    expected = np.mean([booster.predict(rows, raw_score=True) for booster in boosters], axis=0)
    np.testing.assert_allclose(forest.evaluate(rows) - base, expected, atol=1e-4)
    assert np.ptp(expected) > 1


def test_a_forest_of_leaves_adds_them_up() -> None:
    leaf = {"feature": [], "threshold": [], "left": [], "right": [], "value": [1.5]}
    forest = Forest.from_document([leaf, leaf])
    assert forest.evaluate(np.zeros((3, 1))).tolist() == [3.0, 3.0, 3.0]
    assert Forest.from_document([]).evaluate(np.zeros((2, 1))).tolist() == [0.0, 0.0]


def test_the_artefact_has_the_features_of_the_code_and_says_how_it_was_made() -> None:
    ranker = default_ranker()
    names = [name for family in ranker.families for name in family.entities]
    assert sorted(names) == sorted(UNITS_BY_ENTITY)
    assert all(family.forest.feature.max() < len(FEATURES) for family in ranker.families)
    assert {"command", "rows_sha256", "rows", "pictures", "cross_validated_f1"} <= ranker.about.keys()


def test_an_artefact_of_other_features_is_refused() -> None:
    with pytest.raises(ValueError, match="make train"):
        Ranker.from_document({"features": ["age"]})
