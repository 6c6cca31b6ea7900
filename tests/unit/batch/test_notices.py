"""The event and the mail at the end of a run."""

import json
from pathlib import Path

import pytest

from tapeline.batch import keys
from tapeline.batch.documents import RejectionDocument
from tapeline.batch.estimate import Estimate
from tapeline.batch.inference import infer_shard
from tapeline.batch.keys import InputObject
from tapeline.batch.notices import notice_of_rejection, notice_of_run, send_notice, write_mail, write_subject
from tapeline.batch.reducer import reduce_run
from tapeline.errors import ObjectMissingError, RejectedInputError
from tests.unit.batch.helpers import SOURCE, UNHURRIED, components, start, table
from tests.unit.fakes import MemoryStore, Notices

RUN = SOURCE.run


def finished(tmp_path: Path) -> MemoryStore:
    drop, results, _, outcome = start(table(["a", "b", "c"]))
    infer_shard(outcome.run, "00000", results, components(), UNHURRIED)
    reduce_run(outcome.run, drop, results, tmp_path)
    return results


def test_a_run_that_succeeded_is_told_with_counts_cost_and_places(tmp_path: Path) -> None:
    notices = Notices()
    send_notice(notice_of_run(RUN, None, finished(tmp_path), "results-bucket"), notices)
    ((kind, detail, subject, text),) = notices.sent
    assert kind == "Run ended"
    event = json.loads(detail)
    assert event == {
        "run": RUN,
        "state": "succeeded",
        "input": "s3://drop/incoming/test.csv",
        "version": "v1",
        "rows": 3,
        "answered": 3,
        "empty": 0,
        "errors": 0,
        "errors_by_code": {},
        "estimated_cost_usd": event["estimated_cost_usd"],
        "outputs": f"s3://results-bucket/results/test/{RUN}/",
        "report": f"s3://results-bucket/results/test/{RUN}/report.json",
        "reason": None,
    }
    assert subject == f"Tapeline succeeded: {RUN}"
    assert text == (
        "s3://drop/incoming/test.csv is answered.\n\n"
        f"Run: {RUN}\nRows: 3, of which 3 answered, 0 empty, 0 with errors\nCost: about 0.00 dollars\n"
        f"Report: s3://results-bucket/results/test/{RUN}/report.json\n\nBring the outputs:\n"
        f"aws s3 cp --recursive 's3://results-bucket/results/test/{RUN}/' results/\n"
    )


def test_errors_are_in_the_subject_and_listed_by_code(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a"]))
    reduce_run(outcome.run, drop, results, tmp_path)
    notice = notice_of_run(RUN, None, results, "results")
    assert write_subject(notice) == f"Tapeline succeeded: {RUN}, 1 of 1 rows with errors"
    assert "  1 shard_lost\n" in write_mail(notice)


def test_a_run_that_failed_is_told_with_its_reason() -> None:
    _, results, _, _ = start(table(["a"]))
    notice = notice_of_run(RUN, "FAILED: MemoryError: out of\nmemory", results, "results")
    assert (notice.state, notice.rows, notice.input) == ("failed", 1, "s3://drop/incoming/test.csv")
    text = write_mail(notice)
    assert text.startswith("The run of s3://drop/incoming/test.csv failed, and has no outputs.\n")
    assert "Reason: FAILED: MemoryError: out of\\nmemory\n" in text
    assert "docs/aws.md" in text


@pytest.mark.parametrize("left", [{}, {keys.run_document_key(RUN): b"{"}])
def test_a_run_whose_description_is_gone_is_told_by_its_name(left: dict[str, bytes]) -> None:
    notice = notice_of_run(RUN, "ABORTED", MemoryStore(**left), "results")
    assert (notice.run, notice.state, notice.input, notice.reason) == (RUN, "failed", None, "ABORTED")
    assert write_mail(notice).startswith(f"The run of {RUN} failed")


def test_a_run_that_succeeded_without_a_report_is_an_error() -> None:
    _, results, _, _ = start(table(["a"]))
    with pytest.raises(ObjectMissingError):
        notice_of_run(RUN, None, results, "results")


def test_a_rejected_file_is_told_with_its_reason_and_estimate() -> None:
    error = RejectedInputError(expected="less", received="more", advice="split the file")
    estimate = Estimate(5_000_000, 5_000_000, None, None, 25_000, 2090.6, 248.74, 1.0, 40)
    notices = Notices()
    send_notice(notice_of_rejection(RejectionDocument.of(error, SOURCE, estimate), "results"), notices)
    ((kind, detail, subject, text),) = notices.sent
    assert (kind, subject) == ("File rejected", f"Tapeline rejected: {RUN}")
    assert json.loads(detail)["rows"] == 5_000_000
    assert text == (
        "s3://drop/incoming/test.csv can't be used as it is, and nothing was started.\n\n"
        f"Run: {RUN}\nCost: about 248.74 dollars\nReason: expected less, received more: split the file\n"
        f"Report: s3://results/results/test/{RUN}/rejected.json\n"
    )


def test_a_subject_is_short_and_ascii_whatever_the_file_is_called() -> None:
    error = RejectedInputError(expected="a", received="b", advice="c")
    source = InputObject("drop", f"incoming/{'größe ' * 40}.csv", "1")
    subject = write_subject(notice_of_rejection(RejectionDocument.of(error, source), "results"))
    assert subject.isascii()
    assert len(subject) <= 99
