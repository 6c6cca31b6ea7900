"""One CSV through the local cloud: upload it, follow its run, download the outputs."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, Stack, deploy, upload_pictures
from infra.local.progress import Progress
from tapeline.batch import keys
from tapeline.batch.keys import InputObject
from tapeline.batch.rows import RowReader
from tapeline.batch.tracking import RunStatus, RunTracker
from tapeline.download.links import name_of
from tapeline.errors import RejectedInputError, RowError, RunFailedError

# What FanOut writes instead of a run; beside where the outputs would be.
_REJECTED: Final = "rejected.json"

# Seconds until FanOut must have started the run. Chosen by hand: 131,187 rows take it a few seconds.
_FAN_OUT_SECONDS: Final = 120

# Seconds between two checks for the run's start. Chosen by hand: it adds little to a short run.
_START_POLL_SECONDS: Final = 0.05

# Seconds between two checks of a run's state. Chosen by hand: frequent enough for a moving bar.
_POLL_SECONDS: Final = 0.25

# Seconds for which the tracker's links are valid. They aren't used: outputs are read from the bucket.
_LINK_SECONDS: Final = 60

# Bytes of the CSV that are read at once.
_CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """What to run.

    Attributes:
        csv: The input.
        out: The folder for the outputs; created if missing.
    """

    csv: Path
    out: Path


class RunReport(BaseModel):
    """The figures of report.json that the local runner shows.

    Attributes:
        run: The run's name.
        input: The object version that it answers.
        rows: Rows in the input.
        pictures: Distinct links in the input.
        answered: Rows with a prediction.
        empty: Rows whose prediction is rightly empty.
        errors: Rows with an error code.
        errors_by_code: Error code -> rows; only codes that occurred.
        resnet50: ``present`` or ``absent``.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    input: InputObject
    rows: int
    pictures: int
    answered: int
    empty: int
    errors: int
    errors_by_code: Mapping[str, int]
    resnet50: str


@dataclass(frozen=True, slots=True)
class JobResult:
    """What came back.

    Attributes:
        files: The downloaded outputs in the tracker's order: predictions, details, errors, report.
        report: The figures of report.json.
        seconds: From the upload of the CSV to the outputs.
    """

    files: tuple[Path, ...]
    report: RunReport
    seconds: float

    @property
    def predictions(self) -> Path:
        """The table of index and prediction."""
        return self.files[0]

    @property
    def errors(self) -> Path:
        """The input's rows with errors, which is an input itself."""
        return self.files[2]


def run_job(job: Job, deployment: Deployment, cloud: LocalCloud, progress: Progress) -> JobResult:
    """Deploy the template to a started local cloud, and answer a job's CSV there.

    Raises:
        RejectedInputError: The CSV can't be used as a whole.
        RunFailedError: The run ended without outputs.
        LocalCloudError: The template couldn't be deployed.
    """
    progress.say("deploying template.yaml to the local cloud")
    stack = deploy(deployment, cloud)
    if deployment.pictures:
        uploaded = upload_pictures(deployment.pictures, stack, set(_picture_names(job.csv)))
        progress.say(f"put {uploaded} pictures from {deployment.pictures} into the bucket")
    return answer_csv(job, stack, progress)


def answer_csv(job: Job, stack: Stack, progress: Progress) -> JobResult:
    """Upload a job's CSV to a deployed stack, follow its run, and download its outputs.

    Raises:
        RejectedInputError: The CSV can't be used as a whole.
        RunFailedError: The run ended without outputs.
    """
    start = time.monotonic()
    source = _upload_csv(job.csv, stack)
    _wait_for_start(source, stack)
    status = _follow(source.run, stack, progress)
    seconds = time.monotonic() - start
    files = _download(status, source, stack, job.out)
    return JobResult(files, RunReport.model_validate_json(files[-1].read_bytes()), seconds)


def _picture_names(csv: Path) -> Iterator[str]:
    """Yield the file names in the CSV's links, as far as it can be read."""
    with csv.open("rb") as file:
        try:
            for row in RowReader(iter(lambda: file.read(_CHUNK_BYTES), b"")):
                try:
                    yield name_of(row.image_link)
                except RowError:
                    continue  # The run itself gives the row its error.
        except RejectedInputError:
            return  # FanOut rejects the file too.


def _upload_csv(csv: Path, stack: Stack) -> InputObject:
    # The trigger takes .csv only; the outputs are named after the stem in any case.
    key = f"incoming/{csv.stem}.csv"
    answer = stack.cloud.s3.put_object(Bucket=stack.drop_bucket, Key=key, Body=csv.read_bytes())
    return InputObject(stack.drop_bucket, key, answer["VersionId"], answer["ETag"].strip('"'))


def _wait_for_start(source: InputObject, stack: Stack) -> None:
    """Wait until FanOut has started the run's execution."""
    deadline = time.monotonic() + _FAN_OUT_SECONDS
    while stack.state_machine.state(source.run) is None:
        _check_rejection(source, stack)
        if time.monotonic() > deadline:
            raise RunFailedError(f"expected FanOut to start the run, it did not:\n{stack.cloud.last_lines()}")
        time.sleep(_START_POLL_SECONDS)


def _check_rejection(source: InputObject, stack: Stack) -> None:
    key = f"{keys.results_prefix(source.stem, source.run)}{_REJECTED}"
    if stack.results.exists(key):
        document = json.loads(stack.results.read(key))
        raise RejectedInputError(
            expected=document["expected"],
            received=document["received"],
            advice=document["advice"],
            line=document["line"],
        )


def _follow(run: str, stack: Stack, progress: Progress) -> RunStatus:
    """Show a run's progress until its outputs are there; return its last state."""
    tracker = RunTracker(stack.results, stack.state_machine, stack.results, _LINK_SECONDS)
    status = tracker.status(run)
    progress.start(status.pictures, status.rows)
    # A state of "succeeded" may lack outputs: the tracker checks for them before it reads the state.
    while not status.outputs and status.state != "failed":
        time.sleep(_POLL_SECONDS)
        status = tracker.status(run)
        progress.update(status.pictures_done, sum(status.errors_by_code.values()))
    progress.finish()
    if status.state == "failed":
        raise RunFailedError(
            f"expected the run to succeed, it is {stack.state_machine.failure(run)}\n"
            f"{stack.cloud.last_lines()}"
        )
    return status


def _download(status: RunStatus, source: InputObject, stack: Stack, out: Path) -> tuple[Path, ...]:
    prefix = keys.results_prefix(source.stem, source.run)
    out.mkdir(parents=True, exist_ok=True)
    for name in status.outputs:
        (out / name).write_bytes(stack.results.read(f"{prefix}{name}"))
    return tuple(out / name for name in status.outputs)
