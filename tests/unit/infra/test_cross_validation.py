"""Cross-validation: no example is rated by trees that know its picture."""

from collections.abc import Sequence

import numpy as np
import pytest

from infra.training import cross_validation
from infra.training.cross_validation import best_quantity, cross_validate, outcomes
from infra.training.examples import Example, build_examples
from infra.training.forests import BoostedTrees, train_forest
from infra.training.report import cross_validation_report
from tests.unit.infra.small_truth import drawn_scene, many_rows, truth_row
from tests.unit.ranking.small_ranker import PRIORS


def test_no_example_is_rated_by_trees_that_know_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, scenes = many_rows(24)
    examples = build_examples(rows, scenes, PRIORS)
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

    monkeypatch.setattr(cross_validation, "train_forest", train)
    ratings = cross_validate(examples)
    assert set(rated) == set(scenes)
    assert len(rated) == len(examples)
    assert [len(values) for values in ratings] == [len(example.measures) for example in examples]
    report = cross_validation_report(outcomes(examples, ratings, PRIORS)).split()
    assert report[report.index("vote") + 1] == str(len(rows))
    assert report[report.index("under") : report.index("under") + 5] == ["under", "6", "text", "lines", "72"]


def test_an_outcome_abstains_below_the_threshold() -> None:
    row = truth_row("height", "90 centimetre")
    examples = build_examples([row], {row.image_link: drawn_scene(90, 40)}, PRIORS)
    (example,) = (e for e in examples if e.row)
    unsure, sure = np.array([-9.0, -10.0]), np.array([1.0, -1.0])
    assert [result for _, result in outcomes([example], [unsure], PRIORS)] == ["fn"]
    assert [result for _, result in outcomes([example], [sure], PRIORS)] == ["tp"]
    assert best_quantity(example, np.zeros(0), PRIORS) is None
