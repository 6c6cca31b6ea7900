import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.batch.documents import RunDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.report import ReportBuilder
from tapeline.batch.report_document import ReportDocument
from tapeline.batch.rows import Row
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.batch.spool import AnsweredRow
from tapeline.errors import CorruptObjectError
from tests.unit.batch.helpers import stats

RUN = RunDocument("test-1", InputObject("drop", "incoming/tést.csv", "v1", "tag"), 6, 5, 2)


def row(entity: str) -> Row:
    return Row(0, "7", "https://example.com/a.jpg", entity, (), None)


def times(*spent: float, stage: str = "read") -> ReportBuilder:
    builder = ReportBuilder(RUN)
    for milliseconds in spent:
        builder.add_picture(PictureResult((RowAnswer(0),), milliseconds={stage: milliseconds}))
    return builder


def test_a_report_without_anything_byte_for_byte() -> None:
    assert ReportBuilder(RUN).build().dump().decode() == (
        '{\n  "run": "test-1",\n  "input": {\n    "bucket": "drop",\n    "key": "incoming/t\\u00e9st.csv",\n'
        '    "version": "v1"\n  },\n  "rows": 0,\n  "answered": 0,\n  "empty": 0,\n  "errors": 0,\n'
        '  "errors_by_code": {},\n  "entities": {},\n'
        '  "confidence_bands": {\n    "0.0-0.5": 0,\n    "0.5-0.7": 0,\n'
        '    "0.7-0.9": 0,\n    "0.9-1.0": 0\n  },\n'
        '  "pictures": 5,\n  "pictures_read": 0,\n'
        '  "shards": {\n    "planned": 2,\n    "answered": 0,\n    "broken": 0\n  },\n'
        '  "milliseconds": {\n    "fetch": null,\n'
        '    "decode": null,\n    "classify": null,\n    "read": null,\n    "answer": null\n  },\n'
        '  "worker_seconds": 0.0,\n  "cold_starts": 0,\n  "resnet50": "absent",\n  "model_hashes": {},\n'
        '  "code_versions": [],\n  "estimated_cost_usd": 0.0,\n  "reruns": [],\n'
        '  "review": {\n    "threshold": 0.0,\n    "unsure": 0,\n    "confirmed": 0,\n    "corrected": 0,\n'
        '    "thumbnails": 0,\n    "confidence": [\n' + ",\n".join(["      0"] * 20) + "\n    ]\n  },\n"
        '  "first_errors": {}\n}'
    )


def test_rows_are_counted_by_entity_and_unknown_entities_together() -> None:
    builder = ReportBuilder(RUN)
    builder.add_row(row("width"), AnsweredRow(0, "1 inch"))
    builder.add_row(row("width"), AnsweredRow(1))
    builder.add_row(row("width"), AnsweredRow(2, error_code="timeout"))
    builder.add_row(row("voltage"), AnsweredRow(3, "1 volt"))
    builder.add_row(row("colour"), AnsweredRow(4, error_code="unknown_entity"))
    builder.add_row(row("taste"), AnsweredRow(5, error_code="unknown_entity"))
    assert (builder.rows, builder.errors) == (6, 3)
    report = json.loads(builder.build().dump())
    assert [report[name] for name in ("rows", "answered", "empty", "errors")] == [6, 2, 1, 3]
    assert list(report["errors_by_code"].items()) == [("timeout", 1), ("unknown_entity", 2)]
    assert list(report["entities"].items()) == [
        ("unknown", {"answered": 0, "empty": 0, "errors": 2}),
        ("voltage", {"answered": 1, "empty": 0, "errors": 0}),
        ("width", {"answered": 1, "empty": 1, "errors": 1}),
    ]


def test_the_cost_is_the_workers_time_and_memory_and_a_little_for_each_shard() -> None:
    builder = ReportBuilder(RUN)
    builder.add_shard(stats("00000", seconds=1000.0, memory_megabytes=3008, cold_start=True))
    builder.add_shard(stats("00001", seconds=500.04, memory_megabytes=2048, cold_start=True))
    builder.add_shard(stats("00001-7", seconds=0.0))
    report = builder.build()
    gigabyte_seconds = 1000 * 3008 / 1024 + 500.04 * 2
    each = 0.0000002 + 3 * 0.000025 + 2 * 0.000005
    assert report.estimated_cost_usd == pytest.approx(gigabyte_seconds * 0.0000166667 + 3 * each, abs=1e-6)
    assert report.estimated_cost_usd == round(report.estimated_cost_usd, 6)
    assert (report.worker_seconds, report.cold_starts) == (1500.0, 2)
    assert (report.shards.planned, report.shards.answered) == (2, 3)


def test_a_shard_with_several_results_is_one_shard() -> None:
    builder = ReportBuilder(RUN)
    builder.add_shard(stats("00000", seconds=10.0, cold_start=True), last=False)
    builder.add_shard(stats("00001", seconds=1.0, cold_start=True), last=False)
    builder.add_shard(stats("00000", seconds=20.0, cold_start=True))
    builder.add_broken()
    report = builder.build()
    assert (report.shards.answered, report.shards.broken) == (1, 1)
    assert (report.worker_seconds, report.cold_starts) == (31.0, 2)


def test_a_row_that_was_lost_counts_under_its_entity_only_where_that_is_known() -> None:
    builder = ReportBuilder(RUN)
    for entity in ("width", "colour", "taste"):
        builder.add_row(row(entity), AnsweredRow(-1, error_code="shard_lost"))
    assert {name: counts.errors for name, counts in builder.build().entities.items()} == {
        "unknown": 2,
        "width": 1,
    }


@given(st.lists(st.integers(0, 100_000), min_size=2, max_size=50))
def test_percentiles_are_those_of_the_standard_library(tenths: list[int]) -> None:
    read = times(*(value / 10 for value in tenths)).build().milliseconds["read"]
    cuts = statistics.quantiles(tenths, n=20, method="inclusive")
    assert read is not None
    assert (read.p50, read.p95) == pytest.approx((cuts[9] / 10, cuts[18] / 10), abs=0.051)


def test_times_of_a_stage_that_this_version_lacks_are_left_out() -> None:
    assert "dream" not in times(1.0, stage="dream").build().milliseconds


@pytest.mark.parametrize(
    ("spent", "p50", "p95"),
    [((7.25,), 7.2, 7.2), ((1.0, 3.0), 2.0, 2.9), (tuple(map(float, range(101))), 50.0, 95.0)],
)
def test_times_are_reported_by_their_median_and_95th_percentile(
    spent: tuple[float, ...], p50: float, p95: float
) -> None:
    report = times(*spent).build()
    assert report.pictures_read == len(spent)
    read = report.milliseconds["read"]
    assert read is not None
    assert (read.p50, read.p95) == (p50, p95)
    assert [name for name, value in report.milliseconds.items() if value is None] == [
        "fetch",
        "decode",
        "classify",
        "answer",
    ]


def test_models_and_versions_are_those_of_all_workers() -> None:
    builder = ReportBuilder(RUN)
    builder.add_shard(stats("00000", code_version="0.2"))
    builder.add_shard(stats("00001", code_version="0.1", model_hashes={"weights.h5": "ab"}))
    builder.add_shard(stats("00002", code_version="0.2"))
    report = builder.build()
    assert report.code_versions == ("0.1", "0.2")
    assert (report.resnet50, report.model_hashes) == ("present", {"weights.h5": "ab"})


def test_a_report_comes_back() -> None:
    builder = times(1.0, 2.0)
    builder.add_shard(stats())
    builder.add_row(row("width"), AnsweredRow(0, "1 inch"))
    report = builder.build()
    assert ReportDocument.load(report.dump()) == report
    assert ReportDocument.load(ReportBuilder(RUN).build().dump()).worker_seconds == 0


def test_something_else_than_a_report_is_reported() -> None:
    with pytest.raises(CorruptObjectError, match="expected a run's report: run: Field required"):
        ReportDocument.load(b'{"rows": 1}')
