"""Cross-validation: nothing is chosen by trees that know the picture."""

from collections.abc import Sequence

import numpy as np
import pytest

from infra.training.cross_validation import CrossValidation, cross_validate, outcomes
from infra.training.examples import Example, build_examples
from infra.training.forests import BoostedTrees, train_forest
from infra.training.report import cross_validation_report
from tests.unit.infra.small_truth import RATER, drawn_scene, many_rows, truth_row
from tests.unit.ranking.small_ranker import PRIORS


def test_nothing_is_chosen_by_trees_that_know_the_picture() -> None:
    rows, scenes = many_rows(24, source="small")
    examples = build_examples(rows, scenes, PRIORS, RATER)
    rated: list[str] = []

    def train(known: Sequence[Example], family: Sequence[str]) -> BoostedTrees:
        links = {example.link for example in known}

        class Trees(BoostedTrees):
            def rate(self, example: Example) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
                assert example.link not in links
                assert example.entity in family
                rated.append(example.link)
                return super().rate(example)

        return Trees(train_forest(known, family, rounds=5, seeds=1).boosters)

    found = cross_validate(examples, train=train)
    assert set(rated) == set(scenes)
    assert len(rated) == len(examples)
    for example, ratings, probabilities in zip(examples, found.ratings, found.probabilities, strict=True):
        assert len(ratings) == len(example.measures)
        assert len(probabilities) == len(ratings) + 1
        assert probabilities.sum() == pytest.approx(1.0)
    report = cross_validation_report(outcomes(found, PRIORS)).split()
    assert report[report.index("small") + 1] == str(len(rows))
    assert report[report.index("under") : report.index("under") + 5] == ["under", "6", "text", "lines", "72"]


@pytest.mark.parametrize(
    ("probabilities", "expected"), [([0.5, 0.1, 0.4], "tp"), ([0.1, 0.1, 0.8], "fn"), ([0.1, 0.5, 0.4], "fp")]
)
def test_an_outcome_abstains_where_silence_is_more_probable(
    probabilities: list[float], expected: str
) -> None:
    row = truth_row("height", "90 centimetre")
    examples = build_examples([row], {row.image_link: drawn_scene(90, 40)}, PRIORS, RATER)
    (example,) = (e for e in examples if e.row)
    found = CrossValidation([example], [np.zeros(2)], [np.array(probabilities)])
    assert [result for _, result in outcomes(found, PRIORS)] == [expected]
    assert found.is_best_right(0) == (expected != "fp")


def test_without_a_measure_nothing_is_best() -> None:
    row = truth_row("voltage", "12 volt")
    (example,) = build_examples([row], {row.image_link: drawn_scene(90, 40)}, PRIORS, RATER)
    found = CrossValidation([example], [np.zeros(0)], [np.ones(1)])
    assert found.best(0) is None
    assert not found.is_best_right(0)
    assert [result for _, result in outcomes(found, PRIORS)] == ["fn"]
