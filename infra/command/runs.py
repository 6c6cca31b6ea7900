"""``tapeline run`` and ``tapeline resume``: a table to the outputs of a run."""

import csv
import shutil
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal

import click

from infra.command.grammar import (
    FILE,
    OutFolder,
    entities_option,
    entity_source,
    examples,
    images_option,
    json_option,
    models_option,
    print_json,
    workers_option,
)
from infra.local.progress import Progress
from tapeline.batch.lines import InputLines
from tapeline.batch.table_formats import as_csv
from tapeline.entity_file import load_entities
from tapeline.errors import TapelineError
from tapeline.local.components import models_folder, processors
from tapeline.local.out_folder import check_out_folder, find_origin
from tapeline.local.pictures import LocalPictures, find_pictures
from tapeline.local.running import RunOptions, RunResult, resume_run, start_run

# What the command exits with where rows have errors.
EXIT_ROW_ERRORS: Final = 3

# Rows of the predictions that are printed. Chosen by hand: they fit a terminal beside the figures.
_SHOWN_ROWS: Final = 8

# Bytes of the predictions that are read at once for that.
_CHUNK_BYTES: Final = 64 * 1024

type Engine = Literal["process", "docker"]


@click.command(
    short_help="Read what a table asks for.",
    epilog=examples(
        "tapeline run products.csv --images pictures --out results",
        "tapeline run products.csv --workers 4",
        "tapeline run examples/test.csv --images examples/images --cloud local",
    ),
)
@click.argument("table", type=FILE, metavar="TABLE")
@click.option(
    "--out",
    type=OutFolder(),
    default="out",
    metavar="DIR",
    show_default=True,
    help="The folder for the outputs.",
)
@images_option
@click.option(
    "--cloud",
    type=click.Choice(["local"]),
    help="Run through template.yaml, deployed to an emulator of AWS on this machine; by default in this "
    "process.",
)
@click.option(
    "--engine",
    type=click.Choice(["process", "docker"]),
    default="process",
    show_default=True,
    help="With --cloud: docker reads in the image that `make build` made.",
)
@workers_option
@models_option
@entities_option
@click.option(
    "--s3", multiple=True, metavar="BUCKET/PREFIX/", help="Where s3:// links may lead; not with --cloud."
)
@click.option("--keep-columns", is_flag=True, help="Have the table's columns beside the predictions.")
@click.option("--replace", is_flag=True, help="Write over the outputs, or the stopped run, of another table.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where the run finished but rows have errors.")
@json_option
def run(
    *,
    table: Path,
    out: Path,
    images: Path | None,
    cloud: str | None,
    engine: Engine,
    workers: int | None,
    models: Path | None,
    entities: str,
    s3: tuple[str, ...],
    keep_columns: bool,
    replace: bool,
    exit_zero: bool,
    as_json: bool,
) -> int:
    """Read what a table asks for: in image_link a picture's link or path, in entity_name what to read off it.

    TABLE is CSV, gzipped CSV, JSON Lines or Parquet. Into the folder go the predictions as NAME_out, in the
    same format, and details.csv, errors.csv, review.csv, report.html and report.json. A run that was stopped
    goes on with `tapeline resume`. Where TABLE is the errors.csv of the run in the folder, its rows are tried
    again, and the answers are merged into the outputs.
    """
    if engine == "docker" and cloud is None:
        raise click.UsageError("--engine docker runs in the local cloud: add --cloud local")
    # First of all: a folder that can't be written to shouldn't be noticed at the run's end.
    check_out_folder(out, table, replace=replace)
    source = entity_source(entities)
    # What is wrong with the file is to be seen before anything is started, too.
    load_entities(source)
    progress = Progress()
    # What failed once may be missing in the folder again.
    pictures = find_pictures(table, images, needed=find_origin(table, out) is None)
    _say_pictures(pictures, images, progress)
    count = workers or processors()
    if cloud is not None:
        result = _run_in_cloud(
            table=table,
            out=out,
            pictures=pictures,
            models=models,
            workers=count,
            engine=engine,
            progress=progress,
            keep_columns=keep_columns,
            entities=source,
        )
    else:
        options = RunOptions(
            table=table.absolute(),
            images=images and images.absolute(),
            models=models and models.absolute(),
            workers=count,
            s3=s3,
            keep_columns=keep_columns,
            entities=source,
        )
        with _resumable(out):
            result = start_run(options, out, progress)
    return _finish(result, as_json=as_json, exit_zero=exit_zero)


@click.command(
    short_help="Go on with a stopped run.",
    epilog=examples("tapeline resume out", "tapeline resume results --exit-zero"),
)
@click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where the run finished but rows have errors.")
@json_option
def resume(out: Path, exit_zero: bool, as_json: bool) -> int:
    """Go on with a run that was stopped; DIR is its folder of outputs.

    What was answered before isn't read again.
    """
    with _resumable(out):
        result = resume_run(out, Progress())
    return _finish(result, as_json=as_json, exit_zero=exit_zero)


class _resumable:  # noqa: N801 - used like a function
    """Says how an interrupted run goes on."""

    def __init__(self, out: Path) -> None:
        self._out = out

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"what was answered is kept: `tapeline resume {self._out}` goes on from there"
            ) from None


def _say_pictures(pictures: LocalPictures, images: Path | None, progress: Progress) -> None:
    # Where there are no links, the run itself says what is wrong with the table.
    if not pictures.links or (images is None and not pictures.files):
        return
    where = f"in {images}" if images else "on this machine"
    rest = f"; the other {pictures.downloads} are downloaded" if pictures.downloads else ""
    progress.say(f"found {len(pictures.files)} of {pictures.links} links {where}{rest}")


def _run_in_cloud(
    *,
    table: Path,
    out: Path,
    pictures: LocalPictures,
    models: Path | None,
    workers: int,
    engine: Engine,
    progress: Progress,
    keep_columns: bool,
    entities: str,
) -> RunResult:
    """Run in the local cloud; what it said is kept where it fails."""
    # Only now: most runs need none of it.
    from infra.local.cloud import LocalCloud  # noqa: PLC0415
    from infra.local.deployment import Deployment  # noqa: PLC0415
    from infra.local.engine import Engine as DockerEngine  # noqa: PLC0415
    from infra.local.job import Job, run_job  # noqa: PLC0415

    in_containers = engine == "docker"
    deployment = Deployment(
        None if in_containers else models or models_folder(),
        workers=workers,
        parameters={"KeepColumns": str(keep_columns).lower(), "Entities": entities},
    )
    log = out / "local-cloud.log"
    log.unlink(missing_ok=True)
    with ExitStack() as stack:
        docker = stack.enter_context(DockerEngine()) if in_containers else None
        local = stack.enter_context(LocalCloud(engine=docker))
        try:
            return run_job(Job(table, out, pictures.by_name()), deployment, local, progress)
        except Exception as error:
            if isinstance(error, TapelineError) or type(error).__module__.startswith("botocore."):
                with suppress(OSError):
                    shutil.copyfile(local.log, log)
                    progress.say(f"the local cloud's log is {log}")
            raise
        finally:
            with suppress(OSError):
                progress.finish()


def _finish(result: RunResult, *, as_json: bool, exit_zero: bool) -> int:
    if as_json:
        report = asdict(result.report)
        print_json({"files": result.files, "seconds": round(result.seconds, 1), "report": report})
    else:
        _print_rows(result)
        _print_figures(result)
    return EXIT_ROW_ERRORS if result.report.errors and not exit_zero else 0


def _print_rows(result: RunResult) -> None:
    """Print the first predictions, below the table's header."""
    with result.predictions.open("rb") as file:
        lines = InputLines(as_csv(iter(lambda: file.read(_CHUNK_BYTES), b"")))
        for shown, line in enumerate(csv.reader(lines)):
            if shown > _SHOWN_ROWS:
                print(f"... {result.report.rows - _SHOWN_ROWS} more")
                break
            print(",".join(line))
    print()


def _print_figures(result: RunResult) -> None:
    report = result.report
    if result.merged:
        print(f"merged into the outputs of {report.run}")
    print(
        f"{report.rows} rows on {report.pictures} pictures in {result.seconds:.1f} s "
        f"({report.rows / result.seconds:.1f} rows/s): {report.answered} answered, {report.empty} empty, "
        f"{report.errors} with errors"
    )
    if report.errors_by_code:
        counts = ", ".join(f"{count} {code}" for code, count in report.errors_by_code.items())
        print(f"errors: {counts}: see {result.errors}, which can be run again as it is")
    print(f"ResNet50: {report.resnet50}")
    print("  ".join(str(path) for path in result.files))
