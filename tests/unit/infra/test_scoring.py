"""The challenge's score."""

import pytest

from infra.training.scoring import Outcome, calibration_error, f1_interval, outcome, scores
from tapeline.quantities import parse_quantity
from tests.unit.infra.small_truth import truth_row


@pytest.mark.parametrize(
    ("answers", "prediction", "expected"),
    [
        (("2 pound", "907 gram"), "907 gram", "tp"),
        (("2 pound",), "907 gram", "fp"),
        (("2 pound",), "2.00001 pound", "tp"),
        (("2 pound",), "", "fn"),
        ((), "", "tn"),
        ((), "2 pound", "fp"),
    ],
)
def test_outcomes_are_the_challenge_s(answers: tuple[str, ...], prediction: str, expected: str) -> None:
    quantity = parse_quantity(prediction) if prediction else None
    assert outcome(truth_row("item_weight", *answers), quantity) == expected


def test_f1_leaves_true_negatives_out() -> None:
    score = scores([("a", "tp"), ("a", "tp"), ("a", "fp"), ("b", "fn"), ("b", "tn")])["all"]
    assert (score.rows, score.precision, score.recall) == (5, 2 / 3, 2 / 3)
    assert score.f1 == pytest.approx(2 / 3)


def test_each_kind_has_a_score_and_all_comes_first() -> None:
    found = scores([("b", "tp"), ("a", "fp")])
    assert list(found) == ["all", "a", "b"]
    assert [score.rows for score in found.values()] == [2, 1, 1]
    assert (found["a"].precision, found["a"].recall, found["a"].f1) == (0.0, 0.0, 0.0)


def test_an_interval_is_wider_where_rows_share_pictures() -> None:
    right: list[Outcome] = ["tp", "tp", "fp", "tp"]
    apart = f1_interval([(f"{number}", right[number % 4]) for number in range(200)])
    together = f1_interval([(f"{number % 20}", right[number % 4]) for number in range(200)])
    assert 0.6 < together[0] < apart[0] < 6 / 7 < apart[1] < together[1] < 1.0
    assert f1_interval([("a", "tp")]) == (1.0, 1.0)
    assert f1_interval([("a", "tn")]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("probabilities", "came_true", "expected"),
    [
        ([], [], 0.0),
        ([1.0, 0.0], [True, False], 0.0),
        ([0.75] * 4, [True, True, True, False], 0.0),
        ([0.95, 0.95], [True, False], 0.45),
        ([0.95, 0.05], [False, False], 0.5),
    ],
)
def test_calibration_error(probabilities: list[float], came_true: list[bool], expected: float) -> None:
    assert calibration_error(probabilities, came_true) == pytest.approx(expected)
