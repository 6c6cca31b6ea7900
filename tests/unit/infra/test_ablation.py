"""Ablation: rows cross-validated without each part."""

from functools import partial

import pytest

from infra.training import ablation
from infra.training.ablation import ablate
from infra.training.examples import build_examples
from infra.training.forests import train_forest
from tapeline.ranking.features import FEATURE_SETS
from tests.unit.infra.small_truth import RATER, many_rows
from tests.unit.ranking.small_ranker import PRIORS


def test_each_part_is_left_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "train_forest", partial(train_forest, rounds=5, seeds=1))
    rows, scenes = many_rows(20, source="small")
    header, *lines = ablate(build_examples(rows, scenes, PRIORS, RATER), PRIORS, dealings=1)
    assert header.split("F1")[1].split() == ["small", "small", "height", "small", "width"]
    assert [line[:32].strip() for line in lines] == [
        "all",
        "without assigning together",
        "without the filter of votes",
        *(f"without {group}" for group in FEATURE_SETS),
    ]
    assert all(0 <= float(figure) <= 1 for line in lines for figure in line[32:].split())
