"""The head on ResNet50: fitted to pictures, written into the artefact, and asked where nothing was read."""

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from infra.training.cache import CachedClassifier, JsonCache
from infra.training.examples import ask
from infra.training.growing import FAMILIES, HEAD, dump, grow, ranker_document
from infra.training.heads import fit_head
from infra.training.labels import LabelledRow
from tapeline.head import Head
from tapeline.picture import Classification, Features, Picture, TextLine
from tapeline.quantities import Quantity
from tapeline.ranking.choosing import choose_answers
from tapeline.ranking.features import APPEARANCE, FEATURES, Scene
from tapeline.ranking.ranker import Ranker, default_priors
from tapeline.reading.passes import NO_SHAPES

RANDOM = np.random.default_rng(5)
KINDS = [RANDOM.random(2048), RANDOM.random(2048)]
"""What two kinds of products look like."""


def looks_like(kind: int) -> Features:
    return (KINDS[kind] + 0.05 * RANDOM.random(2048)).astype(np.float32)


def scene(kind: int | None, *lines: TextLine) -> Scene:
    return Scene(lines, NO_SHAPES, 400, 400, None if kind is None else looks_like(kind))


def line(text: str) -> TextLine:
    return TextLine(text, 0.9, ((50, 50), (200, 50), (200, 80), (50, 80)))


def labelled(count: int, *, agree: bool) -> tuple[list[LabelledRow], dict[str, Scene]]:
    """Pictures of both kinds: those of one kind weigh the same, where they agree."""
    rows, scenes = [], {}
    for place in range(count):
        link, kind = f"https://e.org/{place}.jpg", place % 2
        grams = (100, 500)[kind] if agree else place + 1
        answers = frozenset({Quantity(Decimal(grams), "gram")})
        rows.append(LabelledRow(str(place), link, "item_weight", answers, silent=False))
        scenes[link] = scene(kind, line(f"{grams} g"))
    return rows, scenes


def train(rows: list[LabelledRow], scenes: dict[str, Scene]) -> Ranker:
    head = fit_head(rows, scenes)
    questions = ask(rows, scenes, default_priors(), head)
    grown = [grow(questions, FAMILIES[1], rounds=5, seeds=1)] * 2
    document = ranker_document(grown, [([0.0], [0.5])] * 2, default_priors(), {}, head)
    return Ranker.from_document(json.loads(dump(document)))


def predict(ranker: Ranker, seen: Scene, entity: str = "item_weight") -> str:
    return choose_answers(seen, [entity], ranker=ranker)[entity].prediction


def test_where_nothing_was_read_similar_pictures_answer() -> None:
    ranker = train(*labelled(80, agree=True))
    assert predict(ranker, scene(0)) == "100 gram"
    assert predict(ranker, scene(1)) == "500 gram"
    answer = choose_answers(scene(1), ["item_weight"], ranker=ranker)["item_weight"]
    assert (answer.text, answer.box) == ("", None)
    assert answer.confidence > 0.9
    assert predict(ranker, scene(1), "voltage") == ""


def test_what_was_read_goes_before_what_similar_pictures_have() -> None:
    ranker = train(*labelled(80, agree=True))
    assert predict(ranker, scene(0, line("Net weight 250 g"))) == "250 gram"
    assert predict(ranker, scene(0, line("Best quality"))) == ""


def test_without_pooled_features_a_head_is_silent() -> None:
    assert predict(train(*labelled(80, agree=True)), scene(None)) == ""


def test_similar_pictures_that_disagree_are_not_asked() -> None:
    ranker = train(*labelled(80, agree=False))
    assert ranker.head is not None
    assert ranker.head.neighbourhoods == {}
    assert predict(ranker, scene(0)) == ""


def test_too_few_pictures_make_no_head() -> None:
    assert fit_head(*labelled(6, agree=True)) is None
    rows, scenes = labelled(80, agree=True)
    assert fit_head(rows, {link: replace(seen, pooled=None) for link, seen in scenes.items()}) is None


def test_the_compression_tells_kinds_apart_and_is_written_exactly() -> None:
    head = fit_head(*labelled(80, agree=True))
    assert head is not None
    same = abs(head.appearance(looks_like(0)) - head.appearance(looks_like(0)))
    other = abs(head.appearance(looks_like(0)) - head.appearance(looks_like(1)))
    assert other[0] > 1.5 > same[0]
    again = Head.from_document(json.loads(json.dumps(head.document())))
    assert again.document() == head.document()


def test_the_columns_of_the_head_follow_the_others_and_can_be_hidden() -> None:
    rows, scenes = labelled(80, agree=True)
    questions = ask(rows, scenes, default_priors(), fit_head(rows, scenes))
    assert questions[0].features.shape[1] == len(FEATURES) + len(APPEARANCE)
    grown = grow(questions, FAMILIES[1], without=HEAD, rounds=5, seeds=1)
    used = grown.boosters[0].feature_importance()
    assert not used[len(FEATURES) :].any()


def test_an_artefact_with_a_head_s_columns_and_no_head_is_refused() -> None:
    rows, scenes = labelled(80, agree=True)
    head = fit_head(rows, scenes)
    grown = [grow(ask(rows, scenes, default_priors(), head), FAMILIES[1], rounds=2, seeds=1)] * 2
    document = ranker_document(grown, [([0.0], [0.5])] * 2, default_priors(), {}, head)
    del document["head"]
    with pytest.raises(ValueError, match="train it again"):
        Ranker.from_document(document)


def test_pooled_features_are_computed_once(tmp_path: Path) -> None:
    class Network:
        calls = 0

        @property
        def model_hashes(self) -> dict[str, str]:
            return {}

        def classify(self, pictures: Sequence[Picture]) -> list[Classification]:
            Network.calls += len(pictures)
            return [Classification((), looks_like(0)) for _ in pictures]

    picture = Picture(np.zeros((8, 8, 3), np.uint8), 8, 8)
    first, second = (
        CachedClassifier(Network, JsonCache(tmp_path), "a").classify([picture])[0].features for _ in range(2)
    )
    assert Network.calls == 1
    assert first.shape == (2048,)
    assert (first == second).all()
    CachedClassifier(Network, JsonCache(tmp_path), "other weights").classify([picture])
    assert Network.calls == 2
