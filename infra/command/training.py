"""``tapeline train`` and ``tapeline evaluate``: the ranker, and ground truth."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

import tapeline
from infra.command.grammar import FILE, FOLDER, entities_option, entity_source, examples
from tapeline.entity_file import DEFAULT, SHIPPED, load_entities

# The artefact of the package.
_ARTEFACT: Final = Path(tapeline.__file__).parent / "ranking" / "ranker.json"


def _rows_options[F: Callable[..., object]](function: F) -> F:
    """Add what both commands take beside their rows."""
    for option in (
        click.option(
            "--cache",
            type=click.Path(path_type=Path),
            default=".cache/read",
            show_default=True,
            metavar="DIR",
            help="The folder where OCR is cached.",
        ),
        click.option(
            "--images", type=FOLDER, required=True, metavar="DIR", help="The folder of the pictures."
        ),
        entities_option,
    ):
        function = option(function)
    return function


@click.command(
    short_help="Train the ranker.",
    epilog=examples(
        "tapeline train rows.csv --images pictures",
        "tapeline train rows.csv out/corrections.csv --images pictures --artefact mine.json",
        "tapeline train rows.csv --images pictures --entities mine.toml",
    ),
)
@click.argument("rows", type=FILE, nargs=-1, required=True, metavar="CSV...")
@_rows_options
@click.option(
    "--artefact",
    type=click.Path(path_type=Path),
    default=_ARTEFACT,
    metavar="FILE",
    help="The file to write; the package's ranker by default.",
)
@click.option(
    "--catalogue",
    type=FILE,
    metavar="FILE",
    help="The challenge's train.csv (also .xz or .gz), to count priors in; the package's by default.",
)
@click.option(
    "--ablate", is_flag=True, help="Print the F1 without each part of the ranker too; takes an hour."
)
def train(
    *,
    entities: str,
    rows: tuple[Path, ...],
    images: Path,
    cache: Path,
    artefact: Path,
    catalogue: Path | None,
    ablate: bool,
) -> int:
    """Train the ranker on rows with ground truth, and print their cross-validated F1.

    CSV has the rows and the right answers, as docs/formats.md describes, or is a run's corrections.csv; those
    of the split train are learned from. With --entities, the file's own entities are trained, and their
    weights are written beside it.
    """
    from infra.training.own import train_own  # noqa: PLC0415
    from infra.training.train import train as run_training  # noqa: PLC0415

    source = entity_source(entities)
    if source in SHIPPED and source != DEFAULT:
        raise click.UsageError(f"{source} is shipped: copy it (docs/entities.md), and train your copy")
    if source != DEFAULT:
        train_own(rows, images, cache, load_entities(source), Path(source))
        return 0
    run_training(rows, images, cache, artefact, catalogue, with_ablation=ablate)
    return 0


@click.command(
    short_help="Score answers against ground truth.",
    epilog=examples(
        "tapeline evaluate rows.csv --images pictures --out report",
        "tapeline evaluate rows.csv --images pictures --split all --before old/predictions.csv",
    ),
)
@click.argument("rows", type=FILE, metavar="CSV")
@_rows_options
@click.option(
    "--split",
    default="dev",
    show_default=True,
    metavar="SPLIT",
    help="The rows to answer: dev, train or all.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write predictions.csv and a page of pictures here.",
)
@click.option(
    "--before", type=FILE, metavar="FILE", help="An earlier predictions.csv, to count rows gained and lost."
)
def evaluate(
    *, entities: str, rows: Path, images: Path, cache: Path, split: str, out: Path | None, before: Path | None
) -> int:
    """Answer rows with ground truth as the workers do, and print scores and wrong rows.

    CSV has the rows and the right answers, as docs/formats.md describes.
    """
    known = load_entities(entity_source(entities))
    from infra.training.evaluate import evaluate as run_evaluation  # noqa: PLC0415

    run_evaluation(rows, images, cache, split, known, out=out, before=before)
    return 0
