"""Line evidence: how a measure stands to the segments around it."""

import numpy as np
import pytest

from tapeline.picture import Shapes, TextLine
from tapeline.ranking.line_evidence import COLUMNS, LineEvidence
from tapeline.ranking.ranker import MeasureSets
from tapeline.reading.observing import scene_of
from tapeline.reading.scene import Scene


def line(text: str, x: float, y: float, wide: float, high: float) -> TextLine:
    return TextLine(text, 0.9, ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high)))


def scene(lines: list[TextLine], segments: list[tuple[float, float, float, float]]) -> Scene:
    return scene_of(lines, Shapes(np.array(segments, np.float32).reshape(-1, 4), None), 1000, 800)


def strengths(x: float, y: float, *segments: tuple[float, float, float, float]) -> list[float]:
    lines = [line("12 cm", x, y, 80, 24)]
    measures = MeasureSets(scene(lines, list(segments))).of("width")
    strength: list[float] = measures.strengths[0].tolist()
    return strength


def test_a_line_beside_the_text_counts_for_its_axis() -> None:
    flat, upright, oblique = strengths(460, 700, (200, 690, 800, 690))
    assert flat > 0.2
    assert upright == oblique == 0


def test_a_line_that_the_text_interrupts_counts() -> None:
    flat, upright, _ = strengths(460, 388, (500, 50, 500, 380), (500, 420, 500, 750))
    assert upright > 0.5
    assert flat == 0


def test_a_dashed_line_counts_as_a_line() -> None:
    dashes = [(200.0 + 20 * n, 690.0, 212.0 + 20 * n, 690.0) for n in range(30)]
    assert strengths(460, 700, *dashes)[0] > 0.2


def test_a_line_far_off_counts_for_little() -> None:
    assert strengths(460, 700, (200, 100, 800, 100))[0] < 0.01


def test_strokes_of_letters_are_no_lines() -> None:
    assert strengths(460, 700, (462, 710, 530, 710)) == [0.0, 0.0, 0.0]


def test_the_columns_say_how_far_off_and_how_long_the_best_segment_is() -> None:
    lines = [line("12 cm", 460, 700, 80, 24)]
    seen = scene(lines, [(200, 676, 800, 676), (0, 100, 600, 100)])
    (row,) = LineEvidence(seen).of(MeasureSets(seen).of("width").measures)
    evidence = dict(zip(COLUMNS, row.tolist(), strict=True))
    assert evidence["flat_length"] == pytest.approx(0.6)
    assert evidence["flat_gap"] == pytest.approx(1.0)
    assert evidence["flat_off_centre"] == pytest.approx(0.0)
    assert (evidence["upright_gap"], evidence["upright_near"], evidence["line_angle"]) == (9.0, 0.0, 0.0)


def test_without_segments_there_is_no_evidence() -> None:
    seen = scene([line("12 cm", 460, 700, 80, 24)], [])
    (row,) = LineEvidence(seen).of(MeasureSets(seen).of("width").measures)
    assert {value for name, value in zip(COLUMNS, row, strict=True) if not name.endswith("_gap")} == {0.0}
