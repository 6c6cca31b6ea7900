"""``tapeline read``: pictures to quantities."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from infra.command.grammar import (
    entities_option,
    entity_source,
    examples,
    images_option,
    json_option,
    models_option,
    print_json,
    workers_option,
)
from tapeline.answers import Answer
from tapeline.errors import RowError

# What the command exits with where some pictures couldn't be read.
EXIT_ERRORS: Final = 3


@click.command(
    short_help="Read quantities off pictures.",
    epilog=examples(
        "tapeline read kettle.jpg --entity wattage --entity voltage",
        "tapeline read pictures/ -e width -e height --json",
        "tapeline read https://images.example.com/kettle.jpg",
    ),
)
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE...")
@click.option(
    "-e",
    "--entity",
    "names",
    multiple=True,
    metavar="ENTITY",
    help="What to read; all entities by default.",
)
@workers_option
@images_option
@models_option
@entities_option
@json_option
def read(
    *,
    pictures: tuple[str, ...],
    names: tuple[str, ...],
    entities: str,
    workers: int | None,
    images: Path | None,
    models: Path | None,
    as_json: bool,
) -> int:
    """Read quantities off pictures: files, folders, or links.

    Prints picture, entity, value and confidence, with tabs between them; a picture that doesn't say has no
    value.
    """
    # Only now: --help shouldn't wait for it.
    from tapeline.local.reader import Reader  # noqa: PLC0415

    with Reader(images=images, models=models, entities=entity_source(entities)) as reader:
        found = reader.read_all(_expand(pictures), names or None, workers=workers)
    if as_json:
        print_json([{"picture": name, "answers": _document(answers)} for name, answers in found.items()])
    else:
        _print_lines(found.items())
    errors = any(isinstance(answer, RowError) for answers in found.values() for answer in answers.values())
    return EXIT_ERRORS if errors else 0


def _expand(pictures: Iterable[str]) -> Iterator[str]:
    """Yield pictures, and for a folder those in it."""
    from tapeline.local.reader import pictures_in  # noqa: PLC0415

    for picture in pictures:
        if "://" not in picture and Path(picture).is_dir():
            inside = pictures_in(Path(picture))
            if not inside:
                raise click.UsageError(f"expected pictures in {picture}, found none")
            yield from map(str, inside)
        else:
            yield picture


def _print_lines(found: Iterable[tuple[str, Mapping[str, Answer | RowError]]]) -> None:
    for picture, answers in found:
        for entity, answer in answers.items():
            if isinstance(answer, RowError):
                click.echo(f"tapeline: {picture}: {answer.code}: {answer.message}", err=True)
                break
            confidence = f"{answer.confidence:.2f}" if answer.quantity is not None else ""
            click.echo(f"{picture}\t{entity}\t{answer.prediction}\t{confidence}".rstrip("\t"))


def _document(answers: Mapping[str, Answer | RowError]) -> dict[str, object]:
    return {entity: _answer(answer) for entity, answer in answers.items()}


def _answer(answer: Answer | RowError) -> dict[str, object]:
    if isinstance(answer, RowError):
        return {"error_code": str(answer.code), "error": answer.message}
    return {
        "prediction": answer.prediction,
        "value": answer.value,
        "unit": answer.unit,
        "confidence": round(answer.confidence, 4),
        "stated": round(answer.stated, 4),
        "text": answer.text,
        "box": answer.box,
    }
