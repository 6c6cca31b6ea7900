"""Training forests, from rows to an artefact that rates."""

import json

import numpy as np
import pytest

from infra.training.abstaining import ABSTAIN_RATIO
from infra.training.artefact import dump, ranker_document
from infra.training.cross_validation import assign
from infra.training.examples import build_examples
from infra.training.forests import FAMILIES, TrainingData, choice_loss, train_forest
from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import GroundTruthError
from tapeline.picture import FloatArray
from tapeline.quantities import format_prediction
from tapeline.ranking.calibration import Calibration
from tapeline.ranking.choosing import choose_answers
from tapeline.ranking.features import FEATURE_SETS
from tapeline.ranking.ranker import Decision, Ranker
from tests.unit.infra.small_truth import RATER, drawn_scene, many_rows, truth_row
from tests.unit.ranking.small_ranker import PRIORS, small_ranker

CURVE = Calibration(np.array([-3.0, 3.0]), np.array([0.1, 0.9]))
DECISIONS = dict.fromkeys(UNITS_BY_ENTITY, Decision(CURVE, CURVE, ABSTAIN_RATIO))
ASSIGNMENTS = small_ranker().assignments


def test_what_is_trained_is_what_rates() -> None:
    rows, scenes = many_rows(60)
    examples = build_examples(
        [row for row in rows if row.entity_name != "item_weight"], scenes, PRIORS, RATER
    )
    sides = train_forest(examples, FAMILIES[0], rounds=20, seeds=1)
    document = ranker_document(
        [sides, sides],
        [sides, sides],
        ASSIGNMENTS,
        DECISIONS,
        priors=PRIORS,
        rater=RATER,
        about={"command": "test"},
    )
    ranker = Ranker.from_document(json.loads(dump(document)))
    assert ranker.about == {"command": "test"}
    assert ranker.priors == PRIORS
    assert ranker.decisions["depth"].abstain_ratio == pytest.approx(ABSTAIN_RATIO, abs=1e-4)
    ratings = [sides.rate(example) for example in examples]
    chosen = assign(examples, ratings, range(len(examples)), ASSIGNMENTS)
    for index, example in enumerate(examples):
        rated = ranker.rate(example.scene, [example.entity])[example.entity]
        np.testing.assert_allclose(
            [*(measure.probability for measure in rated.measures), rated.silence],
            [*np.sort(chosen[index][:-1])[::-1], chosen[index][-1]],
            atol=1e-3,
        )
    answers = choose_answers(drawn_scene(33, 44), ["height", "width"], ranker=ranker)
    assert format_prediction(answers["height"].quantity) == "33 centimetre"
    assert format_prediction(answers["width"].quantity) == "44 centimetre"


@pytest.mark.parametrize(("without", "is_used"), [("", True), ("shape", True), ("lines", False)])
def test_a_group_of_features_can_be_hidden(without: str, *, is_used: bool) -> None:
    rows, scenes = many_rows(60)
    trees = train_forest(
        build_examples(rows, scenes, PRIORS, RATER), FAMILIES[0], without=without, rounds=20, seeds=1
    )
    for booster in trees.boosters:
        splits = dict(zip(booster.feature_name(), booster.feature_importance(), strict=True))
        assert (sum(splits[name] for name in FEATURE_SETS["lines"]) > 0) == is_used


def test_the_loss_of_choices_has_the_derivatives_of_its_likelihood() -> None:
    # Three examples: one right measure of three, two of two, and none of one.
    targets, choices = np.array([1.0, 0, 0, 1, 1, 0]), np.array([0, 0, 0, 1, 1, 2])
    weights = np.array([1.0, 1, 1, 0.5, 0.5, 2])
    data = TrainingData(np.zeros((6, 1)), targets, weights, choices)
    scores = np.array([0.3, -1.2, 2.0, 0.1, -0.4, 1.5])

    def loss(values: FloatArray) -> float:
        odds = np.exp(values)
        return sum(
            float(weights[own][0] * (np.log1p(odds[own].sum()) - np.log((odds * targets)[own].sum() or 1.0)))
            for own in (choices == number for number in range(3))
        )

    first, second = choice_loss(data, scores)
    step = 1e-5
    for index in range(len(scores)):
        off = np.eye(len(scores))[index] * step
        slope = (loss(scores + off) - loss(scores - off)) / (2 * step)
        assert first[index] == pytest.approx(slope, abs=1e-6)
    assert (second > 0).all()


def test_half_of_the_trees_choose_among_measures() -> None:
    rows, scenes = many_rows(60)
    trees = train_forest(build_examples(rows, scenes, PRIORS, RATER), FAMILIES[0], rounds=20, seeds=1)
    assert len(trees.boosters) == 2
    assert trees.boosters[0].model_to_string() != trees.boosters[1].model_to_string()


def test_training_again_gives_the_same_bytes() -> None:
    rows, scenes = many_rows(30)
    examples = build_examples(rows, scenes, PRIORS, RATER)
    texts = set()
    for _ in range(2):
        forests = [train_forest(examples, family, rounds=3, seeds=2) for family in FAMILIES]
        texts.add(
            dump(
                ranker_document(
                    forests, forests, ASSIGNMENTS, DECISIONS, priors=PRIORS, rater=RATER, about={}
                )
            )
        )
    assert len(texts) == 1


def test_a_family_without_ground_truth_is_refused() -> None:
    row = truth_row("height", "90 centimetre")
    examples = build_examples([row], {row.image_link: drawn_scene(90, 40)}, PRIORS, RATER)
    with pytest.raises(GroundTruthError, match="voltage"):
        train_forest(examples, FAMILIES[1])


def test_every_entity_has_a_family() -> None:
    assert sorted(name for family in FAMILIES for name in family) == sorted(UNITS_BY_ENTITY)
