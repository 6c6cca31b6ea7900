"""The challenge's score."""

import pytest

from infra.training.scoring import outcome, scores
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
