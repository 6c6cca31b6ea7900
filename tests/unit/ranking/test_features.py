"""Features of measures, whatever was read and drawn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.picture import Shapes, TextLine
from tapeline.ranking.features import FEATURES, compute_features
from tapeline.ranking.ranker import MeasureSets, default_line_rater
from tapeline.reading.observing import scene_of
from tapeline.reading.scene import Scene
from tests.unit.ranking.small_ranker import PRIORS

RATER = default_line_rater()

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
    measures = MeasureSets(seen, RATER).of(entity)
    features = compute_features(measures, entity, PRIORS)
    assert features.shape == (len(measures), len(FEATURES))
    assert np.isfinite(features).all()
