"""Corrections of a run whose outputs are in a folder: by a filled-in review.csv, or on the page."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment, Stack, deploy
from infra.local.job import restore, wait_for_execution
from infra.local.service import Service, serve_api
from tapeline.batch import keys
from tapeline.batch.documents import RejectionDocument, RunDocument
from tapeline.batch.kept_run import (
    bring_corrections,
    keep_run,
    kept_input,
    need_kept_run,
    refused_rows,
)
from tapeline.batch.keys import InputObject
from tapeline.batch.report_document import ReportDocument
from tapeline.errors import RunFailedError
from tapeline.local.out_folder import bring_outputs
from tapeline.local.pictures import find_pictures

# Seconds until Correct must have read a file. Chosen by hand: 131,187 rows take it a few.
_CORRECT_SECONDS: Final = 120

# Seconds between two looks. Chosen by hand.
_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Corrected:
    """What became of a filled-in review.csv.

    Attributes:
        files: The outputs, made anew where anything was taken.
        report: What report.json says.
        refused: The rows that couldn't be taken, each with its ``problem``.
        refused_file: Where they are.
    """

    files: tuple[Path, ...]
    report: ReportDocument
    refused: list[dict[str, str]]
    refused_file: Path


def correct_csv(path: Path, out: Path, cloud: LocalCloud) -> Corrected:
    """Drop a filled-in review.csv, and bring the outputs that are made anew back.

    Args:
        path: The filled-in review.csv.
        out: The folder with the run's outputs.
        cloud: A started local cloud.

    Raises:
        RunFailedError: The folder has no run, or the outputs couldn't be made.
        RejectedInputError: The file is no review.csv.
        LocalCloudError: The template couldn't be deployed.
    """
    kept = need_kept_run(out)
    stack = deploy(Deployment(), cloud)
    document = restore(out, kept, stack)
    return correct_in(stack, document, path, out)


def correct_in(stack: Stack, document: RunDocument, path: Path, out: Path) -> Corrected:
    """Drop a filled-in review.csv into a deployed stack that has its run; see :func:`correct_csv`."""
    source = stack.drop_file(f"corrections/{path.stem}.csv", path.read_bytes())
    refused = keys.output_key(document.source, keys.REFUSED_CORRECTIONS, document.run)
    _wait_for(source, refused, stack)
    started = reductions(document.run, stack)
    for name in started:
        wait_for_execution(name, stack)
    if started:
        files = bring_outputs(document, stack.drop, stack.results, out)
    else:
        # Nothing was taken: the outputs are as they were.
        files = tuple(out / name for name in keys.output_keys(document.source, document.run))
    body = stack.results.read(refused)
    (out / keys.REFUSED_CORRECTIONS).write_bytes(body)
    report = ReportDocument.load(files[-1].read_bytes())
    return Corrected(files, report, refused_rows(body), out / keys.REFUSED_CORRECTIONS)


def _wait_for(source: InputObject, refused: str, stack: Stack) -> None:
    """Wait until Correct has written what it refuses, the last that it does."""
    deadline = time.monotonic() + _CORRECT_SECONDS
    own = f"{keys.results_prefix(source.slug, source.run)}{keys.REFUSED_CORRECTIONS}"
    while not stack.results.exists(refused):
        if stack.results.exists(keys.rejection_key(source)):
            raise RejectionDocument.load(stack.results.read(keys.rejection_key(source))).to_error()
        if stack.results.exists(own):
            rows = refused_rows(stack.results.read(own))
            first = f": {rows[0]['problem']}" if rows else ""
            raise RunFailedError(f"expected rows of the run in this folder, received none{first}")
        if time.monotonic() > deadline:
            raise RunFailedError(
                f"expected Correct to read the file within {_CORRECT_SECONDS} seconds, it did not: see the "
                f"local cloud's log, which ends with\n{stack.cloud.last_lines()}"
            )
        time.sleep(_POLL_SECONDS)


def reductions(run: str, stack: Stack) -> set[str]:
    """Return the names of the executions that make a run's outputs anew."""
    pages = stack.cloud.step_functions.get_paginator("list_executions").paginate(
        stateMachineArn=stack.outputs["StateMachineArn"]
    )
    names = (item["name"] for page in pages for item in page["executions"])
    return {name for name in names if name.startswith(f"{run}-")}


@contextmanager
def review_run(
    out: Path,
    cloud: LocalCloud,
    deployment: Deployment,
    *,
    run: str | None,
    images: Path | None,
    port: int | None,
) -> Iterator[tuple[Service, "ReviewedRun"]]:
    """Serve the page for the review of the run whose outputs are in a folder.

    Args:
        out: The folder.
        cloud: A started local cloud.
        deployment: How to deploy.
        run: The run's name, where that is to be checked.
        images: A folder whose pictures answer links by their last part; None to download them.
        port: The port; None for 8000, or any free one where that is taken.

    Yields:
        The API with its key, and the run. What persons decide is brought into the folder at the end.

    Raises:
        RunFailedError: The folder has no run, or another one.
        LocalCloudError: The template couldn't be deployed.
        PortTakenError: The requested port is taken.
    """
    kept = need_kept_run(out, run)
    pictures = find_pictures(kept_input(out, kept), images).by_name() if images else None
    with serve_api(deployment, cloud, port, pictures) as service:
        document = restore(out, kept, service.stack)
        reviewed = ReviewedRun(document, service.stack, out)
        try:
            yield service, reviewed
        finally:
            reviewed.bring()
            bring_corrections(document, service.stack.results, out)
            keep_run(document, service.stack.drop, service.stack.results, out)


class ReviewedRun:
    """A run on its page.

    Args:
        document: Its description.
        stack: The stack that has it.
        out: The folder with its outputs.
    """

    def __init__(self, document: RunDocument, stack: Stack, out: Path) -> None:
        self.run = document.run
        self._document = document
        self._stack = stack
        self._out = out
        self._brought: set[str] = set()

    def follow(self, say: Callable[[str], None]) -> None:
        """Bring outputs that are made anew into the folder, until an interrupt."""
        while True:
            if self.bring():
                say(f"brought the outputs with the decisions into {self._out}")
            time.sleep(_POLL_SECONDS)

    def bring(self) -> bool:
        """Bring the outputs into the folder where they were made anew since; say whether they were."""
        names = reductions(self.run, self._stack) - self._brought
        for name in names:
            wait_for_execution(name, self._stack)
        if names:
            bring_outputs(self._document, self._stack.drop, self._stack.results, self._out)
        self._brought |= names
        return bool(names)
