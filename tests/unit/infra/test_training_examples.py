"""Examples: what the ground truth says of each measure in a picture."""

import numpy as np

from infra.training.examples import build_examples, is_contradicted, match_mask, training_targets
from tests.unit.infra.small_truth import RATER, drawn_scene, truth_row
from tests.unit.ranking.small_ranker import PRIORS


def test_a_vote_that_its_line_contradicts_is_a_negative() -> None:
    wrong = truth_row("width", "90 centimetre")
    examples = build_examples([wrong], {wrong.image_link: drawn_scene(90, 40)}, PRIORS, RATER)
    (example,) = (e for e in examples if e.row is wrong)
    assert is_contradicted(example)
    targets = training_targets(example)
    assert targets is not None
    assert targets.values[0] == 0
    believed = training_targets(example, filter_votes=False)
    assert believed is not None
    assert believed.values[0] == 1


def test_only_votes_are_contradicted() -> None:
    read = truth_row("width", "90 centimetre", source="hand")
    examples = build_examples([read], {read.image_link: drawn_scene(90, 40)}, PRIORS, RATER)
    assert not any(map(is_contradicted, examples))


def test_an_answer_to_height_is_none_to_width() -> None:
    height = truth_row("height", "90 centimetre")
    examples = build_examples([height], {height.image_link: drawn_scene(90, 40)}, PRIORS, RATER)
    (width,) = (e for e in examples if e.entity == "width")
    targets = training_targets(width)
    assert targets is not None
    assert targets.values[0] == 0
    assert np.isnan(targets.values[1])


def test_an_answer_to_weight_is_none_to_a_load() -> None:
    weight = truth_row("item_weight", "90 kilogram")
    examples = build_examples([weight], {weight.image_link: drawn_scene(90, 40)}, PRIORS, RATER)
    assert [e.entity for e in examples] == ["item_weight", "maximum_weight_recommendation", "item_volume"]
    own, load, _ = map(training_targets, examples)
    assert own is not None
    assert load is not None
    assert (own.values.tolist(), load.values.tolist()) == ([1.0], [0.0])


def test_unread_votes_and_the_catalogue_weigh_less() -> None:
    link = "https://e.org/a.jpg"
    rows = [
        truth_row("item_weight", "91 kilogram", source=source) for source in ("hand", "catalogue", "vote")
    ]
    examples = build_examples(rows, {link: drawn_scene(90, 40)}, PRIORS, RATER)
    targets = [training_targets(e) for e in examples if e.row]
    weights = [float(found.weights[0]) for found in targets if found]
    assert weights[0] == 1
    assert sorted(weights, reverse=True) == weights
    assert len(set(weights)) == 3


def test_a_measure_matches_in_any_of_its_units_and_pictures_that_are_missing_are_left_out() -> None:
    row = truth_row("height", "900 millimetre", "90 centimetre")
    missing = truth_row("height", "90 centimetre", link="https://e.org/missing.jpg")
    examples = build_examples([row, missing], {row.image_link: drawn_scene(90, 40)}, PRIORS, RATER)
    assert {e.link for e in examples} == {row.image_link}
    (height,) = (e for e in examples if e.row)
    assert match_mask(height, row).tolist() == [True, False]
