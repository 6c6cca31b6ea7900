"""Features of measures, whatever was read and drawn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.picture import Shapes, TextLine
from tapeline.ranking.features import FEATURES, compute_features
from tapeline.ranking.ranker import MeasureSets
from tapeline.ranking.rules import rule_log_odds
from tapeline.reading.observing import scene_of
from tapeline.reading.scene import Scene
from tests.unit.ranking.small_ranker import PRIORS

PIXELS = st.floats(0, 2000, width=32)
TEXTS = st.sampled_from(
    ["12 cm", "W: 3.5 in", "10 x 20 x 30 mm", "1 lb 2 oz", "100-240V", "Net wt", "5"]
) | st.text(min_size=1, max_size=30)


def line(text: str, x: float, y: float, wide: float, high: float) -> TextLine:
    return TextLine(text, 0.9, ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high)))


def scene(lines: list[TextLine], segments: list[tuple[float, float, float, float]]) -> Scene:
    return scene_of(lines, Shapes(np.array(segments, np.float32).reshape(-1, 4), None), 1000, 800)


@given(
    st.lists(st.builds(line, TEXTS, PIXELS, PIXELS, PIXELS, PIXELS), max_size=8),
    st.lists(st.tuples(PIXELS, PIXELS, PIXELS, PIXELS), max_size=12),
    st.sampled_from(sorted(UNITS_BY_ENTITY)),
)
def test_features_are_finite_whatever_was_seen(
    lines: list[TextLine], segments: list[tuple[float, float, float, float]], entity: str
) -> None:
    seen = scene(lines, segments)
    measures = MeasureSets(seen).of(entity)
    features = compute_features(measures, entity, PRIORS)
    odds = rule_log_odds(measures, entity, PRIORS)
    assert features.shape == (len(measures), len(FEATURES))
    assert odds.shape == (len(measures),)
    assert np.isfinite(features).all()
    assert np.isfinite(odds).all()


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
