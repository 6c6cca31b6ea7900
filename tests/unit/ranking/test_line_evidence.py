"""Line evidence: which line a measure stands on, and what the line is like."""

import numpy as np
import pytest

from tapeline.picture import Shapes, TextLine
from tapeline.ranking.line_evidence import COLUMNS, LineEvidence, lines_contradict
from tapeline.ranking.line_ratings import TERMS
from tapeline.ranking.ranker import MeasureSets, default_line_rater
from tapeline.reading.observing import scene_of
from tapeline.reading.scene import DIRECTIONS, Scene

RATER = default_line_rater()

type Segment = tuple[float, float, float, float]


def line(text: str, x: float, y: float, wide: float = 80, high: float = 24) -> TextLine:
    return TextLine(text, 0.9, ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high)))


def stroke(x1: float, y1: float, x2: float, y2: float) -> list[Segment]:
    """Return both sides of a dark stroke, as LSD gives them."""
    x, y = (x2 - x1) / np.hypot(x2 - x1, y2 - y1), (y2 - y1) / np.hypot(x2 - x1, y2 - y1)
    return [(x1 + y, y1 - x, x2 + y, y2 - x), (x2 - y, y2 + x, x1 - y, y1 + x)]


def scene(
    lines: list[TextLine],
    segments: list[Segment],
    outline: tuple[float, float, float, float] | None = (250, 150, 750, 650),
) -> Scene:
    return scene_of(lines, Shapes(np.array(segments, np.float32).reshape(-1, 4), outline), 1000, 800)


def evidence(seen: Scene) -> list[dict[str, float]]:
    measures = MeasureSets(seen, RATER).of("width").measures
    rows = LineEvidence(seen, RATER).of(measures)
    assert rows.shape == (len(measures), len(COLUMNS))
    assert np.isfinite(rows).all()
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows.tolist()]


def strengths(x: float, y: float, *segments: Segment) -> list[float]:
    measures = MeasureSets(scene([line("12 cm", x, y)], list(segments)), RATER).of("width")
    strength: list[float] = measures.strengths[0].tolist()
    return strength


def test_a_line_beside_the_text_counts_for_its_direction() -> None:
    flat, upright, oblique = strengths(460, 700, *stroke(200, 690, 800, 690))
    assert flat > 0.9
    assert upright == oblique == 0


def test_a_line_that_the_text_interrupts_counts() -> None:
    parts = stroke(500, 50, 500, 380) + stroke(500, 420, 500, 750)
    flat, upright, _ = strengths(460, 388, *parts)
    assert upright > 0.9
    assert flat == 0
    (row,) = evidence(scene([line("12 cm", 460, 388)], parts))
    assert (row["upright_broken"], row["own_broken"]) == (1.0, 1.0)
    assert row["own_length"] == pytest.approx(0.7)


def test_a_dashed_line_counts_as_a_line() -> None:
    dashes = [side for n in range(30) for side in stroke(200 + 16 * n, 690, 208 + 16 * n, 690)]
    assert strengths(396, 700, *dashes)[0] > 0.8


def test_a_line_far_off_counts_for_little() -> None:
    assert strengths(460, 700, *stroke(200, 100, 800, 100))[0] < 0.2
    assert strengths(460, 700, *stroke(150, 100, 450, 100))[0] < 0.05


def test_strokes_of_letters_are_no_lines() -> None:
    assert strengths(460, 700, (465, 710, 495, 710)) == [0.0, 0.0, 0.0]


def test_a_drawn_stroke_counts_more_than_the_edge_of_an_area() -> None:
    edge = (200.0, 650.0, 800.0, 650.0)
    flat, upright, _ = strengths(460, 660, edge, *stroke(450, 500, 450, 840))
    assert upright > flat


def test_the_columns_say_what_the_best_line_of_a_direction_is_like() -> None:
    segments = [*stroke(200, 676, 800, 676), (200.0, 660.0, 200.0, 690.0), (0.0, 100.0, 600.0, 100.0)]
    (row,) = evidence(scene([line("12 cm", 460, 700)], segments))
    assert row["flat_length"] == pytest.approx(0.6)
    assert row["flat_gap"] == pytest.approx(1.0)
    assert row["flat_off_centre"] == pytest.approx(0.0)
    assert (row["flat_stroke"], row["flat_broken"], row["flat_marked"]) == (1.0, 0.0, 0.5)
    assert (row["oblique_gap"], row["oblique_strength"], row["oblique_length"]) == (9.0, 0.0, 0.0)


def test_the_gap_is_measured_from_slanting_text_as_it_stands() -> None:
    slanting = TextLine("12 cm", 0.9, ((400, 400), (500, 500), (480, 520), (380, 420)))
    (row,) = evidence(scene([slanting], stroke(420, 380, 540, 500)))
    assert row["oblique_gap"] == pytest.approx(1.0, abs=0.01)
    assert row["own_parallel"] == 1.0


@pytest.mark.parametrize(
    ("segment", "tilt", "slope"),
    [
        ((200, 700, 500, 700), 0, 0.0),
        ((200, 700, 500, 640), 11.3, 0.385),
        ((200, 640, 500, 700), 11.3, -0.385),
        ((500, 700, 200, 640), 11.3, -0.385),
        ((350, 500, 350, 840), 90, 0.0),
    ],
)
def test_the_own_line_has_an_angle(segment: Segment, tilt: float, slope: float) -> None:
    (row,) = evidence(scene([line("12 cm", 310, 690)], stroke(*segment)))
    assert row["own_tilt"] == pytest.approx(tilt, abs=0.1)
    assert row["own_slope"] == pytest.approx(slope, abs=0.01)


def test_the_own_line_lies_somewhere_about_the_outline() -> None:
    (below,) = evidence(scene([line("12 cm", 460, 700)], stroke(250, 690, 750, 690)))
    assert [below["own_x"], below["own_y"]] == pytest.approx([0.0, 1.16])
    assert [below["own_outside"], below["own_part"]] == pytest.approx([1.0, 1.0])
    (left,) = evidence(scene([line("12 cm", 140, 388)], stroke(230, 275, 230, 525)))
    assert [left["own_x"], left["own_y"]] == pytest.approx([-1.08, 0.0])
    assert left["own_part"] == pytest.approx(0.5)


def test_without_an_outline_lines_lie_about_the_picture() -> None:
    (row,) = evidence(scene([line("12 cm", 460, 700)], stroke(250, 690, 750, 690), outline=None))
    assert [row["own_outside"], row["own_y"]] == pytest.approx([0.0, 0.725])


def test_one_line_serves_one_number() -> None:
    texts = [line("12 cm", 460, 700), line("30 cm", 460, 740)]
    near, far = evidence(scene(texts, stroke(200, 690, 800, 690)))
    assert near["own_strength"] == near["flat_strength"] > far["flat_strength"] > 0
    assert (far["own_strength"], far["own_gap"]) == (0.0, 9.0)


def test_a_number_gives_way_to_one_that_a_line_suits_better() -> None:
    """The second number stands nearer to the first one's line than to its own."""
    texts = [line("50 cm", 460, 700), line("12 cm", 760, 700)]
    first, second = evidence(scene(texts, stroke(300, 690, 700, 690) + stroke(715, 690, 835, 640)))
    assert first["own_tilt"] == pytest.approx(0, abs=0.1)
    assert second["own_tilt"] == pytest.approx(22.6, abs=0.1)


def test_members_of_a_group_share_their_line() -> None:
    texts = [line("30 x 20 x 10 cm", 400, 700, wide=200)]
    rows = evidence(scene(texts, stroke(200, 690, 800, 690)))
    assert [row["own_length"] for row in rows] == [pytest.approx(0.6)] * 3


def test_own_lines_are_compared_with_those_of_other_numbers() -> None:
    """Two lines along the lower edges of a box, and an upright one."""
    texts = [line("50 cm", 380, 700), line("20 cm", 720, 680), line("30 cm", 110, 400)]
    drawn = stroke(250, 690, 650, 690) + stroke(660, 688, 800, 620) + stroke(200, 250, 200, 550)
    rows = evidence(scene(texts, drawn))
    width, depth, height = (
        min(rows, key=lambda row: abs(row["own_tilt"] - tilt)) for tilt in (0.0, 26.0, 90.0)
    )
    assert depth["own_steeper"] == pytest.approx(25.9, abs=0.2)
    assert width["own_steeper"] == pytest.approx(-25.9, abs=0.2)
    assert width["own_longer"] == pytest.approx(np.log(400 / 155.6), abs=0.01)
    assert depth["own_longer"] == pytest.approx(-np.log(400 / 155.6), abs=0.01)
    assert (width["own_corner"], depth["own_corner"], height["own_corner"]) == (1.0, 1.0, 0.0)


def test_alone_a_line_is_neither_steeper_nor_longer() -> None:
    (row,) = evidence(scene([line("12 cm", 460, 700)], stroke(250, 690, 750, 690)))
    assert (row["own_steeper"], row["own_longer"], row["own_corner"]) == (0.0, 0.0, 0.0)
    assert row["own_margin"] == 10.0


def test_a_size_in_two_units_stands_on_the_line_beside_either() -> None:
    texts = [line("10 cm", 460, 700), line("3.94 in", 460, 730)]
    (row,) = evidence(scene(texts, stroke(250, 760, 750, 760)))
    assert row["own_gap"] == pytest.approx(6 / 24, abs=0.05)


def test_without_lines_there_is_no_evidence() -> None:
    (row,) = evidence(scene([line("12 cm", 460, 700)], []))
    assert {value for name, value in row.items() if not name.endswith("_gap")} == {0.0}
    assert {value for name, value in row.items() if name.endswith("_gap")} == {9.0}


def test_without_measures_there_is_no_evidence() -> None:
    assert evidence(scene([line("brand", 460, 700)], stroke(250, 760, 750, 760))) == []


def test_pairs_are_rated_by_the_terms() -> None:
    seen = scene([line("12 cm", 460, 700)], stroke(250, 690, 750, 690))
    terms = LineEvidence(seen, RATER).terms(MeasureSets(seen, RATER).of("width").measures)
    assert terms.shape == (1, 1, len(TERMS))


@pytest.mark.parametrize(
    ("direction", "contradicted"),
    [("flat", {"height"}), ("upright", {"width", "depth"}), ("oblique", set())],
)
def test_a_line_of_another_direction_contradicts_a_side(direction: str, contradicted: set[str]) -> None:
    strengths = np.array([[0.9 * (name == direction) for name in DIRECTIONS]])
    sides = {s for s in ("width", "height", "depth") if lines_contradict(strengths, s, least=0.06)[0]}
    assert sides == contradicted


def test_a_line_is_compared_with_those_of_its_figure_and_of_others() -> None:
    # A lighter with a cap, and a can beside it.
    lighter = [*stroke(200, 100, 200, 600), *stroke(220, 640, 300, 640), *stroke(320, 100, 320, 300)]
    can = [*stroke(600, 440, 600, 600), *stroke(620, 640, 740, 640)]
    texts = [
        line("19 cm", 100, 338), line("2 cm", 222, 650, 76), line("7 cm", 330, 188),
        line("12 cm", 510, 508), line("9 cm", 640, 650),
    ]  # fmt: skip
    seen = scene(texts, lighter + can)
    said = [measure.first.line.text for measure in MeasureSets(seen, RATER).of("width").measures]
    rows = dict(zip(said, evidence(seen), strict=True))
    long, flat, cap, upright, wide = (rows[text.text] for text in texts)
    assert {row["own_figures"] for row in rows.values()} == {2.0}
    assert (long["own_figure_lines"], upright["own_figure_lines"]) == (3.0, 2.0)
    assert (long["own_figure_upright"], long["own_figure_flat"], long["own_figure_oblique"]) == (
        2.0,
        1.0,
        0.0,
    )
    assert long["own_figure_part"] == 1.0 > wide["own_figure_part"]
    # It runs beside the cap's line and beside the can's.
    assert (long["own_outer"], long["own_inner"]) == (2.0, 0.0)
    assert (cap["own_outer"], cap["own_inner"]) == (0.0, 1.0)
    assert long["own_figure_lead"] == pytest.approx(np.log(2.5), abs=0.05) == -cap["own_figure_lead"]
    assert flat["own_figure_lead"] == wide["own_figure_lead"] == 2.0
    assert flat["own_lonely"] < 0.2
    assert abs(long["own_scale"]) < 0.05


def test_a_size_that_suits_its_line_less_than_others_is_out_of_scale() -> None:
    frame = [*stroke(200, 100, 200, 600), *stroke(220, 640, 520, 640), *stroke(540, 300, 540, 600)]
    seen = scene([line("50 cm", 100, 338), line("30 cm", 330, 650), line("300 cm", 550, 438)], frame)
    scales = [row["own_scale"] for row in evidence(seen)]
    assert sorted(round(scale, 1) for scale in scales) == [0.0, 0.0, 1.0]
