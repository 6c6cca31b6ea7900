"""One CSV through the local cloud: deploy, drop, watch, bring the outputs back."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.local.cloud import LocalCloud
from infra.local.package import Override
from infra.local.progress import Progress
from tapeline.adapters.s3_store import BucketStore
from tapeline.batch import keys
from tapeline.batch.keys import InputObject
from tapeline.batch.rows import RowReader
from tapeline.batch.shard_results import load_part
from tapeline.download.links import name_of
from tapeline.errors import RejectedInputError, RowError, RunFailedError

TEMPLATE: Final = Path(__file__).resolve().parents[2] / "template.yaml"
# Small shards keep the bar moving; a warm worker takes the next one in milliseconds.
LARGEST_SHARD: Final = 8
IMAGES_PREFIX: Final = "images/"
DEFAULT_WORKERS: Final = len(os.sched_getaffinity(0))
_FAN_OUT_SECONDS: Final = 120
_POLL_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Job:
    """What to run.

    Attributes:
        csv: The input.
        out: The folder for the outputs; made where it isn't there.
        images: A folder with pictures under the last parts of their links, or None.
        models: The folder that ``make models`` fills; None where the image brings its own.
        workers: Shards that run at once.
        parameters: Values for further parameters of the template.
        overrides: Logical id of a function -> what is different about it, for tests and benchmarks.
    """

    csv: Path
    out: Path
    images: Path | None
    models: Path | None
    workers: int = DEFAULT_WORKERS
    parameters: Mapping[str, str] | None = None
    overrides: Mapping[str, Override] | None = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """What came back.

    Attributes:
        files: The outputs, the predictions first.
        report: The contents of report.json.
        seconds: From the drop to the outputs.
    """

    files: tuple[Path, ...]
    report: Mapping[str, object]
    seconds: float


def run_job(job: Job, cloud: LocalCloud, progress: Progress) -> JobResult:
    """Run a job in a started local cloud.

    Raises:
        RejectedInputError: The CSV can't be used as a whole.
        RunFailedError: The run ended without outputs.
        LocalCloudError: The template couldn't be deployed.
    """
    progress.say("deploying template.yaml to the local cloud")
    return answer_csv(job, cloud, deploy(job, cloud), progress)


def deploy(job: Job, cloud: LocalCloud) -> dict[str, str]:
    """Deploy the template as a job wants it, and return the stack's outputs.

    Raises:
        LocalCloudError: The template couldn't be deployed.
    """
    drop = f"tapeline-drop-{cloud.account}-{cloud.region}"
    return cloud.deploy(
        TEMPLATE,
        parameters={
            "MaxConcurrency": str(job.workers),
            "LargestShard": str(LARGEST_SHARD),
            **({"ImageMirror": f"s3://{drop}/{IMAGES_PREFIX}"} if job.images else {}),
            **(job.parameters or {}),
        },
        overrides=_overrides(job),
    )


def answer_csv(job: Job, cloud: LocalCloud, outputs: Mapping[str, str], progress: Progress) -> JobResult:
    """Drop a job's CSV into a deployed stack, follow its run, and bring its outputs back.

    Raises:
        RejectedInputError: The CSV can't be used as a whole.
        RunFailedError: The run ended without outputs.
    """
    if job.images:
        put = _put_images(job.csv, job.images, cloud, outputs["DropBucketName"])
        progress.say(f"put {put} pictures from {job.images} into the bucket")
    start = time.monotonic()
    source = _drop(job.csv, cloud, outputs["DropBucketName"])
    _watch(source, cloud, outputs, progress)
    seconds = time.monotonic() - start
    files = _bring_back(source, job.out, cloud, outputs["ResultsBucketName"])
    report = json.loads((job.out / "report.json").read_bytes())
    return JobResult(files, report, seconds)


def _overrides(job: Job) -> dict[str, Override]:
    overrides = dict(job.overrides or {})
    # The image has its models at a place of its own; here they are where `make models` put them.
    models = {"MODELS_DIR": str(job.models.resolve())} if job.models else {}
    for name in ("InferenceFunction", "PredictFunction"):
        given = overrides.get(name, Override())
        overrides[name] = Override(models | dict(given.environment), given.handler, given.code)
    return overrides


def _put_images(csv: Path, images: Path, cloud: LocalCloud, bucket: str) -> int:
    names = set(_names(csv))
    found = [path for path in images.iterdir() if path.is_file() and path.name in names]
    for path in found:
        cloud.s3.put_object(Bucket=bucket, Key=f"{IMAGES_PREFIX}{path.name}", Body=path.read_bytes())
    return len(found)


def _names(csv: Path) -> Iterator[str]:
    with csv.open("rb") as file:
        try:
            for row in RowReader(iter(lambda: file.read(1 << 16), b"")):
                try:
                    yield name_of(row.image_link)
                except RowError:
                    continue  # The run itself gives the row its error.
        except RejectedInputError:
            return  # And FanOut rejects the file.


def _drop(csv: Path, cloud: LocalCloud, bucket: str) -> InputObject:
    # The trigger takes .csv only; the outputs are named after the stem in any case.
    key = f"incoming/{csv.stem}.csv"
    answer = cloud.s3.put_object(Bucket=bucket, Key=key, Body=csv.read_bytes())
    return InputObject(bucket, key, answer["VersionId"], answer["ETag"].strip('"'))


def _watch(source: InputObject, cloud: LocalCloud, outputs: Mapping[str, str], progress: Progress) -> None:
    """Follow the run until its execution has succeeded."""
    run = source.run
    results = BucketStore(cloud.s3, outputs["ResultsBucketName"])
    machine = outputs["StateMachineArn"]
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:{run}"

    def started() -> bool:
        _raise_rejection(source, results)
        names = {item["name"] for item in _executions(cloud, machine)}
        return run in names

    _wait(started, _FAN_OUT_SECONDS, f"expected FanOut to start the run, it did not:\n{cloud.last_lines()}")
    document = json.loads(results.read(keys.run_document_key(run)))
    progress.start(document["pictures"], document["rows"])
    counted: set[str] = set()
    while True:
        description = cloud.step_functions.describe_execution(executionArn=execution)
        for key in results.keys(keys.parts_prefix(run)):
            if key not in counted:
                counted.add(key)
                header, _ = load_part([results.read(key)])
                progress.add(header.pictures, header.errors)
        if description["status"] != "RUNNING":
            break
        time.sleep(_POLL_SECONDS)
    progress.finish()
    if description["status"] != "SUCCEEDED":
        raise RunFailedError(
            f"expected the run to succeed, it is {description['status']}: "
            f"{description.get('error')}: {description.get('cause')}\n{cloud.last_lines()}"
        )


def _executions(cloud: LocalCloud, machine: str) -> Iterator[Mapping[str, object]]:
    for page in cloud.step_functions.get_paginator("list_executions").paginate(stateMachineArn=machine):
        yield from page["executions"]


def _raise_rejection(source: InputObject, results: BucketStore) -> None:
    key = f"{keys.results_prefix(source.stem, source.run)}rejected.json"
    if results.exists(key):
        document = json.loads(results.read(key))
        raise RejectedInputError(
            **{name: document[name] for name in ("expected", "received", "advice", "line")}
        )


def _wait(done: Callable[[], bool], seconds: float, message: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RunFailedError(message)
        time.sleep(_POLL_SECONDS / 5)


def _bring_back(source: InputObject, out: Path, cloud: LocalCloud, bucket: str) -> tuple[Path, ...]:
    results = BucketStore(cloud.s3, bucket)
    prefix = keys.results_prefix(source.stem, source.run)
    out.mkdir(parents=True, exist_ok=True)
    names = (f"{source.stem}_out.csv", "details.csv", "errors.csv", "report.json")
    for name in names:
        (out / name).write_bytes(results.read(f"{prefix}{name}"))
    return tuple(out / name for name in names)
