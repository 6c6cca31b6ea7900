"""A deployment, from a dropped CSV to its deletion; the tests go on one after the other."""

import csv
import io
import json
import time
from dataclasses import dataclass
from typing import Any, Final

import pytest
import requests

from tapeline.batch.estimate import InputCounts, Pace, estimate_run
from tapeline.batch.report_document import ReportDocument
from tests.e2e.conftest import Facts
from tests.e2e.target import IMAGES, ROOT, Target
from tests.emitted import emitted_by, values_of
from tests.unit.infra.stack import Stack
from tests.watched import alarms_of

# Seconds until a run of the examples must have its outputs, and until a notice of it must have come.
_RUN_SECONDS: Final = 900
_NOTICE_SECONDS: Final = 120

# Pictures that are estimated to cost more than the deployment's limit of one dollar: about two.
_DEAR_PICTURES: Final = 100_000

# Seconds until CloudWatch must show metrics, and X-Ray traces.
_METRIC_SECONDS: Final = 600

# Function -> a call that its role must refuse, and one that it must allow; {drop} and {results} are buckets.
REFUSED: Final = {
    "FanOut": (
        ("s3:DeleteObject", "{drop}/incoming/a.csv"),
        ("s3:GetObjectVersion", "{drop}/incoming/a.csv"),
    ),
    "Inference": (("s3:GetObject", "{drop}/incoming/a.csv"), ("s3:GetObject", "{drop}/images/a.jpg")),
    "Missing": (
        ("s3:GetObject", "{results}/results/a"),
        ("s3:PutObject", "{results}/runs/a/manifest-2.json"),
    ),
    "Reducer": (("s3:PutObject", "{results}/runs/a/run.json"), ("s3:PutObject", "{results}/results/a/b")),
    "Notify": (
        ("s3:PutObject", "{results}/results/a/report.json"),
        ("s3:GetObject", "{results}/results/a/report.json"),
    ),
    "Predict": (("s3:PutObject", "{results}/results/a"), ("s3:GetObject", "{results}/runs/a/run.json")),
}


@dataclass(frozen=True)
class Run:
    """The run of the examples."""

    folder: str
    report: ReportDocument


@pytest.fixture(scope="module")
def inbox(target: Target) -> str:
    """A queue that the topic sends to; its URL."""
    sqs = target.client("sqs")
    url = sqs.create_queue(QueueName=f"{target.stack}-inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = target.outputs["NotificationTopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    target.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return str(url)


@pytest.fixture(scope="module")
def run(target: Target, inbox: str, facts: Facts) -> Run:
    """Drop the examples, and wait for their outputs."""
    s3, start = target.client("s3"), time.monotonic()
    body = (ROOT / "examples/test.csv").read_bytes()
    s3.put_object(Bucket=target.drop_bucket, Key="incoming/examples.csv", Body=body)
    while time.monotonic() - start < _RUN_SECONDS:
        found = s3.list_objects_v2(Bucket=target.results_bucket, Prefix="results/examples/").get(
            "Contents", []
        )
        names = [item["Key"] for item in found]
        rejected = [name for name in names if name.endswith("/rejected.json")]
        assert not rejected, read(target, rejected[0])
        written = [name for name in names if name.endswith("/examples_out.csv")]
        if written:
            folder = written[0].rpartition("/")[0]
            report = ReportDocument.load(read(target, f"{folder}/report.json").encode())
            facts.add(
                f"- {report.rows} rows on {report.pictures} pictures in {time.monotonic() - start:.0f} s: "
                f"{report.answered} answered, {report.empty} empty, {report.errors} with errors"
            )
            facts.add(f"- cost of the run by its report: {report.estimated_cost_usd:.4f} dollars")
            return Run(folder, report)
        time.sleep(1)
    raise AssertionError(f"no outputs within {_RUN_SECONDS} seconds")


def read(target: Target, key: str) -> str:
    body = target.client("s3").get_object(Bucket=target.results_bucket, Key=key)["Body"].read()
    return str(body.decode())


def session() -> requests.Session:
    made = requests.Session()
    # The local cloud is on the loopback interface, which no proxy reaches.
    made.trust_env = False
    return made


def test_the_example_s_answers_are_right(target: Target, run: Run) -> None:
    rows = list(csv.reader(io.StringIO(read(target, f"{run.folder}/examples_out.csv"))))
    expected = list(csv.reader(io.StringIO((ROOT / "examples/expected.csv").read_text())))
    assert rows == expected
    assert run.report.errors == 0


def test_the_cost_is_near_its_estimate(run: Run, facts: Facts) -> None:
    estimate = estimate_run(InputCounts(run.report.rows, run.report.pictures), Pace(2, 8))
    facts.add(f"- its estimate before: {estimate.usd:.4f} dollars, {estimate.minutes:g} minutes")
    assert run.report.estimated_cost_usd < 20 * estimate.usd


def test_the_functions_emitted_what_the_report_says(target: Target, run: Run) -> None:
    deadline = time.monotonic() + _NOTICE_SECONDS
    lines: list[dict[str, Any]] = []
    while not values_of(lines, "RunRows") and time.monotonic() < deadline:
        lines = emitted_by(target.client("logs"), target.stack)
        time.sleep(0.5)
    assert values_of(lines, "RunRows") == [run.report.rows]
    assert sum(values_of(lines, "Pictures")) == run.report.pictures_read
    assert values_of(lines, "RunCost") == [run.report.estimated_cost_usd]


@pytest.mark.only_on_aws("the emulator makes no metrics of log lines")
def test_cloudwatch_has_the_metrics(target: Target, run: Run) -> None:
    cloudwatch, deadline = target.client("cloudwatch"), time.monotonic() + _METRIC_SECONDS
    names: set[str] = set()
    while not {"RunRows", "Pictures", "StageSeconds"} <= names and time.monotonic() < deadline:
        pages = cloudwatch.get_paginator("list_metrics").paginate(
            Namespace="Tapeline", Dimensions=[{"Name": "service", "Value": target.stack}]
        )
        names = {item["MetricName"] for page in pages for item in page["Metrics"]}
        time.sleep(10)
    assert {"RunRows", "Pictures", "StageSeconds"} <= names


@pytest.mark.only_on_aws("the emulator has no AWS X-Ray")
def test_traces_have_the_stages(target: Target, run: Run) -> None:
    xray, deadline = target.client("xray"), time.monotonic() + _METRIC_SECONDS
    names: set[str] = set()
    while not {"fetch", "read"} <= names and time.monotonic() < deadline:
        now = time.time()
        summaries = xray.get_trace_summaries(StartTime=now - 1800, EndTime=now)["TraceSummaries"]
        ids = [item["Id"] for item in summaries][:5]
        traces = xray.batch_get_traces(TraceIds=ids)["Traces"] if ids else []
        documents = [json.loads(part["Document"]) for trace in traces for part in trace["Segments"]]
        names = {document["name"] for document in documents}
        time.sleep(10)
    assert {"fetch", "read"} <= names


def test_a_message_tells_of_the_run_s_end(target: Target, run: Run, inbox: str) -> None:
    sqs, deadline = target.client("sqs"), time.monotonic() + _NOTICE_SECONDS
    while time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=inbox, WaitTimeSeconds=2)
        for message in answer.get("Messages", []):
            mail = json.loads(message["Body"])
            assert mail["Subject"] == f"Tapeline succeeded: {run.report.run}"
            assert f"s3://{target.results_bucket}/{run.folder}/report.json" in mail["Message"]
            return
    raise AssertionError("no message of the run's end")


def test_alarms_are_there_and_quiet(target: Target, run: Run) -> None:
    found = target.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{target.stack}-", MaxRecords=100)
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in found["MetricAlarms"]}
    template = Stack((ROOT / "template.yaml").read_text(), name=target.stack)
    assert set(states) == {alarm["AlarmName"] for alarm in alarms_of(template).values()}
    assert "ALARM" not in states.values()
    assert target.client("cloudwatch").get_dashboard(DashboardName=target.stack)["DashboardBody"]


def test_a_file_that_would_cost_too_much_is_rejected_with_its_estimate(target: Target) -> None:
    s3, deadline = target.client("s3"), time.monotonic() + _NOTICE_SECONDS
    lines = "".join(f"https://images.example.com/{number}.jpg,width\n" for number in range(_DEAR_PICTURES))
    body = f"image_link,entity_name\n{lines}".encode()
    s3.put_object(Bucket=target.drop_bucket, Key="incoming/dear.csv", Body=body)
    while time.monotonic() < deadline:
        found = s3.list_objects_v2(Bucket=target.results_bucket, Prefix="results/dear/").get("Contents", [])
        if found:
            rejected = json.loads(read(target, found[0]["Key"]))
            assert rejected["expected"] == "a file that costs at most 1.00 dollars"
            assert rejected["estimate"]["pictures"] == _DEAR_PICTURES
            return
        time.sleep(1)
    raise AssertionError("no rejected.json")


def test_the_page_and_a_picture_are_answered(target: Target, facts: Facts) -> None:
    with session() as client:
        page = client.get(f"{target.url}/", timeout=60)
        assert page.status_code == 200
        assert "<html" in page.text
        start = time.monotonic()
        answered = client.post(
            f"{target.url}/predict",
            params={"entity_name": "wattage"},
            data=(IMAGES / "kettle.jpg").read_bytes(),
            headers={"content-type": "image/jpeg", "x-api-key": target.key},
            timeout=60,
        )
    facts.add(f"- the API's first picture took {time.monotonic() - start:.1f} s")
    assert answered.json()["answers"]["wattage"]["prediction"] == "2200 watt"


def test_without_a_key_nothing_is_answered(target: Target) -> None:
    with session() as client:
        answered = client.post(f"{target.url}/predict", json={}, timeout=60)
    assert answered.status_code == 403
    assert answered.json()["type"] == "urn:tapeline:problem:api-key"


@pytest.mark.parametrize("function", REFUSED)
def test_each_function_s_role_refuses_what_it_should(target: Target, function: str) -> None:
    iam = target.client("iam")
    role = iam.get_role(RoleName=target.resource(f"{function}FunctionRole"))["Role"]["Arn"]
    decisions = []
    for action, resource in REFUSED[function]:
        arn = f"arn:aws:s3:::{resource.format(drop=target.drop_bucket, results=target.results_bucket)}"
        answer = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[action], ResourceArns=[arn])
        decisions.append(answer["EvaluationResults"][0]["EvalDecision"])
    assert decisions == ["implicitDeny", "allowed"]


@pytest.mark.only_on_aws("the emulator enforces no policy")
def test_a_call_that_a_role_refuses_fails(target: Target) -> None:
    """A made-up run whose input lies outside incoming/, which Reducer may not read."""
    source = {"bucket": target.drop_bucket, "key": "images/kettle.jpg", "version": None, "etag": ""}
    document = {"run": "refused-1", "source": source, "rows": 1, "pictures": 1, "shards": 0}
    body = json.dumps(document).encode()
    target.client("s3").put_object(Bucket=target.results_bucket, Key="runs/refused-1/run.json", Body=body)
    answered = target.client("lambda").invoke(
        FunctionName=target.resource("ReducerFunction"), Payload=json.dumps({"run": "refused-1"}).encode()
    )
    assert "AccessDenied" in answered["Payload"].read().decode()


def test_all_is_deleted(target: Target, inbox: str, facts: Facts) -> None:
    target.client("sqs").delete_queue(QueueUrl=inbox)
    start = time.monotonic()
    target.delete()
    facts.add(f"- deleted in {time.monotonic() - start:.0f} s")
    assert not target.is_there()
