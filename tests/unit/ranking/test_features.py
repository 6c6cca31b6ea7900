"""Features of measures, whatever was read and drawn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.picture import Shapes, TextLine
from tapeline.ranking.features import FEATURES, compute_features
from tapeline.ranking.priors import Category, Sizes
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
    for category in ("", "752266"):
        features = compute_features(measures, entity, PRIORS, category)
        assert features.shape == (len(measures), len(FEATURES))
        assert np.isfinite(features).all()


def test_a_category_says_how_unusual_a_size_is_for_it() -> None:
    seen = scene([line("4 cm", 100, 100, 200, 30), line("40 cm", 100, 400, 200, 30)], [])
    measures = MeasureSets(seen, RATER).of("depth")
    posters = Category(300, {"width": Sizes(100, 2.7, 0.2), "depth": Sizes(100, 0.5, 0.2)})
    priors = replace(PRIORS, general={"depth": Sizes(900, 2.3, 0.5)}, categories={"posters": posters})
    known, unknown = (
        dict(zip(FEATURES, compute_features(measures, "depth", priors, category).T, strict=True))
        for category in ("posters", "")
    )
    sizes = [float(measure.first.quantity.value) for measure in measures.measures]
    # 4 cm are 1.6 decades of a millimetre: 5.5 deviations above the posters'.
    assert known["category_offset"][sizes.index(4)] == pytest.approx((1.602 - 0.5) / 0.2, abs=0.01)
    assert known["category_distance"][sizes.index(40)] > known["category_distance"][sizes.index(4)]
    assert unknown["category_distance"][sizes.index(40)] < 1
    assert known["category_depth_width"][0] == pytest.approx(-2.2)
    assert (known["category_rows"] > 5).all()
    assert (unknown["category_rows"] == 0).all()
