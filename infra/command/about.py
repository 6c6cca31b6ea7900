"""``tapeline models``, ``entities`` and ``completion``: what there is, and what goes with it."""

import time
from pathlib import Path
from typing import Final

import click
from click.shell_completion import get_completion_class

from infra.command.grammar import (
    FOLDER,
    entities_option,
    entity_source,
    examples,
    json_option,
    models_option,
    print_json,
)
from infra.local.progress import Progress
from tapeline.entity_file import load_entities
from tapeline.errors import ModelUnavailableError
from tapeline.local.components import models_folder
from tapeline.model_files import RESNET50_FOLDER, RESNET50_WEIGHTS

# The file, in the models' folder, that says since when the weights can't be had.
_UNAVAILABLE: Final = "unavailable.txt"

# Seconds after which --optional asks for the weights again. Chosen by hand: a day.
_REMEMBERED_SECONDS: Final = 24 * 60 * 60

# The variable with which a shell asks the command for completions; click makes it of the program's name.
COMPLETION: Final = "_TAPELINE_COMPLETE"

# What becomes of a run without the weights.
_WITHOUT: Final = "the answers are the same without them, and the label columns stay empty"


@click.command(
    short_help="Fetch ResNet50, which labels pictures.",
    epilog=examples("tapeline models", "tapeline models --from downloads", "tapeline models --status --json"),
)
@models_option
@click.option(
    "--from",
    "source",
    type=FOLDER,
    metavar="DIR",
    help="Copy the files from this folder instead of downloading them.",
)
@click.option(
    "--optional",
    is_flag=True,
    help="Go on without the files where they can't be had, and don't ask for them again for a day.",
)
@click.option(
    "--no-convert", is_flag=True, help="Fetch alone: what converts the weights isn't installed here."
)
@click.option("--status", is_flag=True, help="Fetch nothing; say what is there.")
@json_option
def models(
    *, models: Path | None, source: Path | None, optional: bool, no_convert: bool, status: bool, as_json: bool
) -> int:
    """Fetch, check and convert ResNet50's weights, which label what pictures show.

    Reading needs none of them: the text reader's models are in its package.
    """
    folder = models or models_folder()
    if not status:
        _fetch(folder, source, optional=optional)
        if not no_convert:
            _convert(folder)
    there = {
        "folder": folder,
        "weights": (folder / RESNET50_WEIGHTS).is_file(),
        "resnet50": (folder / RESNET50_FOLDER).is_dir(),
    }
    if as_json:
        print_json(there)
    elif status:
        click.echo(f"{folder}: ResNet50 {'present' if there['resnet50'] else 'absent'}")
    return 0


def _fetch(folder: Path, source: Path | None, *, optional: bool) -> None:
    # Only now: it needs packages that reading doesn't.
    from infra.image.models import fetch_models  # noqa: PLC0415

    note = folder / _UNAVAILABLE
    if optional and source is None and _is_recent(note):
        return
    try:
        fetch_models(folder, source)
    except ModelUnavailableError as error:
        if not optional:
            raise
        note.write_text(f"{error}\n", encoding="utf-8")
        Progress().say(f"ResNet50's weights can't be had now: {_WITHOUT}. `tapeline models` says why")
    else:
        note.unlink(missing_ok=True)


def _convert(folder: Path) -> None:
    """Convert the weights where they are there and haven't been."""
    weights, destination = folder / RESNET50_WEIGHTS, folder / RESNET50_FOLDER
    if not weights.is_file() or destination.is_dir():
        return
    # Only now: it needs TensorFlow.
    from infra.image.resnet50 import export_resnet50  # noqa: PLC0415

    export_resnet50(weights, destination)
    Progress().say(f"{destination}: made from {weights.name}")


def _is_recent(note: Path) -> bool:
    try:
        return 0 <= time.time() - note.stat().st_mtime < _REMEMBERED_SECONDS
    except OSError:
        return False


@click.command(
    short_help="List the entities and their units.",
    epilog=examples(
        "tapeline entities",
        "tapeline entities --entities products",
        "tapeline entities --entities mine.toml --json",
    ),
)
@entities_option
@json_option
def entities(entities: str, as_json: bool) -> None:
    """List the entities that can be asked for, with the units of their answers."""
    known = load_entities(entity_source(entities)).units
    if as_json:
        print_json([{"name": name, "units": sorted(units)} for name, units in known.items()])
        return
    width = max(map(len, known))
    for name, units in known.items():
        click.echo(f"{name:{width}}  {', '.join(sorted(units))}")


@click.command(
    short_help="Print the completion for a shell.",
    epilog=examples(
        "tapeline completion bash > ~/.local/share/bash-completion/completions/tapeline",
        "tapeline completion fish > ~/.config/fish/completions/tapeline.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion of this command for a shell."""
    root = context.find_root()
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"expected a shell with completion, received {shell}")
    click.echo(found(root.command, {}, str(root.info_name), COMPLETION).source())
