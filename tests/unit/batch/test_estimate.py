"""What a file would take, beside what a run of it does take."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samtranslator.yaml_helper import yaml_parse

from tapeline.batch import keys
from tapeline.batch.documents import RejectionDocument, RunDocument
from tapeline.batch.estimate import (
    COLD_START_SECONDS,
    FAN_OUT_MEGABYTES,
    REDUCER_MEGABYTES,
    SECONDS_PER_PICTURE,
    Estimate,
    InputCounts,
    Pace,
    RefusedRows,
    count_input,
    estimate_run,
)
from tapeline.batch.fan_out import Sharding, fan_out
from tapeline.batch.prices import gigabyte_seconds, workers_usd
from tapeline.batch.report import ReportBuilder
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.download.links import S3Prefix
from tapeline.errors import RejectedInputError
from tests.unit.batch.helpers import SOURCE, start, stats, table
from tests.unit.fakes import Executions, MemoryStore

TEMPLATE = yaml_parse((Path(__file__).parents[3] / "template.yaml").read_text())
HEADER = "image_link,entity_name"


def count(*lines: str, allowed: list[S3Prefix] | None = None) -> InputCounts:
    return count_input(["\n".join([HEADER, *lines]).encode()], allowed)


def test_rows_are_counted_with_their_distinct_pictures() -> None:
    found = count(
        "https://a.example/1.jpg,width", "https://a.example/1.jpg,depth", "https://a.example/2.jpg,width"
    )
    assert found == InputCounts(rows=3, pictures=2, refused_pictures=0, refused={})


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("https://a.example/1.jpg,width,more", "bad_row"),
        ("https://a.example/1.jpg,colour", "unknown_entity"),
        ("ftp://a.example/1.jpg,width", "bad_link"),
        ("http://10.0.0.1/1.jpg,width", "blocked_address"),
        ("http://[::1]/1.jpg,width", "blocked_address"),
        ("s3://shop/1.jpg,width", "blocked_address"),
    ],
)
def test_a_row_that_would_be_refused_is_counted_under_its_code(line: str, code: str) -> None:
    found = count("https://b.example/1.jpg,width", line, line, allowed=[S3Prefix("drop", "images/")])
    assert found.refused is not None
    assert [(name, item.rows, item.first) for name, item in found.refused.items()] == [(code, 2, 1)]
    assert found.refused[code].error.startswith("expected ")
    assert (found.rows, found.pictures, found.refused_pictures) == (3, 2, 1)


@pytest.mark.parametrize("link", ["s3://drop/images/1.jpg", "https://8.8.8.8/1.jpg", "https://x1/1.jpg"])
def test_other_rows_are_not_refused(link: str) -> None:
    assert count(f"{link},width", allowed=[S3Prefix("drop", "images/")]).refused == {}


def test_where_s3_links_may_lead_is_left_open_without_a_deployment() -> None:
    assert count("s3://anywhere/1.jpg,width").refused == {}


def test_a_picture_with_one_good_row_is_read() -> None:
    assert count("https://a.example/1.jpg,colour", "https://a.example/1.jpg,width").refused_pictures == 0


def test_a_file_that_cannot_be_used_is_rejected_as_a_run_would_reject_it() -> None:
    with pytest.raises(RejectedInputError, match="image_link"):
        count_input([b"a,b\n"])


def test_an_estimate_is_reckoned_from_the_pace() -> None:
    counts = InputCounts(1000, 800, 0, {})
    found = estimate_run(counts, Pace(4, 50, memory_megabytes=2048, seconds_per_picture=2))
    # 16 shards of 50 in four turns, of 100 s each.
    assert (found.shards, found.minutes) == (16, round((400 + COLD_START_SECONDS + 0.09) / 60, 1))
    seconds = 800 * 2 + 4 * COLD_START_SECONDS
    assert found.usd == pytest.approx(workers_usd(seconds * 2, 16, 3 * 16 + 106), rel=0.01)
    assert (found.refused_rows, found.workers, found.seconds_per_picture) == (0, 4, 2)


def test_a_small_file_takes_one_cold_start_and_a_few_pictures() -> None:
    assert estimate_run(InputCounts(24, 12), Pace()).minutes == round(
        (COLD_START_SECONDS + 4 * SECONDS_PER_PICTURE) / 60, 1
    )


def test_nothing_takes_nothing() -> None:
    assert estimate_run(InputCounts(0, 0), Pace()) == Estimate(
        0, 0, None, None, 0, 0.0, 0.0, SECONDS_PER_PICTURE, 40
    )


@pytest.mark.parametrize(("rows", "pictures"), [(131_187, 90_666), (5_000_000, 3_450_000)])
def test_docs_scale_md_has_the_estimates_of_its_runs(rows: int, pictures: int) -> None:
    found = estimate_run(InputCounts(rows, pictures), Pace())
    table = (Path(__file__).parents[3] / "docs/scale.md").read_text().split("## Before a run")[1]
    (line,) = [line for line in table.splitlines() if line.startswith("|") and f"| {rows:,} |" in line]
    _, _, shards, minutes, usd = [cell.strip() for cell in line.split("|")][3:8]
    assert shards == f"{found.shards:,}"
    assert float(minutes.replace(",", "")) == pytest.approx(found.minutes, abs=0.5)
    assert float(usd) == pytest.approx(found.usd, abs=0.5)


@given(st.integers(0, 10_000_000), st.integers(1, 1000), st.integers(1, 1000))
def test_more_rows_never_take_less(rows: int, workers: int, largest: int) -> None:
    pace = Pace(workers, largest)
    less, more = (estimate_run(InputCounts(count, count), pace) for count in (rows, rows + 1000))
    # Larger shards may be fewer, which begin fewer workers.
    assert less.usd <= more.usd or more.shards < less.shards
    assert 0 <= less.minutes <= more.minutes


def test_counts_and_shards_are_those_of_a_run() -> None:
    body = table([f"https://a.example/{number % 7}.jpg" for number in range(30)])
    pace = Pace(workers=2, largest_shard=4)
    found = estimate_run(count_input([body]), pace)
    _, results, _, outcome = start(body)
    document = RunDocument.load(results.read(keys.run_document_key(outcome.run)))
    assert (found.rows, found.pictures, found.shards) == (document.rows, document.pictures, document.shards)


def test_the_price_of_workers_is_the_report_s() -> None:
    builder = ReportBuilder(RunDocument("r", SOURCE, 1, 1, 1))
    builder.add_shard(stats(seconds=100.0, memory_megabytes=3008))
    assert builder.build().estimated_cost_usd == round(workers_usd(gigabyte_seconds(100, 3008), 1, 2), 6)


def test_the_pace_of_a_run_is_in_its_report() -> None:
    builder = ReportBuilder(RunDocument("r", SOURCE, 4, 4, 1))
    assert builder.build().seconds_per_picture is None
    builder.add_shard(stats(seconds=6.0))
    for position in range(4):
        builder.add_picture(PictureResult((RowAnswer(position),)))
    assert builder.build().seconds_per_picture == 1.5


def test_the_defaults_are_the_template_s() -> None:
    parameters = {name: item.get("Default") for name, item in TEMPLATE["Parameters"].items()}
    assert Pace() == Pace(
        parameters["RunConcurrency"],
        parameters["LargestShard"],
        parameters["InferenceMemory"],
        parameters["SecondsPerPicture"],
    )
    functions = TEMPLATE["Resources"]
    assert functions["FanOutFunction"]["Properties"]["MemorySize"] == FAN_OUT_MEGABYTES
    assert functions["ReducerFunction"]["Properties"]["MemorySize"] == REDUCER_MEGABYTES


def rejected(most_usd: float) -> tuple[MemoryStore, Executions]:
    drop, results, executions = MemoryStore(), MemoryStore(), Executions()
    drop.objects[SOURCE.key] = table([f"https://a.example/{number}.jpg" for number in range(100)])
    fan_out(SOURCE, drop, results, executions, Sharding(Pace(), 1000, most_usd))
    return results, executions


def test_a_file_that_would_cost_too_much_is_rejected_with_its_estimate_and_before_any_shard() -> None:
    results, executions = rejected(0.001)
    assert results.written == [keys.rejection_key(SOURCE)]
    assert not executions.payloads
    document = RejectionDocument.load(results.read(keys.rejection_key(SOURCE)))
    assert document.estimate == estimate_run(InputCounts(100, 100), Pace())
    assert document.expected == "a file that costs at most 0.00 dollars"
    assert document.advice.endswith("MaxRunCost")


def test_a_file_within_its_limit_is_started() -> None:
    assert rejected(10.0)[1].payloads


def test_another_rejection_has_no_estimate() -> None:
    _, results, _, _ = start(b"a,b\n")
    assert RejectionDocument.load(results.read(keys.rejection_key(SOURCE))).estimate is None


def test_refused_rows_are_written_and_read_with_a_rejection() -> None:
    error = RejectedInputError(expected="a", received="b", advice="c")
    estimate = Estimate(1, 1, 1, {"bad_link": RefusedRows(1, 0, "expected")}, 1, 0.1, 0.2, 1.0, 40)
    document = RejectionDocument.of(error, SOURCE, estimate)
    assert RejectionDocument.load(document.dump()) == document
