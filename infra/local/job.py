"""One CSV through the local cloud: upload it, follow its run, download the outputs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, Stack, deploy, upload_pictures
from infra.local.progress import Progress
from tapeline.batch import keys
from tapeline.batch.documents import RejectionDocument, RunDocument
from tapeline.batch.kept_run import restore_run
from tapeline.batch.keys import InputObject
from tapeline.batch.report_document import ReportDocument
from tapeline.batch.table_formats import split_name
from tapeline.batch.tracking import RunTracker
from tapeline.errors import RunFailedError
from tapeline.local.out_folder import bring_outputs, find_origin
from tapeline.local.running import RunResult

# Seconds until FanOut must have started the run of a small file. Chosen by hand: 131,187 rows take it a few
# seconds.
_FAN_OUT_SECONDS: Final = 120

# Bytes of the CSV for which FanOut has a second more. Chosen by hand: a fifth of what an idle core reads, for
# which a million rows of 100 bytes take 19 seconds.
_FAN_OUT_BYTES_PER_SECOND: Final = 1_000_000

# Seconds between two checks for the run's start. Chosen by hand: it adds little to a short run.
_START_POLL_SECONDS: Final = 0.05

# Seconds between two checks of a run's state. Chosen by hand: the bar moves, and a check takes about 0.03 s.
_POLL_SECONDS: Final = 0.5

# Seconds for which the tracker's links are valid. They aren't used: outputs are read from the bucket.
_LINK_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Job:
    """What to run.

    Attributes:
        csv: The input.
        out: The folder for the outputs; created if missing.
        pictures: File name -> file, of the pictures that answer links by their last part.
    """

    csv: Path
    out: Path
    pictures: Mapping[str, Path] = field(default_factory=dict)


def run_job(job: Job, deployment: Deployment, cloud: LocalCloud, progress: Progress) -> RunResult:
    """Deploy the template to a started local cloud, and answer a job's CSV there.

    Raises:
        RejectedInputError: The CSV can't be used as a whole.
        RunFailedError: The run ended without outputs.
        LocalCloudError: The template couldn't be deployed.
    """
    progress.say("deploying template.yaml to the local cloud")
    stack = deploy(replace(deployment, mirrors=bool(job.pictures)), cloud)
    upload_pictures(job.pictures, stack)
    return answer_csv(job, stack, progress)


def answer_csv(job: Job, stack: Stack, progress: Progress) -> RunResult:
    """Upload a job's CSV to a deployed stack, follow its run, and download its outputs.

    Where the CSV is the errors.csv of the run whose outputs are in the job's folder, its answers are merged
    into them.

    Raises:
        RejectedInputError: The CSV can't be used as a whole.
        RunFailedError: The run ended without outputs.
    """
    origin = find_origin(job.csv, job.out)
    if origin is not None:
        origin = restore(job.out, origin, stack)
    start = time.monotonic()
    source = _upload_csv(job.csv, stack)
    _wait_for_start(source, stack, _FAN_OUT_SECONDS + job.csv.stat().st_size / _FAN_OUT_BYTES_PER_SECOND)
    _follow(source.run, stack, progress)
    if origin is not None:
        # It goes on to make the other run's outputs anew.
        wait_for_execution(source.run, stack)
    seconds = time.monotonic() - start
    document = origin or RunDocument.load(stack.results.read(keys.run_document_key(source.run)))
    files = bring_outputs(document, stack.drop, stack.results, job.out)
    report = ReportDocument.load(files[-1].read_bytes())
    return RunResult(files, report, seconds, merged=origin is not None)


def restore(out: Path, document: RunDocument, stack: Stack) -> RunDocument:
    """Copy the kept run of a folder into a deployed stack; return its description there."""
    return restore_run(out, document, stack.results, stack.drop_file)


def wait_for_execution(name: str, stack: Stack) -> None:
    """Wait until an execution has ended.

    Raises:
        RunFailedError: It failed.
    """
    while (state := stack.state_machine.state(name)) == "running":
        time.sleep(_START_POLL_SECONDS)
    if state != "succeeded":
        raise RunFailedError(
            f"expected the outputs to be made anew, the execution is {stack.state_machine.failure(name)}\n"
            f"{stack.cloud.last_lines()}"
        )


def _upload_csv(csv: Path, stack: Stack) -> InputObject:
    # The trigger takes these ends only; any other file is read as what it is, and its outputs are CSV.
    return stack.drop_file(f"incoming/{''.join(split_name(csv.name))}", csv.read_bytes())


def _wait_for_start(source: InputObject, stack: Stack, seconds: float) -> None:
    """Wait until FanOut has started the run's execution."""
    deadline = time.monotonic() + seconds
    while stack.state_machine.state(source.run) is None:
        _check_rejection(source, stack)
        if time.monotonic() > deadline:
            raise RunFailedError(
                f"expected FanOut to start the run within {seconds:.0f} seconds, it did not: see the local "
                f"cloud's log, which ends with\n{stack.cloud.last_lines()}"
            )
        time.sleep(_START_POLL_SECONDS)


def _check_rejection(source: InputObject, stack: Stack) -> None:
    key = keys.rejection_key(source)
    if stack.results.exists(key):
        raise RejectionDocument.load(stack.results.read(key)).to_error()


def _follow(run: str, stack: Stack, progress: Progress) -> None:
    """Show a run's progress until its outputs are there."""
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
