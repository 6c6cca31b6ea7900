"""Runs under pressure, with Inference stubbed: too few workers, no time left, broken and foreign results."""

import csv
import json
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, Stack, deploy
from infra.local.job import Job, answer_csv
from infra.local.package import Override
from infra.local.progress import Progress
from tapeline.batch import keys
from tapeline.batch.states import AttemptInput
from tapeline.local.running import RunResult
from tests.integration.conftest import HANDLERS


def deployed(cloud: LocalCloud, name: str, seconds: float, parameters: Mapping[str, str]) -> Stack:
    stub = Override({"STUB_SECONDS": str(seconds)}, handler="stub.handler", code=(HANDLERS,))
    deployment = Deployment(
        Path("no-models"),
        workers=2,
        parameters={"LargestShard": "2", **parameters},
        overrides={"InferenceFunction": stub},
        stack=name,
    )
    return deploy(deployment, cloud)


@pytest.fixture(scope="module")
def stubbed(cloud: LocalCloud) -> Stack:
    return deployed(cloud, "stubbed", 0, {})


def run(stack: Stack, folder: Path, name: str, links: list[str]) -> RunResult:
    source = folder / f"{name}.csv"
    rows = "".join(f"{number},{link},voltage\n" for number, link in enumerate(links))
    source.write_text(f"index,image_link,entity_name\n{rows}")
    return answer_csv(Job(source, folder / name), stack, Progress(bar=False))


def predictions(result: RunResult) -> list[str]:
    with result.predictions.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["index"] for row in rows] == [str(number) for number in range(len(rows))]
    return [row["prediction"] for row in rows]


def started(stack: Stack, runs: list[str]) -> list[str]:
    """Of the shard results, in the order in which they were written: which run's they are."""
    found = []
    for name in runs:
        pages = stack.cloud.s3.list_objects_v2(
            Bucket=stack.outputs["ResultsBucketName"], Prefix=keys.shard_results_prefix(name)
        )
        found += [(item["LastModified"], name) for item in pages["Contents"]]
    return [name for _, name in sorted(found)]


def test_two_runs_at_once_share_two_workers_and_lose_no_row(cloud: LocalCloud, tmp_path: Path) -> None:
    # Each shard takes longer than all retries together took that weren't told apart from other errors.
    stack = deployed(cloud, "shared", 1.5, {})
    links = {name: [f"https://example.com/{name}-{number}.jpg" for number in range(24)] for name in "ab"}
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: run(stack, tmp_path, name, links[name]), "ab"))
    assert [predictions(result) for result in results] == [["1 volt"] * 24] * 2
    assert [result.report.errors for result in results] == [0, 0]
    # Throttled shards weren't left for another attempt: there is one manifest.
    runs = [result.report.run for result in results]
    for name in runs:
        assert not stack.results.exists(keys.manifest_key(name, 2))
    order = started(stack, runs)
    assert Counter(order) == dict.fromkeys(runs, 12)
    # In the first half of the time, each had its share.
    assert min(Counter(order[:12])[name] for name in runs) >= 2


def test_after_its_time_limit_a_run_ends_with_what_it_has(cloud: LocalCloud, tmp_path: Path) -> None:
    stack = deployed(cloud, "late", 1, {})
    machine = stack.outputs["StateMachineArn"]
    definition = cloud.step_functions.describe_state_machine(stateMachineArn=machine)["definition"]
    in_seconds = definition.replace("7 * 86400000", "5 * 1000")
    assert in_seconds.count("5 * 1000") == 2
    cloud.step_functions.update_state_machine(stateMachineArn=machine, definition=in_seconds)
    result = run(stack, tmp_path, "late", [f"https://example.com/{number}.jpg" for number in range(60)])
    answers = predictions(result)
    assert len(answers) == 60
    assert 2 <= answers.count("1 volt") < 60
    assert result.report.errors_by_code == {"shard_lost": answers.count("")}
    assert result.seconds < 25


def test_a_map_that_cannot_begin_leads_to_the_outputs_too(stubbed: Stack, tmp_path: Path) -> None:
    name = run(stubbed, tmp_path, "unmapped", ["https://example.com/a.jpg"] * 3).report.run
    machine = stubbed.cloud.step_functions
    begin = AttemptInput(run=name, attempt=1, manifest=f"runs/{name}/none.json", shards=1)
    execution = machine.start_execution(
        stateMachineArn=stubbed.outputs["StateMachineArn"], name="unmapped", input=begin.model_dump_json()
    )["executionArn"]
    deadline = time.monotonic() + 60
    while (answer := machine.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer["status"] == "SUCCEEDED"
    assert json.loads(answer["output"])["rows"] == 3


def test_a_truncated_result_costs_its_last_picture_and_foreign_objects_nothing(
    stubbed: Stack, tmp_path: Path
) -> None:
    links = [f"https://example.com/{number}.jpg" for number in range(8)]
    links[1] = "https://example.com/truncated.jpg"
    links[7] = "https://example.com/foreign.jpg"
    result = run(stubbed, tmp_path, "broken", links)
    answers = predictions(result)
    assert answers.count("1 volt") == 7
    assert result.report.errors_by_code == {"shard_lost": 1}
    assert result.report.shards.broken == 6
    again = answer_csv(Job(result.errors, tmp_path / "again"), stubbed, Progress(bar=False))
    assert again.report.rows == 1


def test_many_rows_of_one_link_are_answered(stubbed: Stack, tmp_path: Path) -> None:
    result = run(stubbed, tmp_path, "one-link", ["https://example.com/one.jpg"] * 30_000)
    assert predictions(result) == ["1 volt"] * 30_000
    assert (result.report.pictures, result.report.shards.planned) == (1, 3)
