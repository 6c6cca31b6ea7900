"""``tapeline review`` and ``tapeline correct``: what persons decide about a run's rows."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from infra.command.grammar import (
    FILE,
    FOLDER,
    PORT,
    examples,
    images_option,
    json_option,
    models_option,
    print_json,
    workers_option,
)
from infra.local.progress import Progress
from tapeline.batch.kept_run import need_kept_run
from tapeline.local.components import models_folder, processors

# What the command exits with where some corrections weren't taken.
EXIT_REFUSED: Final = 3

_out_option = click.option(
    "--out",
    type=FOLDER,
    default="out",
    metavar="DIR",
    show_default=True,
    help="The folder with the run's outputs.",
)


@click.command(
    short_help="Serve a page to check the unsure rows.",
    epilog=examples("tapeline review --out out --images examples/images"),
)
@_out_option
@click.option("--run", metavar="RUN", help="The run's name, to be sure that it is this one.")
@click.option("--port", type=PORT, metavar="PORT", help="8000 by default, or any other where that is taken.")
@images_option
@workers_option
@models_option
def review(
    *,
    out: Path,
    run: str | None,
    port: int | None,
    images: Path | None,
    workers: int | None,
    models: Path | None,
) -> int:
    """Serve the page to review the unsure rows of the run whose outputs are in a folder, until Ctrl-C.

    Prints the page's URL and an API key. What is decided is in the folder's corrections.csv in the end, and
    in the outputs once they are written anew.
    """
    need_kept_run(out, run)
    # Only now: --help shouldn't wait for it.
    from infra.local.cloud import LocalCloud  # noqa: PLC0415
    from infra.local.deployment import Deployment  # noqa: PLC0415
    from infra.local.reviewing import review_run  # noqa: PLC0415

    deployment = Deployment(models or models_folder(), workers=workers or processors())
    say = Progress().say
    try:
        with LocalCloud() as cloud:
            say("deploying template.yaml to the local cloud")
            with review_run(out, cloud, deployment, run=run, images=images, port=port) as (service, reviewed):
                click.echo(f"{service.url}/runs/{reviewed.run}/review")
                click.echo(f"TAPELINE_API_KEY={service.key}")
                say("open the first line, and enter the key on the second. Ctrl-C ends it")
                reviewed.follow(say)
    except KeyboardInterrupt:
        # The terminal may be what has gone.
        with suppress(OSError):
            say(f"what was decided is in {out}; everything that was started has been ended")
    return 0


@click.command(
    short_help="Take decisions from a review.csv.",
    epilog=examples("tapeline correct out/review.csv", "tapeline correct filled_in.csv --out results"),
)
@click.argument("table", type=FILE, metavar="CSV")
@_out_option
@json_option
def correct(*, table: Path, out: Path, as_json: bool) -> int:
    """Take decisions into the outputs of a run: CSV is its review.csv, with the column answer filled in.

    An answer is a value such as `12.5 cm`, `right`, or `none` where the picture doesn't say.

    Rows that can't be taken are in corrections_refused.csv, with the reasons.
    """
    need_kept_run(out)
    from infra.local.cloud import LocalCloud  # noqa: PLC0415
    from infra.local.reviewing import correct_csv  # noqa: PLC0415

    with LocalCloud() as cloud:
        found = correct_csv(table, out, cloud)
    decided = found.report.review
    if as_json:
        counts = {"confirmed": decided.confirmed, "corrected": decided.corrected}
        print_json({"files": found.files, **counts, "refused": found.refused})
    else:
        click.echo(f"{decided.confirmed} rows confirmed, {decided.corrected} corrected in all")
        for row in found.refused:
            click.echo(f"not taken: row {row.get('row', '')}, {row.get('answer', '')!r}: {row['problem']}")
        click.echo("  ".join(str(path) for path in found.files))
    return EXIT_REFUSED if found.refused else 0
