"""``tapeline estimate``: what a table would take on AWS."""

from pathlib import Path

import click

from infra.command.grammar import FILE, WORKERS, entities_option, entity_source, examples, json_option
from infra.local.estimating import describe, dump, estimate_csv
from tapeline.entity_file import load_entities


@click.command(
    short_help="Say what a CSV would take on AWS.",
    epilog=examples(
        "tapeline estimate examples/test.csv", "tapeline estimate my.csv --report out/report.json --json"
    ),
)
@click.argument("table", type=FILE, metavar="CSV")
@click.option("--workers", type=WORKERS, metavar="N", help="Shards that run at once; 40 by default.")
@click.option(
    "--report",
    type=FILE,
    metavar="FILE",
    help="A run's report.json, whose seconds for a picture are reckoned with; by default 1.",
)
@entities_option
@json_option
def estimate(*, table: Path, entities: str, workers: int | None, report: Path | None, as_json: bool) -> None:
    """Say what a CSV would take on AWS: rows, pictures, refused rows, minutes and dollars.

    Starts nothing, and follows no link.
    """
    known = load_entities(entity_source(entities))
    found = estimate_csv(table, known, workers=workers, report=report)
    click.echo(dump(found) if as_json else describe(found))
