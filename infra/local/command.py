"""The commands behind ``make run``, ``make serve`` and ``make cloud``, and what they end with."""

import argparse
import csv
import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.cloud import LocalCloud
from infra.local.deployment import DEFAULT_WORKERS, Deployment
from infra.local.engine import Engine
from infra.local.example_cloud import run_cloud
from infra.local.job import Job, JobResult, run_job
from infra.local.kept_run import need_kept_run
from infra.local.progress import Progress
from infra.local.reviewing import correct_csv, review_run
from infra.local.service import serve_api
from tapeline.errors import TapelineError

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
# argparse itself exits with 2 for wrong usage.
EXIT_ROW_ERRORS: Final = 3
# Rows of the predictions that are printed. Chosen by hand: they fit a terminal beside the figures.
_SHOWN_ROWS: Final = 8

# The largest value of the template's MaxConcurrency and ApiConcurrency.
_MAX_WORKERS: Final = 1000

_MAX_PORT: Final = 65535

_EXAMPLES: Final = {
    "run": """\
  python -m infra.local run examples/test.csv --images examples/images
  python -m infra.local run my.csv --out results --workers 4
  python -m infra.local run my.csv --engine docker
""",
    "serve": """\
  python -m infra.local serve --port 8000
  python -m infra.local serve --images examples/images --workers 2
""",
    "correct": """\
  python -m infra.local correct out/review.csv --out out
""",
    "review": """\
  python -m infra.local review --out out --images examples/images
""",
    "cloud": """\
  python -m infra.local cloud
  python -m infra.local cloud --port 4567
""",
}
_EXIT_CODES: Final = """\
exit codes:
  0    every row was answered, or rightly empty; all corrections were taken; serve and review: ended by Ctrl-C
  1    the command failed
  2    wrong usage
  3    the run finished, some rows have errors: see errors.csv (with --exit-zero: 0); or some corrections
       couldn't be taken: see corrections_refused.csv
  130  run or cloud was interrupted, by Ctrl-C, SIGTERM or SIGHUP
"""


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: The command line after the program's name; that of the process where None.

    Returns:
        The exit code; wrong usage leaves with 2 through SystemExit.

    Raises:
        KeyboardInterrupt: It was interrupted, and has ended what it started.
    """
    options = build_parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        code = command(options)
        # What can't be written is to be seen here, and not when the interpreter ends.
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has enough. The interpreter would try to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except TapelineError as error:
        return _fail(str(error))
    except (BotoCoreError, ClientError) as error:
        return _fail(f"expected the local cloud to do its part, received: {error}: try again")
    except OSError as error:
        return _fail(_describe(error))
    return code


def _fail(message: str) -> int:
    # Standard error may be on the disk that is full, or on a terminal that was closed.
    with suppress(OSError):
        print(f"tapeline: {message}", file=sys.stderr)
    return EXIT_FAILED


def _describe(error: OSError) -> str:
    """Say what an operation on files or sockets expected and received."""
    where = f" at {error.filename}" if error.filename else ""
    received = error.strerror or str(error) or type(error).__name__
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"expected space for files{where}, received: {received}: free some, or set --out or TMPDIR"
    return f"expected to use files and sockets{where}, received: {received}: check its path and permissions"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; each command sets ``command`` to its function."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local",
        description="Answer a CSV of product pictures on this machine, without an AWS account.",
        epilog=f"examples:\n{''.join(_EXAMPLES.values())}\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = _add_command(commands, "run", _run, "drop a CSV into the local cloud, and bring its outputs back")
    run.add_argument("csv", type=_file, help="index,image_link,group_id,entity_name")
    run.add_argument(
        "--out", type=_out_folder, default=Path("out"), help="folder for the outputs (default: out)"
    )
    run.add_argument(
        "--exit-zero", action="store_true", help="exit with 0 where the run finished but rows have errors"
    )
    run.add_argument(
        "--engine",
        choices=("process", "docker"),
        default="process",
        help="docker: Inference runs in the image that make build made (default: process)",
    )
    _add_worker_options(run)

    serve = _add_command(commands, "serve", _serve, "serve the API and its page until Ctrl-C")
    serve.add_argument("--port", type=_port, help="port (default: 8000, or any other where that is taken)")
    _add_worker_options(serve)

    correct = _add_command(commands, "correct", _correct, "take a filled-in review.csv into the outputs")
    correct.add_argument("csv", type=_file, help="a review.csv with answers in the column answer")
    correct.add_argument(
        "--out", type=_folder, default=Path("out"), help="folder with the run's outputs (default: out)"
    )

    review = _add_command(commands, "review", _review, "serve the page to review a run's unsure rows")
    review.add_argument(
        "--out", type=_folder, default=Path("out"), help="folder with the run's outputs (default: out)"
    )
    review.add_argument("--run", help="the run's name, to be sure that it is this one")
    review.add_argument("--port", type=_port, help="port (default: 8000, or any other where that is taken)")
    _add_worker_options(review)

    cloud = _add_command(
        commands, "cloud", _cloud, "start a local cloud with the examples in it, for sam local"
    )
    cloud.add_argument("--port", type=_port, default=4566, help="port (default: 4566, as in events/env.json)")
    return parser


def _add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[argparse.Namespace], int],
    summary: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{_EXAMPLES[name]}\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=command)
    parser.add_argument(
        "--models", type=Path, default=Path(".cache/models"), help="folder that make models fills"
    )
    return parser


def _add_worker_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=_folder, help="folder that answers links by their last part instead of the internet"
    )
    parser.add_argument(
        "--workers",
        type=_worker_count,
        default=DEFAULT_WORKERS,
        help="shards or requests at once (default: the processors)",
    )


def _run(options: argparse.Namespace) -> int:
    in_containers = options.engine == "docker"
    deployment = Deployment(None if in_containers else options.models, options.images, options.workers)
    progress = Progress()
    # First of all: a folder that can't be written to shouldn't be noticed at the run's end.
    options.out.mkdir(parents=True, exist_ok=True)
    log = options.out / "local-cloud.log"
    log.unlink(missing_ok=True)
    log.touch()
    log.unlink()
    with ExitStack() as stack:
        engine = stack.enter_context(Engine()) if in_containers else None
        cloud = stack.enter_context(LocalCloud(engine=engine))
        try:
            result = run_job(Job(options.csv, options.out), deployment, cloud, progress)
        except (TapelineError, BotoCoreError, ClientError):
            with suppress(OSError):
                shutil.copyfile(cloud.log, log)
                print(f"tapeline: the local cloud's log is {log}", file=sys.stderr)
            raise
        finally:
            with suppress(OSError):
                progress.finish()
    _print_rows(result)
    _print_figures(result)
    return EXIT_ROW_ERRORS if result.report.errors and not options.exit_zero else EXIT_OK


def _serve(options: argparse.Namespace) -> int:
    deployment = Deployment(options.models, options.images, options.workers)
    say = Progress().say
    try:
        with LocalCloud() as cloud:
            say("deploying template.yaml to the local cloud")
            with serve_api(deployment, cloud, options.port) as service:
                print(service.url, flush=True)
                print(f"TAPELINE_API_KEY={service.key}", flush=True)
                say("the page is at the first line; it asks for the key on the second. Ctrl-C ends it")
                say(f"S3, for whole CSVs: aws --endpoint-url {cloud.endpoint} s3 ls")
                signal.pause()
    except KeyboardInterrupt:
        # The terminal may be what has gone.
        with suppress(OSError):
            say("everything that was started has been ended")
    return EXIT_OK


def _correct(options: argparse.Namespace) -> int:
    need_kept_run(options.out)
    with LocalCloud() as cloud:
        found = correct_csv(options.csv, options.out, cloud)
    review = found.report.review
    print(f"{review.confirmed} rows confirmed, {review.corrected} corrected in all")
    for row in found.refused:
        print(f"not taken: row {row.get('row', '')}, {row.get('answer', '')!r}: {row['problem']}")
    print("  ".join(str(path) for path in found.files))
    return EXIT_ROW_ERRORS if found.refused else EXIT_OK


def _review(options: argparse.Namespace) -> int:
    deployment = Deployment(options.models, options.images, options.workers)
    say = Progress().say
    need_kept_run(options.out, options.run)
    try:
        with LocalCloud() as cloud:
            say("deploying template.yaml to the local cloud")
            with review_run(options.out, options.run, deployment, cloud, options.port) as (service, run):
                print(f"{service.url}/runs/{run.run}/review", flush=True)
                print(f"TAPELINE_API_KEY={service.key}", flush=True)
                say("open the first line, and enter the key on the second. Ctrl-C ends it")
                run.follow(say)
    except KeyboardInterrupt:
        # The terminal may be what has gone.
        with suppress(OSError):
            say(f"what was decided is in {options.out}; everything that was started has been ended")
    return EXIT_OK


def _cloud(options: argparse.Namespace) -> int:
    run_cloud(options.port, options.models, Progress())
    return EXIT_OK


def _print_rows(result: JobResult) -> None:
    """Print the first predictions, below the table's header."""
    with result.predictions.open(encoding="utf-8", newline="") as file:
        for shown, line in enumerate(csv.reader(file)):
            if shown > _SHOWN_ROWS:
                print(f"... {result.report.rows - _SHOWN_ROWS} more")
                break
            print(",".join(line))
    print()


def _print_figures(result: JobResult) -> None:
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


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"expected a file, found none at {text}")
    return path


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"expected a folder, found none at {text}")
    return path


def _out_folder(text: str) -> Path:
    path = Path(text)
    there = next(folder for folder in (path, *path.parents) if folder.exists() or folder == folder.parent)
    if not there.is_dir():
        raise argparse.ArgumentTypeError(
            f"expected a folder, or nothing where it can be made; {there} is a file"
        )
    return path


def _worker_count(text: str) -> int:
    return _number(text, _MAX_WORKERS)


def _port(text: str) -> int:
    return _number(text, _MAX_PORT)


def _number(text: str, maximum: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= maximum:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {maximum}, received {text}")
    return int(text)
