"""What CloudWatch is told, beside what report.json says."""

from pathlib import Path

from tapeline.batch import keys
from tapeline.batch.corrections import Correction, corrections_key, dump_corrections
from tapeline.batch.documents import RunDocument
from tapeline.batch.fan_out import tell_outcome
from tapeline.batch.inference import Worker, infer_shard
from tapeline.batch.reducer import reduce_run
from tapeline.batch.report_document import ReportDocument
from tapeline.errors import ErrorCode, RowError
from tests.unit.batch.helpers import SOURCE, UNHURRIED, components, shards, start, table
from tests.unit.fakes import Fetcher, Notices, Seen


def refuse(link: str) -> None:
    if link == "bad":
        raise RowError(ErrorCode.HTTP_STATUS, "expected a picture, received 404")


def test_the_metrics_of_a_run_are_the_figures_of_its_report(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a", "b", "bad", "bad", "c", "d", "e"]))
    workers, run = Seen(), Seen()
    for shard in shards(results, outcome.run):
        infer_shard(outcome.run, shard, results, components(Fetcher(refuse)), UNHURRIED, telemetry=workers)
    reduce_run(outcome.run, drop, results, tmp_path, run)
    report = ReportDocument.load(results.read(keys.output_keys(SOURCE)[keys.REPORT]))
    assert report.errors_by_code == {"http_status": 2}
    assert workers.total("Pictures") == run.total("RunPictures") == report.pictures_read == 6
    assert workers.total("Rows") == run.total("RunRows") == report.rows == 7
    assert workers.total("RowErrors") == run.total("RunRowErrors") == report.errors == 2
    assert run.total("RunErrorsByCode", code="http_status") == 2
    assert sum(report.confidence_bands.values()) == report.answered == 5
    for band, rows in report.confidence_bands.items():
        assert run.total("RunAnswersByConfidence", band=band) == rows
    assert run.total("RunCost") == report.estimated_cost_usd > 0
    assert run.total("RunErrorRate") == 100 * 2 / 7
    assert run.total("Runs") == 1
    assert {span.name for span in workers.spans} == {"fetch", "decode", "read", "answer"}
    assert workers.total("StageSeconds", stage="read", function="inference") > 0


def test_a_worker_s_first_shard_is_a_cold_start() -> None:
    _, results, _, outcome = start(table(["a"]))
    seen = Seen()
    cold = Worker(lambda: 1000.0, 0, 3008, cold_start=True)
    infer_shard(outcome.run, "00000", results, components(), cold, telemetry=seen)
    assert seen.total("ColdStarts", function="inference") == 1


def test_a_shard_that_is_complete_is_not_counted_twice() -> None:
    _, results, _, outcome = start(table(["a"]))
    infer_shard(outcome.run, "00000", results, components(), UNHURRIED)
    seen = Seen()
    infer_shard(outcome.run, "00000", results, components(), UNHURRIED, telemetry=seen)
    assert seen.metrics == []


def test_an_empty_run_has_no_error_rate_of_its_own(tmp_path: Path) -> None:
    drop, results, _, outcome = start(b"image_link,entity_name\n")
    seen = Seen()
    reduce_run(outcome.run, drop, results, tmp_path, seen)
    assert seen.total("RunErrorRate") == 0


def test_a_file_is_counted_and_a_rejected_one_twice() -> None:
    seen, notices = Seen(), Notices()
    for body in (table(["a"]), b"a,b\n"):
        tell_outcome(start(body)[-1], "results", notices, seen)
    assert (seen.total("Files"), seen.total("RejectedFiles")) == (2, 1)
    assert len(notices.sent) == 1


def test_outputs_made_anew_are_of_a_run_that_was_counted(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a"]))
    run = outcome.run
    document = RunDocument.load(results.read(keys.run_document_key(run)))
    seen = Seen()
    reduce_run(run, drop, results, tmp_path, seen)
    counted = len(seen.metrics)
    assert counted
    decided = dump_corrections({0: Correction(0, "0", "a", "item_weight", "", "5 kilogram")})
    results.write(corrections_key(document), decided, content_type="text/csv")
    reduce_run(run, drop, results, tmp_path, seen)
    assert len(seen.metrics) == counted
