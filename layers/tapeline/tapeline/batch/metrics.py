"""What CloudWatch is told of the batch: of each file, of each worker call, and of each run."""

from collections.abc import Sequence

from tapeline.batch.report_document import ReportDocument
from tapeline.batch.shard_results import PictureResult
from tapeline.telemetry import Metric, count, stage_seconds


def file_metrics(*, rejected: bool) -> list[Metric]:
    """Return the metrics of a dropped file."""
    return [count("Files", 1), count("RejectedFiles", int(rejected))]


def shard_metrics(results: Sequence[PictureResult], *, cold_start: bool) -> list[Metric]:
    """Return the metrics of what one worker answered, at once and so while the run goes on.

    What a lost worker had answered is in none of them, and in the run's.
    """
    rows = [row for result in results for row in result.rows]
    return [
        count("Pictures", len(results)),
        count("Rows", len(rows)),
        count("RowErrors", sum(row.error_code is not None for row in rows)),
        count("ColdStarts", int(cold_start), function="inference"),
        *stage_seconds((result.milliseconds for result in results), "inference"),
    ]


def run_metrics(report: ReportDocument) -> list[Metric]:
    """Return the metrics of a run that has its outputs: what its report says."""
    return [
        count("Runs", 1),
        count("RunPictures", report.pictures_read),
        count("RunRows", report.rows),
        count("RunRowErrors", report.errors),
        Metric("RunErrorRate", "Percent", (100 * report.errors / report.rows if report.rows else 0.0,)),
        Metric("RunCost", "None", (report.estimated_cost_usd,)),
        *(count("RunErrorsByCode", rows, code=code) for code, rows in report.errors_by_code.items()),
        *(count("RunAnswersByConfidence", rows, band=band) for band, rows in report.confidence_bands.items()),
    ]
