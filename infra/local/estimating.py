"""What a CSV would take on AWS, reckoned on this machine: ``tapeline estimate``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tapeline.batch.estimate import Estimate, Pace, count_input, estimate_run
from tapeline.batch.report_document import ReportDocument
from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import SettingsError

# Bytes of the CSV that are read at once. Chosen by hand.
_CHUNK_BYTES: Final = 64 * 1024

# Characters of a refused row's message that are printed. Chosen by hand: two lines of a terminal.
_SHOWN_LENGTH: Final = 160


def estimate_csv(
    csv: Path, entities: EntitySet = EIGHT, *, workers: int | None = None, report: Path | None = None
) -> Estimate:
    """Estimate what a CSV would take with the template's defaults.

    Args:
        csv: The file.
        entities: The entities that its rows can ask for.
        workers: Shards that run at once; None for the default of ``RunConcurrency``.
        report: The report.json of a run, for its time of a picture; None for the documented one.

    Raises:
        RejectedInputError: The file can't be used as a whole.
        CorruptObjectError: The report can't be read.
        SettingsError: The report is of a run that read no picture.
    """
    default = Pace()
    pace = Pace(
        workers=default.workers if workers is None else workers,
        seconds_per_picture=default.seconds_per_picture if report is None else _seconds(report),
    )
    with csv.open("rb") as file:
        counts = count_input(iter(lambda: file.read(_CHUNK_BYTES), b""), entities=entities)
    return estimate_run(counts, pace)


def describe(estimate: Estimate) -> str:
    """Return an estimate in a few lines."""
    lines = [
        f"{estimate.rows} rows on {estimate.pictures} pictures; {estimate.refused_rows} would be refused"
    ]
    for code, item in (estimate.refused or {}).items():
        lines.append(f"  {item.rows} {code}, the first is row {item.first}: {_shorten(item.error)}")
    lines.append(
        f"about {estimate.minutes:g} minutes and {estimate.usd:.2f} dollars on AWS, in {estimate.shards} "
        f"shards on {estimate.workers} workers, at {estimate.seconds_per_picture:.2f} s a picture"
    )
    return "\n".join(lines)


def dump(estimate: Estimate) -> str:
    """Return an estimate as JSON."""
    return json.dumps(asdict(estimate), indent=2)


def _seconds(report: Path) -> float:
    seconds = ReportDocument.load(report.read_bytes()).seconds_per_picture
    if seconds is None:
        raise SettingsError(
            f"expected a report of read pictures, received {report} without any: leave it out"
        )
    return seconds


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."
