"""Metrics and spans as plain values."""

from tapeline.telemetry import SILENT, Metric, Span, consecutive, count, side_by_side, stage_seconds

PICTURES = [{"fetch": 100.0, "read": 400.0}, {"fetch": 300.0}]


def test_stages_are_metrics_with_a_value_for_each_picture_that_reached_them() -> None:
    assert stage_seconds(PICTURES, "inference") == [
        Metric("StageSeconds", "Seconds", (0.1, 0.3), {"function": "inference", "stage": "fetch"}),
        Metric("StageSeconds", "Seconds", (0.4,), {"function": "inference", "stage": "read"}),
    ]


def rounded(spans: list[Span]) -> list[Span]:
    return [Span(span.name, round(span.start, 6), round(span.seconds, 6)) for span in spans]


def test_the_stages_of_one_picture_follow_one_another_up_to_its_end() -> None:
    spans = rounded(consecutive(PICTURES[0], 1000.0))
    assert spans == [Span("fetch", 999.5, 0.1), Span("read", 999.6, 0.4)]
    assert consecutive({}, 1000.0) == []


def test_the_stages_of_many_pictures_are_added_up() -> None:
    spans = rounded(side_by_side(PICTURES, 1000.0))
    assert spans == [Span("fetch", 1000.0, 0.4), Span("read", 1000.0, 0.4)]


def test_where_nobody_looks_nothing_happens() -> None:
    SILENT.emit([count("Runs", 1)])
    SILENT.trace([Span("read", 0, 1)])
