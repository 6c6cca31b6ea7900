"""The grammar of the command, and what its commands end with."""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import click

from infra.command import about, estimating, reading, reviewing, runs, serving, training
from infra.command.about import COMPLETION
from infra.command.grammar import HELP_WIDTH, examples
from tapeline import __version__
from tapeline.errors import TapelineError

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1

# The command's name in usage lines, however it was started.
PROGRAM: Final = "tapeline"

_EXIT_CODES: Final = """\
\b
Exit codes:
  0    all was answered, or rightly empty
  1    the command failed
  2    wrong usage
  3    it finished, and some rows or pictures have errors, or some corrections weren't taken
  130  it was interrupted, by Ctrl-C, SIGTERM or SIGHUP"""


_EXAMPLES: Final = examples(
    "tapeline read kettle.jpg --entity wattage",
    "tapeline run products.csv --images pictures --out results",
)


_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": HELP_WIDTH}


@click.group(
    context_settings=_CONTEXT,
    epilog=f"{_EXAMPLES}\n\n{_EXIT_CODES}",
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def cli() -> None:
    """Read width, weight, voltage and other quantities off product pictures.

    Results go to standard output, progress and errors to standard error.
    """


for _command in (
    reading.read,
    runs.run,
    runs.resume,
    reviewing.review,
    reviewing.correct,
    estimating.estimate,
    serving.serve,
    serving.cloud,
    training.train,
    training.evaluate,
    about.models,
    about.entities,
    about.completion,
):
    # Its own too: click keeps a command's help option from its first context on, which may have no parent.
    _command.context_settings.update(_CONTEXT)
    cli.add_command(_command)


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: The command line after the program's name; that of the process where None.

    Returns:
        The exit code.

    Raises:
        KeyboardInterrupt: It was interrupted, and has ended what it started.
    """
    try:
        code = _invoke(sys.argv[1:] if arguments is None else list(arguments))
        # What can't be written is to be seen here, and not when the interpreter ends.
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output has enough. The interpreter would try to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        message = _explain(error)
        if message is None:
            raise
        return _fail(message)
    return code if isinstance(code, int) else EXIT_OK


def _invoke(arguments: list[str]) -> object:
    """Run a command; return what it returned."""
    if COMPLETION in os.environ:
        # A shell asks what the line could go on with; click answers, and exits.
        return cli.main(arguments, PROGRAM)
    try:
        # Not main(): it writes to the terminal at an interrupt, which may have gone, and exits with 1.
        with cli.make_context(PROGRAM, arguments) as context:
            return cli.invoke(context)
    except click.exceptions.Exit as finished:
        return finished.exit_code


def _fail(message: str) -> int:
    # Standard error may be on the disk that is full, or on a terminal that was closed.
    with suppress(OSError):
        click.echo(f"tapeline: {message}", err=True)
    return EXIT_FAILED


def _explain(error: Exception) -> str | None:
    """Return what to say of an error that isn't a defect; None for one that is."""
    if isinstance(error, TapelineError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return _missing(error)
    if isinstance(error, OSError):
        return _describe(error)
    if type(error).__module__.startswith("botocore."):
        return f"expected the local cloud to do its part, received: {error}: try again"
    return None


def _missing(error: ModuleNotFoundError) -> str:
    """Say which extra brings a package."""
    name = (error.name or "").partition(".")[0]
    extra = "local" if name in {"docker", "ministack", "samtranslator", "yaml"} else "read"
    extra = {"lightgbm": "train", "scipy": "train", "tensorflow": "convert", "keras": "convert"}.get(
        name, extra
    )
    return f"expected the package {name}, received none: pip install 'tapeline[{extra}]'"


def _describe(error: OSError) -> str:
    """Say what an operation on files or sockets expected and received."""
    where = f" at {error.filename}" if error.filename else ""
    received = error.strerror or str(error) or type(error).__name__
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"expected space for files{where}, received: {received}: free some, or set --out or TMPDIR"
    return f"expected to use files and sockets{where}, received: {received}: check its path and permissions"
