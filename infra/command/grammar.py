"""What the commands' options share: types, examples below the help, and output."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from tapeline.entity_file import DEFAULT, SHIPPED

# The largest value of the template's MaxConcurrency and ApiConcurrency.
MAX_WORKERS: Final = 1000

_MAX_PORT: Final = 65535

WORKERS: Final = click.IntRange(1, MAX_WORKERS)
PORT: Final = click.IntRange(1, _MAX_PORT)
FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)

# Columns of help texts. Chosen by hand: a terminal of 100 columns shows them, and the golden file has them.
HELP_WIDTH: Final = 96


class OutFolder(click.ParamType[Path]):
    """A folder, or a place where one can be made."""

    name = "directory"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the folder's path."""
        path = Path(value)
        there = next(folder for folder in (path, *path.parents) if folder.exists() or folder == folder.parent)
        if not there.is_dir():
            self.fail(f"expected a folder, or nothing where it can be made; {there} is a file", param, ctx)
        return path


def examples(*lines: str) -> str:
    r"""Return the examples of a command, as its help shows them: each on a line of its own."""
    return "\n\n".join(["\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)])


def models_option[F: Callable[..., object]](function: F) -> F:
    """Add the option for the folder of the model files."""
    return click.option(
        "--models",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="The folder with ResNet50, which `tapeline models` fills: by default $TAPELINE_MODELS, or "
        "~/.cache/tapeline/models.",
    )(function)


def workers_option[F: Callable[..., object]](function: F) -> F:
    """Add the option for pictures that are read at once."""
    return click.option(
        "--workers",
        type=WORKERS,
        metavar="N",
        help="Pictures to read at the same time: by default as many as there are processors.",
    )(function)


def images_option[F: Callable[..., object]](function: F) -> F:
    """Add the option for a folder of pictures."""
    return click.option(
        "--images",
        type=FOLDER,
        metavar="DIR",
        help="A folder where pictures are looked for by the last part of their links; what isn't there is "
        "downloaded.",
    )(function)


def entities_option[F: Callable[..., object]](function: F) -> F:
    """Add the option for own entities."""
    return click.option(
        "--entities",
        default=DEFAULT,
        metavar="FILE",
        help="A TOML file with quantities of your own, beside the eight; or `products`, which comes with "
        "tapeline: docs/entities.md.",
    )(function)


def entity_source(value: str) -> str:
    """Return what ``--entities`` names for other processes: a shipped file's name, or an absolute path."""
    return value if value in SHIPPED else str(Path(value).absolute())


def json_option[F: Callable[..., object]](function: F) -> F:
    """Add the option for output that programs read."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def print_json(value: object) -> None:
    """Print a value as JSON, with any path as its text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
