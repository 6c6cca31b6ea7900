"""Each function's calls against its role's policies as deployed: nothing is missing, and nothing is idle.

The local cloud enforces no policies. So each function talks to it through a proxy of its own, and each call
is compared with what the function's role may do.
"""

import csv
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import requests

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, Stack, files_of
from infra.local.job import Job, answer_csv, wait_for_execution
from infra.local.package import Override
from infra.local.progress import Progress
from infra.local.reviewing import correct_in
from infra.local.service import Service, serve_api
from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.errors import RejectedInputError
from tapeline.local.running import RunResult
from tests.integration.deployed_policies import Grant, RolePolicies, policies_of
from tests.integration.pictures import drawn
from tests.integration.recording_proxy import Call, RecordingProxy

FUNCTIONS: Final = ("FanOut", "Correct", "Inference", "Missing", "Reducer", "Notify", "Predict")

# A bucket of pictures that the operator names.
NAMED: Final = "named-pictures"

LOGS: Final = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TRACES: Final = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"

NETWORK: Final = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"

# Why a role may do what no run here shows: role -> name of the statement, and action where a statement has
# several of which only some are idle -> reason.
_FAILED: Final = "Lambda delivers an event that failed three times with the function's role"
_STEP_FUNCTIONS: Final = "a call of Step Functions itself, which the emulator makes inside of itself"
IDLE: Final[Mapping[str, Mapping[str, str]]] = {
    "FanOut": {"sqs:SendMessage": _FAILED},
    "Correct": {"sqs:SendMessage": _FAILED},
    "Inference": {"Finished": "a worker that follows a lost one reads what that one finished"},
    "Missing": {
        "Shards": "it reads the shard of a lost worker, and writes its halves",
        "ShardResults": "it reads what lost workers finished, and answers for pictures that end them",
    },
    "Reducer": {},
    "Notify": {},
    "Predict": {"Reruns": "the page of a run that was tried again takes answers for that run's entities"},
    "BatchStateMachine": {
        "States": _STEP_FUNCTIONS,
        "Manifest": f"the Map's ItemReader: {_STEP_FUNCTIONS}",
        "Map": f"the items of a Distributed Map are executions of the machine: {_STEP_FUNCTIONS}",
        "MapItems": f"the same, to follow, stop and redrive them: {_STEP_FUNCTIONS}",
        "Logs": f"delivery of its logs: {_STEP_FUNCTIONS}",
    },
}

# Managed policies of AWS, whose calls the Lambda service and the X-Ray daemon make: reasons as above. What
# SAM attaches for a VPC is denied again without one.
MANAGED: Final = {name: {LOGS, TRACES, NETWORK} for name in FUNCTIONS} | {"BatchStateMachine": {TRACES}}


@dataclass(frozen=True)
class Recorded:
    """What a stack's functions did, and what its roles may do.

    Attributes:
        calls: Function -> its calls.
        policies: Function, or the state machine -> its role's policies.
    """

    calls: Mapping[str, frozenset[Call]]
    policies: Mapping[str, RolePolicies]


@pytest.fixture(scope="module")
def recorded(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    folder = tmp_path_factory.mktemp("permissions")
    with ExitStack() as stack:
        proxies = {name: stack.enter_context(RecordingProxy(cloud.endpoint)) for name in FUNCTIONS}
        overrides = {
            f"{name}Function": Override({"AWS_ENDPOINT_URL": proxy.url}) for name, proxy in proxies.items()
        }
        # Its time is always over after the first picture, which leaves the rest as a shard of its own.
        overrides["InferenceFunction"] = Override(
            {**overrides["InferenceFunction"].environment, "RESERVE_SECONDS": "100000"}
        )
        cloud.s3.create_bucket(Bucket=NAMED)
        cloud.s3.put_object(Bucket=NAMED, Key="any/cup.png", Body=drawn("3 kg"))
        pictures = folder / "pictures"
        pictures.mkdir()
        (pictures / "mirrored.png").write_bytes(drawn("4 kg"))
        deployment = Deployment(
            folder / "models",
            workers=2,
            parameters={
                "ImageBuckets": NAMED,
                "LargestShard": "3",
                "Attempts": "5",
                # All answers are to be reviewed.
                "ReviewThreshold": "1",
            },
            overrides=overrides,
            stack="permissions",
        )
        service = stack.enter_context(serve_api(deployment, cloud, port=0, pictures=files_of(pictures)))
        use(service, folder)
        end_a_run_that_is_not_there(service.stack)
        wait_for_notices(proxies["Notify"])
        roles = {name: f"{name}FunctionRole" for name in FUNCTIONS} | {
            "BatchStateMachine": "BatchStateMachineRole"
        }
        yield Recorded(
            {name: frozenset(proxy.calls) for name, proxy in proxies.items()},
            {
                name: policies_of(service.stack.resource(logical_id), cloud)
                for name, logical_id in roles.items()
            },
        )


def use(service: Service, folder: Path) -> None:
    """Do all that users do: runs with all kinds of links, a repeated and a rejected file, the API."""
    stack = service.stack
    links = picture_links(stack)
    result = run_csv(stack, folder, "all kinds", links)
    with result.files[1].open(newline="") as file:
        codes = [row["error_code"] for row in csv.DictReader(file)]
    assert codes == ["", "", "", "http_status", "http_status", "blocked_address", "blocked_address"]
    announce_again(stack, result)
    (folder / "rejected.csv").write_text("no,columns\n")
    with pytest.raises(RejectedInputError):
        answer_csv(Job(folder / "rejected.csv", folder / "out"), stack, Progress(bar=False))
    with requests.Session() as session:
        session.trust_env = False
        session.headers["x-api-key"] = service.key
        for link in links:
            answered = session.post(
                f"{service.url}/predict", json={"image_link": link, "entity_name": "width"}, timeout=60
            )
            assert answered.status_code in {200, 422, 502}
        finished = session.get(f"{service.url}/runs/{result.report.run}", timeout=60).json()
        for output in finished["outputs"]:
            assert session.get(output["url"], timeout=60).status_code == 200
        assert session.get(f"{service.url}/runs/no-such-run", timeout=60).status_code == 404
        follow_a_run(session, service, links)
        review(session, service, result.report.run)
    # The rows with errors once more: their run is merged into the first one.
    errors = folder / "errors.csv"
    errors.write_bytes(result.errors.read_bytes())
    answer_csv(Job(errors, folder / "again"), stack, Progress(bar=False))
    correct(stack, result.report.run, folder)


def review(session: requests.Session, service: Service, run: str) -> None:
    """Review a run as the page does, and let the outputs be made anew."""
    url = f"{service.url}/runs/{run}"
    rows = session.get(f"{url}/rows", timeout=60).json()["rows"]
    assert session.get(f"{url}/rows/{rows[0]['row']}/picture", timeout=60).json()["preview"]
    found = session.get(f"{url}/corrections", timeout=60).json()
    assert found == {"tag": "", "decisions": []}
    decisions = [{"row": rows[0]["row"], "answer": "right"}]
    assert session.patch(f"{url}/corrections", json={"tag": "", "decisions": decisions}, timeout=60).json()[
        "tag"
    ]
    assert session.get(f"{url}/rows/9/picture", timeout=60).status_code == 404
    execution = session.post(f"{url}/outputs", timeout=60).json()["execution"]
    wait_for_execution(execution, service.stack)
    # Without its picture, a row shows the crop that was kept of it.
    drop = service.stack.drop_bucket
    for key in ("images/mirrored.png", "images/sub/own.png"):
        service.stack.cloud.s3.delete_object(Bucket=drop, Key=key)
    pictures = [session.get(f"{url}/rows/{row['row']}/picture", timeout=60).json() for row in rows]
    assert any(picture["thumbnail"] for picture in pictures)


def correct(stack: Stack, run: str, folder: Path) -> None:
    """Drop a filled-in review, one that isn't, and one of a run that isn't there."""
    document = RunDocument.load(stack.results.read(keys.run_document_key(run)))
    filled = folder / "review.csv"
    filled.write_text(f"run,row,answer\n{run},1,5 kg\n{run},99,5 kg\nno-such-run,0,5 kg\n")
    found = correct_in(stack, document, filled, folder / "corrected")
    assert len(found.refused) == 1
    filled.write_text("no,columns\n")
    refused = keys.output_key(document.source, keys.REFUSED_CORRECTIONS, run)
    stack.cloud.s3.delete_object(Bucket=stack.outputs["ResultsBucketName"], Key=refused)
    with pytest.raises(RejectedInputError):
        correct_in(stack, document, filled, folder / "corrected")


def picture_links(stack: Stack) -> list[str]:
    """Links to pictures of each origin that needs a permission, there and not there; and refused ones."""
    stack.cloud.s3.put_object(Bucket=stack.drop_bucket, Key="images/sub/own.png", Body=drawn("5 kg"))
    return [
        "https://images.example.com/mirrored.png",
        f"s3://{stack.drop_bucket}/images/sub/own.png",
        f"s3://{NAMED}/any/cup.png",
        f"s3://{stack.drop_bucket}/images/sub/absent.png",
        f"s3://{NAMED}/absent.png",
        f"s3://{stack.drop_bucket}/incoming/all kinds.csv".replace(" ", "%20"),
        f"s3://{stack.outputs['ResultsBucketName']}/runs/some/run.json",
    ]


def write_csv(path: Path, links: list[str]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image_link", "entity_name"))
        writer.writerows((link, "item_weight") for link in links)
    return path


def run_csv(stack: Stack, folder: Path, name: str, links: list[str]) -> RunResult:
    source = write_csv(folder / f"{name}.csv", links)
    return answer_csv(Job(source, folder / "out"), stack, Progress(bar=False))


def announce_again(stack: Stack, result: RunResult) -> None:
    """Announce the version of a run's input a second time."""
    source = result.report.input
    event = json.loads(Path("events/fan_out.json").read_text())
    event["Records"][0]["s3"]["bucket"]["name"] = source.bucket
    event["Records"][0]["s3"]["object"].update(key=source.key, versionId=source.version)
    answered = stack.cloud.lambda_.invoke(
        FunctionName=stack.resource("FanOutFunction"), Payload=json.dumps(event).encode()
    )
    assert json.loads(answered["Payload"].read()) == {"runs": [result.report.run]}


def follow_a_run(session: requests.Session, service: Service, links: list[str]) -> None:
    """Ask for the state of a run while it goes on: Predict then asks Step Functions."""
    stack = service.stack
    body = "image_link,entity_name\n" + "".join(f"{link},item_weight\n" for link in links[:3])
    stack.cloud.s3.put_object(Bucket=stack.drop_bucket, Key="incoming/followed.csv", Body=body.encode())
    deadline = time.monotonic() + 120
    machine = stack.outputs["StateMachineArn"]
    states: set[str] = set()
    while "succeeded" not in states and time.monotonic() < deadline:
        found = stack.cloud.step_functions.list_executions(stateMachineArn=machine)["executions"]
        for item in found:
            if item["name"].startswith("followed-"):
                states.add(session.get(f"{service.url}/runs/{item['name']}", timeout=60).json()["state"])
        time.sleep(0.05)
    assert states >= {"running", "succeeded"}


def end_a_run_that_is_not_there(stack: Stack) -> None:
    """Notify then looks for a run's description that S3 doesn't have."""
    client, machine = stack.cloud.step_functions, stack.outputs["StateMachineArn"]
    started = client.start_execution(
        stateMachineArn=machine,
        name="gone-1",
        input=json.dumps({"run": "gone-1", "attempt": 1, "manifest": "gone", "shards": 0}),
    )
    client.stop_execution(executionArn=started["executionArn"])


def wait_for_notices(proxy: RecordingProxy) -> None:
    """Wait until Notify, which runs beside everything else, has told of runs with outputs and without."""
    deadline = time.monotonic() + 60
    needed = {"s3:GetObject", "s3:ListBucket", "events:PutEvents", "sns:Publish"}
    while time.monotonic() < deadline:
        reports = [call for call in proxy.calls if call.resource.endswith("/report.json")]
        if reports and needed <= {call.action for call in proxy.calls}:
            return
        time.sleep(0.1)
    raise AssertionError(f"Notify made these calls only: {proxy.calls}")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_call_is_allowed(recorded: Recorded, name: str) -> None:
    calls, grants = recorded.calls[name], recorded.policies[name].grants
    assert calls
    refused = {call for call in calls if not any(grant.covers(call) for grant in grants)}
    assert refused == set()


@pytest.mark.parametrize("name", IDLE)
def test_nothing_is_granted_that_no_call_or_reason_needs(recorded: Recorded, name: str) -> None:
    calls = recorded.calls.get(name, frozenset())
    idle = {
        grant.name
        for grant in recorded.policies[name].grants
        if not any(grant.covers(call) for call in calls)
    }
    assert idle == set(IDLE[name])
    assert recorded.policies[name].managed == MANAGED[name]
    assert ("ec2:*" in recorded.policies[name].denied) is (NETWORK in MANAGED[name])


def test_the_emulator_knows_each_role(recorded: Recorded) -> None:
    assert set(recorded.policies) == set(IDLE) == set(MANAGED)
    assert all(policies.grants for policies in recorded.policies.values())


@pytest.mark.parametrize(
    ("call", "allowed"),
    [
        (Call("s3:GetObject", "arn:aws:s3:::b/runs/r/shards/0.jsonl"), True),
        (Call("s3:GetObject", "arn:aws:s3:::b/runs/r/run.json"), False),
        (Call("s3:GetObjectVersion", "arn:aws:s3:::b/runs/r/shards/0.jsonl"), False),
        (Call("s3:PutObject", "arn:aws:s3:::b/runs/r/shards/0.jsonl"), False),
        (Call("s3:ListBucket", "arn:aws:s3:::b", "runs/r/shards/"), True),
        (Call("s3:ListBucket", "arn:aws:s3:::b", "results/"), False),
        (Call("s3:ListBucket", "arn:aws:s3:::b"), False),
        (Call("s3:ListBucket", "arn:aws:s3:::c", "runs/r/shards/"), False),
    ],
)
def test_policies_are_read_as_iam_reads_them(call: Call, *, allowed: bool) -> None:
    grants = [
        Grant("Shard", "s3:GetObject", "arn:aws:s3:::b/runs/*/shards/*"),
        Grant("Names", "s3:ListBucket", "arn:aws:s3:::b", ("runs/*/shards/*",)),
    ]
    assert any(grant.covers(call) for grant in grants) is allowed


def test_security_md_lists_the_statements_that_no_run_exercises() -> None:
    lines = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| role | statement |"))
    rows = [line.split("|")[1:3] for line in lines[start + 2 : lines.index("", start)]]
    listed = {role.strip(): set(re.findall(r"`([^`]+)`", statements)) for role, statements in rows}
    named = {name: set(reasons) for name, reasons in IDLE.items() if reasons and name != "BatchStateMachine"}
    assert {name: listed[name] for name in named} == named
    assert set(listed) == {*named, "the state machine", "all functions"}
