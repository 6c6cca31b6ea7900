"""The trees of the ranker, in numpy and in LightGBM."""

import lightgbm
import numpy as np
import pytest

from infra.training.growing import Grown, calibrate, forest_document
from tapeline.ranking.calibration import Calibration
from tapeline.ranking.features import FEATURES
from tapeline.ranking.forest import Forest
from tapeline.ranking.ranker import default_ranker


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
    forest = Forest.from_document(forest_document(Grown(boosters)))
    # The document's first tree is the base that all measures start from.
    base = forest.value[forest.roots[0]]
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
    assert {name for family in ranker.families for name in family.entities} == {
        "width", "height", "depth", "item_weight", "maximum_weight_recommendation", "voltage", "wattage",
        "item_volume",
    }  # fmt: skip
    assert all(family.forest.feature.max() < len(FEATURES) for family in ranker.families)
    assert {"command", "rows_sha256", "resnet50"} <= ranker.about.keys()


def test_an_artefact_of_other_features_is_refused() -> None:
    with pytest.raises(ValueError, match="make train"):
        type(default_ranker()).from_document({"features": ["age"]})


def test_confidence_rises_with_the_rating_and_is_a_share() -> None:
    ratings = [float(n) for n in range(100)]
    points, shares = calibrate(ratings, [n % 4 != 0 if n < 50 else n % 10 != 0 for n in range(100)])
    assert shares == sorted(shares)
    assert points == sorted(points)
    line = Calibration(np.array(points), np.array(shares))
    assert 0.6 < line.confidence(25) < 0.8 < line.confidence(80) < 1
    assert line.confidence(-1e9) >= 0
