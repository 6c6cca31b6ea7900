"""Each thing is observed and worked out once for a picture, however many entities ask for it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tapeline.entities import SIDES
from tapeline.picture import Picture, Shapes, TextLine
from tapeline.ranking import line_evidence, ranker
from tapeline.ranking.choosing import choose_answers
from tapeline.ranking.forest import Forest
from tapeline.ranking.measures import Measure
from tapeline.reading import observing
from tapeline.reading.observing import observe
from tests.unit.ranking.small_ranker import small_ranker

LINES = 16


class Reader:
    """Reads 16 lines, of which each has a length."""

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        return [
            TextLine(f"{number + 5} cm", 0.9, ((x, y), (x + 60, y), (x + 60, y + 20), (x, y + 20)))
            for number, (x, y) in enumerate((100.0 * (n % 4), 100.0 * (n // 4)) for n in range(LINES))
        ]


class Finder:
    """Finds one segment."""

    def find(self, picture: Picture) -> Shapes:
        return Shapes(np.array([[10, 390, 390, 390]], np.float32), None)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counted: Counter[str] = Counter()

    def count(owner: Any, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def counting(*arguments: Any, **named: Any) -> Any:
            counted[name] += 1
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, counting)

    count(observing, "find_quantities")
    count(ranker, "find_candidates")
    count(ranker, "find_measures")
    count(Measure, "of")
    count(line_evidence, "_distances")
    count(Forest, "evaluate")
    return counted


def test_three_sides_of_a_picture_with_16_lines(calls: Counter[str]) -> None:
    scene = observe(Picture(np.zeros((400, 400, 3), np.uint8), 400, 400), SIDES, Reader(), Finder())
    answers = choose_answers(scene, SIDES, ranker=small_ranker())
    assert len(scene.lines) == LINES
    assert set(answers) == set(SIDES)
    assert calls == {
        "find_quantities": LINES,
        "find_candidates": 1,
        "find_measures": 1,
        "of": LINES,
        # The line evidence of all measures.
        "_distances": 1,
        "evaluate": len(SIDES),
    }


def test_what_competes_for_weights_shares_the_line_evidence(calls: Counter[str]) -> None:
    text = [
        TextLine(f"{number + 5} kg", 0.9, ((x, 50), (x + 60, 50), (x + 60, 70), (x, 70)))
        for number, x in enumerate((10.0, 150.0, 300.0))
    ]
    scene = observing.scene_of(text, Finder().find(Picture(np.zeros((1, 1, 3), np.uint8), 1, 1)), 400, 400)
    choose_answers(scene, ["item_weight", "maximum_weight_recommendation"], ranker=small_ranker())
    assert (calls["find_candidates"], calls["_distances"], calls["evaluate"]) == (1, 1, 3)
