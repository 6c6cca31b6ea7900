"""The SAM commands as the documents show them: local calls, and a deployment, against the local cloud."""

import csv
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from infra.local.cloud import LocalCloud
from infra.local.deployment import Stack
from infra.local.engine import Engine
from infra.local.job import Job, answer_csv
from infra.local.package import definition_as_json
from infra.local.progress import Progress
from tests.container.conftest import INFERENCE, ROOT, Build, docker, sam, sam_environment

README = (ROOT / "README.md").read_text()
SHOWN = re.findall(r"^\$ sam (local invoke .+)\n(\{.+\})$", README, re.MULTILINE)


@pytest.fixture(scope="module")
def standing(engine: None) -> Iterator[dict[str, str]]:
    """Start what ``make cloud`` starts; return the variables that it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", "tapeline", "cloud"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(["layers/tapeline", "functions", "."])},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(2)]
        assert all(lines), "the cloud ended: is another one at its port?"
        yield dict(word.split("=", 1) for line in lines for word in shlex.split(line)[1:])
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def test_the_readme_shows_a_call_of_each_function_of_a_run() -> None:
    assert [shlex.split(line)[2] for line, _ in SHOWN] == [
        "FanOutFunction", "InferenceFunction", "MissingFunction", "ReducerFunction",
    ]  # fmt: skip


def test_each_call_in_the_readme_prints_the_answer_that_it_shows(
    build: Build, standing: dict[str, str]
) -> None:
    for line, answer in SHOWN:
        done = sam(*shlex.split(line))
        assert done.returncode == 0, done.stderr[-3000:]
        received, expected = json.loads(done.stdout), json.loads(answer)
        # A slow worker writes parts, which are counted too.
        assert received.pop("answered", 1) >= expected.pop("answered", 1), line
        assert received == expected, line


def test_predict_answers_the_api_s_event(build: Build, standing: dict[str, str]) -> None:
    done = sam("local", "invoke", "PredictFunction", "--event", "events/predict.json")
    assert done.returncode == 0, done.stderr[-3000:]
    response = json.loads(done.stdout)
    assert response["statusCode"] == 200, response
    answers = json.loads(response["body"])["answers"]
    assert {name: answer["prediction"] for name, answer in answers.items()} == {
        "wattage": "2200 watt",
        "item_volume": "1.7 litre",
    }


def test_the_local_api_answers_a_picture_as_the_readme_shows(
    build: Build, standing: dict[str, str], tmp_path: Path
) -> None:
    shown = re.search(r"^\$ sam local start-api\n\$ (curl .+)\n(.+)$", README, re.MULTILINE)
    assert shown
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            ["sam", "local", "start-api"], cwd=ROOT, env=sam_environment(), stdout=log, stderr=log
        ) as process,
    ):
        try:
            wait_for_port(3000)
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", shown[1]], check=False, capture_output=True, text=True
            )
        finally:
            process.send_signal(signal.SIGINT)
    assert done.stdout.strip() == shown[2], (tmp_path / "log").read_text()[-3000:]


def wait_for_port(port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def test_the_events_name_the_example_in_the_standing_cloud(standing: dict[str, str]) -> None:
    described = json.loads((ROOT / "events/fan_out.json").read_text())["Records"][0]["s3"]["object"]
    variables = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    s3 = boto3.client(
        "s3",
        endpoint_url=standing["AWS_ENDPOINT_URL"],
        region_name=standing["AWS_REGION"],
        aws_access_key_id=standing["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=standing["AWS_SECRET_ACCESS_KEY"],
    )
    head = s3.head_object(Bucket=variables["DROP_BUCKET"], Key="examples/spring catalogue (new).csv")
    assert (head["ETag"].strip('"'), head["ContentLength"]) == (described["eTag"], described["size"])


def test_a_deployed_build_answers_a_dropped_csv_and_is_deleted_but_for_its_data(
    build: Build, tmp_path: Path
) -> None:
    template = local_template(build)
    with Engine() as engine, LocalCloud(engine=engine) as cloud:
        done = sam(
            "deploy", "--template", str(template), "--stack-name", "shop", "--capabilities", "CAPABILITY_IAM",
            "--resolve-s3", "--image-repository", "localhost/none", "--no-confirm-changeset",
            AWS_ENDPOINT_URL=cloud.endpoint,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        stack = cloud.cloudformation.describe_stacks(StackName="shop")["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
        job = Job(s3_links(cloud, outputs["DropBucketName"], tmp_path), tmp_path / "out")
        result = answer_csv(job, Stack("shop", cloud, outputs), Progress())
        logs = sam("logs", "--stack-name", "shop", AWS_ENDPOINT_URL=cloud.endpoint)
        deleted = sam("delete", "--stack-name", "shop", "--no-prompts", AWS_ENDPOINT_URL=cloud.endpoint)
        kept = {bucket["Name"] for bucket in cloud.s3.list_buckets()["Buckets"]}
        stacks = cloud.cloudformation.describe_stacks()["Stacks"]
    assert logs.returncode == 0, logs.stderr[-3000:]
    assert '"message": "inferred"' in logs.stdout
    assert deleted.returncode == 0, deleted.stdout + deleted.stderr
    assert "shop" not in {item["StackName"] for item in stacks}
    assert {outputs["DropBucketName"], outputs["ResultsBucketName"]} <= kept
    answered, expected = read_rows(result.files[0]), read_rows(ROOT / "examples/expected.csv")
    assert [row[0] for row in answered] == [row[0] for row in expected]
    assert sum(map(list.__eq__, answered, expected)) >= 21
    assert result.report.resnet50 == "present"


def test_the_image_gives_the_same_bytes_as_a_run_without_it(build: Build, tmp_path: Path) -> None:
    outputs = [run(build, tmp_path / engine, engine) for engine in ("process", "docker")]
    assert outputs[0] == outputs[1]
    assert len(outputs[0].splitlines()) == 25
    left = docker("ps", "--all", "--quiet", "--filter", "label=ministack").stdout
    assert left == ""
    assert "tapeline-" not in docker("network", "ls", "--format", "{{.Name}}").stdout


def test_without_the_image_the_run_says_what_to_do(engine: None, tmp_path: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(["layers/tapeline", "functions", "."]),
        "DOCKER_HOST": f"unix://{tmp_path}/no-docker.sock",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tapeline",
            "run",
            "examples/test.csv",
            "--cloud",
            "local",
            "--engine",
            "docker",
            "--out",
            tmp_path,
        ],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "expected a Docker Engine at unix://" in done.stderr


def run(build: Build, out: Path, engine: str) -> bytes:
    """Return the test_out.csv of a run of the examples."""
    subprocess.run(
        [
            sys.executable, "-m", "tapeline", "run", "--cloud", "local", "examples/test.csv",
            "--images", "examples/images", "--out", out, "--models", build.models, "--engine", engine,
        ],
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(["layers/tapeline", "functions", "."])},
    )  # fmt: skip
    return (out / "test_out.csv").read_bytes()


def read_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def local_template(build: Build) -> Path:
    """Return the built template with what the emulator takes: a local tag, and JSON for the machine.

    SAM CLI pushes an image unless its address is a registry's, for which it takes ``localhost`` too.
    """
    docker("tag", INFERENCE, f"localhost/{INFERENCE}")
    machine = build.template.with_name("batch.asl.json")
    definition = (ROOT / "infra/batch.asl.yaml").read_text()
    machine.write_text(definition_as_json(definition, ["MaxConcurrency"]))
    text = build.template.read_text().replace("../../infra/batch.asl.yaml", machine.name)
    path = build.template.with_name("local.yaml")
    path.write_text(text.replace(f"ImageUri: {INFERENCE}", f"ImageUri: localhost/{INFERENCE}"))
    return path


def s3_links(cloud: LocalCloud, bucket: str, folder: Path) -> Path:
    """Put the examples' pictures into a bucket; return their CSV with links to them there."""
    for path in (ROOT / "examples/images").iterdir():
        cloud.s3.put_object(Bucket=bucket, Key=f"images/{path.name}", Body=path.read_bytes())
    header, *rows = read_rows(ROOT / "examples/test.csv")
    column = header.index("image_link")
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(header)
    for row in rows:
        row[column] = f"s3://{bucket}/images/{row[column].rpartition('/')[2]}"
        writer.writerow(row)
    path = folder / "shop.csv"
    path.write_text(written.getvalue())
    return path
