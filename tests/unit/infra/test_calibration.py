"""Calibrating confidence on cross-validated ratings."""

from collections.abc import Sequence

import numpy as np
import pytest

from infra.training.abstaining import ABSTAIN_RATIO
from infra.training.calibration import calibrate, calibrate_decisions
from infra.training.cross_validation import CrossValidation
from infra.training.examples import build_examples
from infra.training.ground_truth import TruthRow
from tapeline.errors import GroundTruthError
from tests.unit.infra.small_truth import RATER, drawn_scene, truth_row
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


def validated(rows: Sequence[TruthRow], *probabilities: list[float]) -> CrossValidation:
    """Return rows of one picture, with probabilities of its two measures (90 and 40 cm) and of silence."""
    examples = build_examples(rows, {rows[0].image_link: drawn_scene(90, 40)}, PRIORS, RATER)
    own = [example for example in examples if example.row]
    return CrossValidation(own, [np.zeros(2)] * len(own), [np.array(values) for values in probabilities])


def test_a_contradicted_vote_counts_as_wrong_and_does_not_calibrate_sides() -> None:
    wrong = truth_row("width", "90 centimetre")
    read = truth_row("height", "90 centimetre", source="small")
    decisions = calibrate_decisions(validated([wrong, read], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]))
    assert decisions["width"].confidence.shares.tolist() == [0.75]
    assert decisions["height"].confidence is decisions["width"].confidence
    with pytest.raises(GroundTruthError, match="add rows"):
        calibrate_decisions(validated([wrong], [0.5, 0.3, 0.2]))


def test_silence_is_calibrated_too() -> None:
    rows = [truth_row("depth", source="small"), truth_row("width", "40 centimetre", source="small")]
    decisions = calibrate_decisions(validated(rows, [0.1, 0.3, 0.6], [0.1, 0.8, 0.1]))
    assert decisions["depth"].stated.shares.tolist() == [0.25]
    assert decisions["width"].stated.shares.tolist() == [0.75]
    # Entities without rows take the curve of all.
    assert decisions["voltage"].stated.shares.tolist() == [0.5]
    assert {d.abstain_ratio for d in decisions.values()} == {ABSTAIN_RATIO}
