"""Ablation: rows answered without each part."""

from functools import partial

import pytest

from infra.training import ablation
from infra.training.ablation import ObservedRows, ablate, best_possible, rules_alone
from infra.training.examples import build_examples
from infra.training.forests import BASE_LOG_ODDS, train_forest
from infra.training.report import f1_header, f1_line
from tapeline.ranking.features import FEATURE_SETS
from tapeline.ranking.ranker import MeasureSets
from tapeline.ranking.rules import rule_log_odds
from tests.unit.infra.small_truth import drawn_scene, many_rows, truth_row
from tests.unit.ranking.small_ranker import PRIORS, small_ranker


def test_each_part_is_left_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "train_forest", partial(train_forest, rounds=5, seeds=1))
    rows, scenes = many_rows(24)
    observed = ObservedRows(rows, scenes)
    found = dict(ablate(build_examples(rows, scenes, PRIORS), observed, observed, small_ranker()))
    assert list(found) == [
        *(f"without {group}" for group in FEATURE_SETS),
        "without the filter of votes",
        "without weighing sides together",
        "without the second OCR pass",
        "rules alone",
        "the best of what was read",
    ]
    assert {len(outcomes) for outcomes in found.values()} == {len(rows)}
    assert f1_line("best", found["the best of what was read"], ["vote"]).split() == ["best", "1.000"]
    assert f1_header(["vote"]).split()[-1] == "vote"


def test_rules_alone_have_no_trees() -> None:
    scene = drawn_scene(33, 44)
    ranker = rules_alone(small_ranker())
    assert not ranker.together
    for entity in ("height", "item_weight"):
        rated = ranker.rate(scene, [entity])[entity]
        log_odds = rule_log_odds(MeasureSets(scene).of(entity), entity, PRIORS)
        expected = sorted(log_odds + BASE_LOG_ODDS, reverse=True)
        assert [measure.rating for measure in rated] == pytest.approx(expected)


def test_the_best_possible_is_limited_by_what_was_read() -> None:
    link = "https://e.org/a.jpg"
    rows = [
        truth_row("height", "33 centimetre"),
        truth_row("width", "45 centimetre"),
        truth_row("depth"),
        truth_row("height", "33 centimetre", link="https://e.org/missing.jpg"),
    ]
    observed = ObservedRows(rows, {link: drawn_scene(33, 44)})
    assert [result for _, result in best_possible(observed, small_ranker())] == ["tp", "fn", "tn"]
    assert [row for row, _ in observed.answer(small_ranker())] == rows[:3]
