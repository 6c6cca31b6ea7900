"""What is seen of a run in the local cloud: metrics beside the report, the event and the mail of its end."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.job import Job, answer_csv
from infra.local.progress import Progress
from tapeline.adapters.lambda_telemetry import NAMESPACE
from tapeline.errors import RejectedInputError
from tapeline.local.running import RunResult
from tests.emitted import emitted_by, values_of
from tests.integration.conftest import ROOT, Api, Batch
from tests.integration.http_server import Reply
from tests.integration.pictures import drawn
from tests.unit.infra.stack import Stack
from tests.watched import WatchedMetric, alarms_of, watched_metrics, widgets_of

TEMPLATE = (ROOT / "template.yaml").read_text()
# Seconds until a notice must have come.
_NOTICE_SECONDS = 30


@dataclass(frozen=True)
class Inbox:
    """A queue that receives what is sent to the topic and to the event bus."""

    sqs: Any
    url: str
    received: list[dict[str, Any]]

    def wait_for(self, run: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the message and the event about a run."""
        deadline = time.monotonic() + _NOTICE_SECONDS
        while time.monotonic() < deadline:
            answer = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                self.received.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            mails = [item for item in self.received if run in item.get("Subject", "")]
            events = [item for item in self.received if item.get("detail", {}).get("run", "").startswith(run)]
            if mails and events:
                return mails[0], events[0]
        raise AssertionError(f"no notice of {run} among {self.received}")


@pytest.fixture(scope="module")
def inbox(batch: Batch) -> Iterator[Inbox]:
    cloud = batch.stack.cloud
    sqs, sns, events = cloud.client("sqs"), cloud.client("sns"), cloud.client("events")
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = batch.stack.outputs["NotificationTopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    events.put_rule(Name="inbox", EventPattern=json.dumps({"source": ["tapeline"]}))
    events.put_targets(Rule="inbox", Targets=[{"Id": "inbox", "Arn": arn}])
    yield Inbox(sqs, url, [])
    events.remove_targets(Rule="inbox", Ids=["inbox"])
    events.delete_rule(Name="inbox")


@pytest.fixture(scope="module")
def run(batch: Batch, inbox: Inbox, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run with answers and errors."""
    folder = tmp_path_factory.mktemp("observing")
    good = [
        batch.allowed.put(f"/observed-{number}.png", Reply(drawn("Net weight 12.5 kg")))
        for number in range(3)
    ]
    lines = [
        "image_link,entity_name",
        *(f"{link},item_weight" for link in good),
        f"{good[0]},colour",
        f"{batch.allowed.url('/nothing-observed.png')},width",
        "file:///etc/passwd,width",
    ]
    source = folder / "observed.csv"
    source.write_text("\n".join(lines))
    return answer_csv(Job(source, folder / "out"), batch.stack, Progress(bar=False))


@pytest.fixture(scope="module")
def lines(batch: Batch, run: RunResult) -> list[dict[str, Any]]:
    """What the stack's functions printed; this run's figures come last, as no other one goes on beside it."""
    logs = batch.stack.cloud.logs
    deadline = time.monotonic() + _NOTICE_SECONDS
    while time.monotonic() < deadline:
        lines = emitted_by(logs, batch.stack.name)
        if values_of(lines, "RunRows")[-1:] == [run.report.rows]:
            return lines
        time.sleep(0.2)
    raise AssertionError("the reducer printed no metrics")


def test_a_run_s_metrics_are_its_report_s_figures(lines: list[dict[str, Any]], run: RunResult) -> None:
    report = run.report
    assert report.errors_by_code == {"bad_link": 1, "http_status": 1, "unknown_entity": 1}

    def last(name: str, **dimensions: str) -> float:
        return values_of(lines, name, **dimensions)[-1]

    assert last("RunRows") == report.rows == 6
    assert last("RunRowErrors") == report.errors == 3
    assert last("RunPictures") == report.pictures_read
    assert last("RunErrorRate") == 50
    assert last("RunCost") == report.estimated_cost_usd
    for code, rows in report.errors_by_code.items():
        assert last("RunErrorsByCode", code=code) == rows
    for band, rows in report.confidence_bands.items():
        assert last("RunAnswersByConfidence", band=band) == rows


def test_each_metric_of_the_batch_is_emitted(lines: list[dict[str, Any]]) -> None:
    assert sum(values_of(lines, "Files")) >= 1
    assert sum(values_of(lines, "Pictures")) >= 5
    assert sum(values_of(lines, "Rows")) >= 6
    assert values_of(lines, "ColdStarts", function="inference")
    for stage in ("fetch", "decode", "read", "answer"):
        assert sum(values_of(lines, "StageSeconds", stage=stage, function="inference")) > 0


def test_a_run_s_end_is_an_event_and_a_mail(inbox: Inbox, run: RunResult) -> None:
    report = run.report
    mail, event = inbox.wait_for(report.run)
    assert (event["source"], event["detail-type"]) == ("tapeline", "Run ended")
    detail = event["detail"]
    assert (detail["state"], detail["rows"], detail["errors"]) == ("succeeded", 6, 3)
    assert detail["errors_by_code"] == report.errors_by_code
    assert detail["estimated_cost_usd"] == report.estimated_cost_usd
    assert detail["outputs"].endswith(f"/results/observed/{report.run}/")
    assert mail["Subject"] == f"Tapeline succeeded: {report.run}, 3 of 6 rows with errors"
    assert "Rows: 6, of which 3 answered, 0 empty, 3 with errors\n  1 bad_link\n" in mail["Message"]
    assert f"Report: {detail['report']}\n" in mail["Message"]


def test_a_rejected_file_is_an_event_and_a_mail(batch: Batch, inbox: Inbox, tmp_path: Path) -> None:
    source = tmp_path / "unusable.csv"
    source.write_text("no,columns\n")
    with pytest.raises(RejectedInputError):
        answer_csv(Job(source, tmp_path / "out"), batch.stack, Progress(bar=False))
    mail, event = inbox.wait_for("unusable-")
    assert event["detail-type"] == "File rejected"
    assert mail["Subject"].startswith("Tapeline rejected: unusable-")
    assert "Reason: expected a CSV file whose header has the columns" in mail["Message"]


def test_a_run_that_was_stopped_is_an_event_and_a_mail(batch: Batch, inbox: Inbox) -> None:
    """The emulator sends an execution's end as AWS does."""
    machine, client = batch.stack.outputs["StateMachineArn"], batch.stack.cloud.step_functions
    first = {"run": "nowhere-1", "attempt": 1, "manifest": "runs/nowhere-1/manifest.json", "shards": 0}
    started = client.start_execution(stateMachineArn=machine, name="nowhere-1", input=json.dumps(first))
    client.stop_execution(executionArn=started["executionArn"], error="Stopped", cause="by hand")
    mail, event = inbox.wait_for("nowhere-1")
    assert event["detail"]["state"] == "failed"
    assert event["detail"]["reason"].startswith("ABORTED")
    assert mail["Message"].startswith("The run of nowhere-1 failed, and has no outputs.")


def test_alarms_and_dashboard_are_created(batch: Batch) -> None:
    expected = Stack(TEMPLATE, name=batch.stack.name)
    client = batch.stack.cloud.client("cloudwatch")
    found = client.describe_alarms(AlarmNamePrefix=f"{batch.stack.name}-", MaxRecords=100)["MetricAlarms"]
    alarms = {alarm["AlarmName"]: alarm for alarm in found}
    assert set(alarms) == {alarm["AlarmName"] for alarm in alarms_of(expected).values()}
    topic = batch.stack.outputs["NotificationTopicArn"]
    assert all(alarm["AlarmActions"] == [topic] for alarm in alarms.values())
    body = json.loads(client.get_dashboard(DashboardName=batch.stack.name)["DashboardBody"])
    assert len(body["widgets"]) == len(widgets_of(expected))
    assert alarms[f"{batch.stack.name}-run-errors"]["AlarmArn"] in body["widgets"][0]["properties"]["alarms"]


def test_each_own_metric_that_alarms_and_dashboard_name_was_emitted(
    lines: list[dict[str, Any]], api: Api
) -> None:
    answered = api.post_picture(drawn("12 kg"), ["item_weight"])
    assert answered.status_code == 200
    emitted = set()
    for line in [*lines, *emitted_by(api.service.stack.cloud.logs, api.service.stack.name)]:
        for described in line["_aws"]["CloudWatchMetrics"]:
            for metric in described["Metrics"]:
                emitted |= {
                    WatchedMetric(described["Namespace"], metric["Name"], frozenset(dimensions))
                    for dimensions in described["Dimensions"]
                }
    watched = {item for item in watched_metrics(Stack(TEMPLATE)) if item.namespace == NAMESPACE}
    assert len(watched) > 8
    assert watched - emitted == set()
