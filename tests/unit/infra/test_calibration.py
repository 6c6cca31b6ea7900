"""Calibrating confidence on cross-validated ratings."""

import numpy as np
import pytest

from infra.training.calibration import calibrate, calibrate_family
from infra.training.examples import build_examples
from infra.training.forests import FAMILIES
from tapeline.errors import GroundTruthError
from tests.unit.infra.small_truth import drawn_scene, truth_row
from tests.unit.ranking.small_ranker import PRIORS


def test_confidence_rises_with_the_rating_and_is_a_share() -> None:
    ratings = [float(n) for n in range(100)]
    curve = calibrate(ratings, [n % 4 != 0 if n < 50 else n % 10 != 0 for n in range(100)])
    assert curve.shares.tolist() == sorted(curve.shares)
    assert curve.ratings.tolist() == sorted(curve.ratings)
    assert 0.6 < curve.confidence(25) < 0.8 < curve.confidence(80) < 1
    assert curve.confidence(-1e9) >= 0


def test_groups_whose_shares_fall_are_pooled_and_equal_ones_keep_their_points() -> None:
    right = [False] * 10 + [True] * 5 + [False] * 5 + [True] * 10
    curve = calibrate([float(n) for n in range(30)], right)
    wrong, all_right = round(0.5 / 6, 4), round(5.5 / 6, 4)
    assert curve.ratings.tolist() == [2.0, 7.0, 14.5, 22.0, 27.0]
    assert curve.shares.tolist() == [wrong, wrong, 0.5, all_right, all_right]


def test_few_answers_are_one_group() -> None:
    curve = calibrate([1.0, 2.0], [True, False])
    assert (curve.ratings.tolist(), curve.shares.tolist()) == ([1.5], [0.5])


def test_a_contradicted_vote_counts_as_wrong() -> None:
    wrong = truth_row("width", "90 centimetre")
    examples = build_examples([wrong], {wrong.image_link: drawn_scene(90, 40)}, PRIORS)
    ratings = [np.array([2.0, 1.0]) for _ in examples]
    curve = calibrate_family(examples, ratings, FAMILIES[0], PRIORS)
    assert (curve.ratings.tolist(), curve.shares.tolist()) == ([2.0], [0.25])
    with pytest.raises(GroundTruthError, match="item_weight"):
        calibrate_family(examples, ratings, FAMILIES[1], PRIORS)
