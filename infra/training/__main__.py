"""Trains and evaluates the ranker on pictures with ground truth."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import tapeline
from infra.training.evaluate import evaluate
from infra.training.report import say
from infra.training.train import train
from tapeline.errors import TapelineError
from tapeline.ranking.ranker import ARTEFACT

# The artefact of the package.
_ARTEFACT: Final = Path(tapeline.__file__).parent / "ranking" / ARTEFACT

# The folder where OCR is cached by default.
_CACHE_FOLDER: Final = Path(".cache/read")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status: 0, or 1 where it can't be done."""
    options = build_parser().parse_args(argv)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except (TapelineError, OSError) as error:
        say(str(error))
        return 1
    return 0


def _train(options: argparse.Namespace) -> None:
    train(
        options.rows,
        options.images,
        options.cache,
        options.artefact,
        options.catalogue,
        with_ablation=options.ablate,
    )


def _evaluate(options: argparse.Namespace) -> None:
    evaluate(
        options.rows,
        options.images,
        options.cache,
        options.split,
        out=options.out,
        before=options.before,
    )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; each command sets ``command`` to its function."""
    parser = argparse.ArgumentParser(prog="python -m infra.training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    training = _add_command(
        commands,
        "train",
        _train,
        "Train the ranker on the rows of the train split, print their cross-validated F1, and write it.",
        several=True,
    )
    training.add_argument(
        "--artefact", type=Path, default=_ARTEFACT, help="the file to write (default: the package's ranker)"
    )
    training.add_argument(
        "--catalogue",
        type=Path,
        help="the challenge's train.csv (also .xz or .gz), to count priors in (default: the package's)",
    )
    training.add_argument(
        "--ablate",
        action="store_true",
        help="print the cross-validated F1 without each part of the ranker too; takes an hour",
    )
    evaluation = _add_command(
        commands,
        "evaluate",
        _evaluate,
        "Answer rows with the package's ranker as the workers do; print scores and wrong rows.",
    )
    evaluation.add_argument(
        "--split", default="dev", help="the rows to answer: dev, train or all (default: dev)"
    )
    evaluation.add_argument(
        "--out", type=Path, help="folder for predictions.csv and index.html, with pictures"
    )
    evaluation.add_argument(
        "--before", type=Path, help="an earlier predictions.csv, to count the rows gained and lost against"
    )
    return parser


def _add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], None],
    description: str,
    *,
    several: bool = False,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=description, description=description)
    command.add_argument(
        "rows",
        type=Path,
        nargs="+" if several else None,
        help="CSV with ground truth, as docs/formats.md describes it, or a run's corrections.csv",
    )
    command.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    command.add_argument(
        "--cache",
        type=Path,
        default=_CACHE_FOLDER,
        help=f"folder where OCR is cached (default: {_CACHE_FOLDER})",
    )
    command.set_defaults(command=run)
    return command


if __name__ == "__main__":
    sys.exit(main())
