"""Who waits for a run is told how it ended: an event for programs, and a mail for people."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from tapeline.batch import keys
from tapeline.batch.documents import RejectionDocument, RunDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.report_document import ReportDocument
from tapeline.errors import CorruptObjectError, ObjectMissingError, printable
from tapeline.ports import Notifier, ObjectStore

# How a run, or a dropped file that became none, ended.
type EndState = Literal["succeeded", "failed", "rejected"]

# Characters of a mail's subject at most, all of them ASCII.
# Source: docs.aws.amazon.com/sns/latest/api/API_Publish.html
_SUBJECT_LENGTH: Final = 99

# Characters of the reason for a failure: a traceback's last lines fit. An event has at most 256 KB:
# docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
_REASON_LENGTH: Final = 2000


# The first line of a mail, with the file's address.
_HEADLINES: Final[Mapping[EndState, str]] = {
    "succeeded": "{} is answered.",
    "failed": "The run of {} failed, and has no outputs.",
    "rejected": "{} can't be used as it is, and nothing was started.",
}

# The event's detail-type.
_KINDS: Final[Mapping[EndState, str]] = {
    "succeeded": "Run ended",
    "failed": "Run ended",
    "rejected": "File rejected",
}


@dataclass(frozen=True, slots=True)
class RunNotice:
    """How a run ended: the detail of the event.

    Attributes:
        run: The run's name.
        state: ``succeeded``, with outputs; ``failed``, without; ``rejected``, and never started.
        input: The dropped file, as ``s3://bucket/key``; None where the run's description is gone.
        version: The file's version; None in a bucket without versioning.
        rows: Rows in the input; None where they weren't counted.
        answered: Rows with a prediction.
        empty: Rows without a prediction and without an error.
        errors: Rows with an error code.
        errors_by_code: Error code -> rows.
        estimated_cost_usd: US dollars for the workers; None where there is no report.
        outputs: Where the outputs are, as ``s3://bucket/prefix/``; None where there are none.
        report: Where report.json or rejected.json is; None where there is none.
        reason: Why the run failed or the file was rejected; None where neither is so.
    """

    run: str
    state: EndState
    input: str | None = None
    version: str | None = None
    rows: int | None = None
    answered: int = 0
    empty: int = 0
    errors: int = 0
    errors_by_code: Mapping[str, int] = field(default_factory=dict)
    estimated_cost_usd: float | None = None
    outputs: str | None = None
    report: str | None = None
    reason: str | None = None


def notice_of_run(run: str, failure: str | None, results: ObjectStore, bucket: str) -> RunNotice:
    """Return the notice of a run whose execution has ended.

    Args:
        run: The run's name.
        failure: Why the execution failed; None where it succeeded.
        results: The results bucket.
        bucket: Its name.

    Raises:
        ObjectMissingError: The execution succeeded, and its report isn't there.
        CorruptObjectError: The execution succeeded, and its report or description can't be read.
    """
    if failure is not None:
        return _failed(run, failure, results)
    source = RunDocument.load(results.read(keys.run_document_key(run))).source
    report_key = keys.output_key(source, keys.REPORT, run)
    report = ReportDocument.load(results.read(report_key))
    return RunNotice(
        run=run,
        state="succeeded",
        input=_uri(source.bucket, source.key),
        version=source.version,
        rows=report.rows,
        answered=report.answered,
        empty=report.empty,
        errors=report.errors,
        errors_by_code=report.errors_by_code,
        estimated_cost_usd=report.estimated_cost_usd,
        outputs=_uri(bucket, keys.results_prefix(source.stem, run)),
        report=_uri(bucket, report_key),
    )


def notice_of_rejection(document: RejectionDocument, bucket: str) -> RunNotice:
    """Return the notice of a file that was rejected.

    Args:
        document: What rejected.json says.
        bucket: The results bucket's name.
    """
    source, estimate = document.input, document.estimate
    return RunNotice(
        run=source.run,
        state="rejected",
        input=_uri(source.bucket, source.key),
        version=source.version,
        rows=None if estimate is None else estimate.rows,
        estimated_cost_usd=None if estimate is None else estimate.usd,
        report=_uri(bucket, keys.rejection_key(source)),
        reason=str(document.to_error()),
    )


def send_notice(notice: RunNotice, notifier: Notifier) -> None:
    """Send a notice as an event and as a mail."""
    notifier.notify(
        _KINDS[notice.state], json.dumps(asdict(notice)), write_subject(notice), write_mail(notice)
    )


def write_subject(notice: RunNotice) -> str:
    """Return the subject of a notice's mail: ASCII in one line."""
    counts = f", {notice.errors} of {notice.rows} rows with errors" if notice.errors else ""
    # The run's name is ASCII, whatever the file's is.
    return f"Tapeline {notice.state}: {notice.run}{counts}"[:_SUBJECT_LENGTH]


def write_mail(notice: RunNotice) -> str:
    """Return the text of a notice's mail."""
    lines = [_HEADLINES[notice.state].format(notice.input or notice.run), "", f"Run: {notice.run}"]
    if notice.state == "succeeded":
        lines.append(
            f"Rows: {notice.rows}, of which {notice.answered} answered, {notice.empty} empty, "
            f"{notice.errors} with errors"
        )
        lines += [f"  {rows} {code}" for code, rows in notice.errors_by_code.items()]
    if notice.estimated_cost_usd is not None:
        lines.append(f"Cost: about {notice.estimated_cost_usd:.2f} dollars")
    if notice.reason is not None:
        lines.append(f"Reason: {notice.reason}")
    if notice.report is not None:
        lines.append(f"Report: {notice.report}")
    if notice.outputs is not None:
        lines += ["", "Bring the outputs:", f"aws s3 cp --recursive '{notice.outputs}' results/"]
    if notice.state == "failed":
        lines += ["", "What to do: docs/aws.md, under run-failed"]
    return "\n".join(lines) + "\n"


def _failed(run: str, failure: str, results: ObjectStore) -> RunNotice:
    reason = printable(failure, _REASON_LENGTH)
    try:
        document = RunDocument.load(results.read(keys.run_document_key(run)))
    except (ObjectMissingError, CorruptObjectError):
        # It may be the very reason.
        return RunNotice(run=run, state="failed", reason=reason)
    source: InputObject = document.source
    return RunNotice(
        run=run,
        state="failed",
        input=_uri(source.bucket, source.key),
        version=source.version,
        rows=document.rows,
        reason=reason,
    )


def _uri(bucket: str, key: str) -> str:
    return f"s3://{bucket}/{key}"
