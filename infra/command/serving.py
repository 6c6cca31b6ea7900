"""``tapeline serve`` and ``tapeline cloud``: what answers until it is interrupted."""

import signal
from contextlib import suppress
from pathlib import Path

import click

from infra.command.grammar import (
    PORT,
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
from tapeline.entity_file import load_entities
from tapeline.local.components import models_folder, processors


@click.command(
    short_help="Serve the API and its page.",
    epilog=examples("tapeline serve --port 8000", "tapeline serve --images examples/images --workers 2"),
)
@click.option("--port", type=PORT, metavar="PORT", help="8000 by default, or any other where that is taken.")
@images_option
@workers_option
@models_option
@entities_option
@json_option
def serve(
    *,
    port: int | None,
    images: Path | None,
    workers: int | None,
    models: Path | None,
    entities: str,
    as_json: bool,
) -> int:
    """Serve the API and its page on this machine until Ctrl-C.

    Prints the base URL, which is the page's too, and an API key.
    """
    # Only now: --help shouldn't wait for it.
    from infra.local.cloud import LocalCloud  # noqa: PLC0415
    from infra.local.deployment import Deployment, files_of  # noqa: PLC0415
    from infra.local.service import serve_api  # noqa: PLC0415

    source = entity_source(entities)
    # What is wrong with the file is to be seen before anything is started.
    load_entities(source)
    deployment = Deployment(
        models or models_folder(), workers=workers or processors(), parameters={"Entities": source}
    )
    say = Progress().say
    try:
        with LocalCloud() as cloud:
            say("deploying template.yaml to the local cloud")
            with serve_api(deployment, cloud, port, files_of(images) if images else None) as service:
                if as_json:
                    print_json({"url": service.url, "key": service.key, "s3": cloud.endpoint})
                else:
                    click.echo(service.url)
                    click.echo(f"TAPELINE_API_KEY={service.key}")
                say("the page is at the first line; it asks for the key on the second. Ctrl-C ends it")
                say(f"S3, for whole CSVs: aws --endpoint-url {cloud.endpoint} s3 ls")
                signal.pause()
    except KeyboardInterrupt:
        # The terminal may be what has gone.
        with suppress(OSError):
            say("everything that was started has been ended")
    return 0


@click.command(
    short_help="Start a local cloud for the SAM CLI.",
    epilog=examples("tapeline cloud", "tapeline cloud --port 4567"),
)
@click.option(
    "--port",
    type=PORT,
    default=4566,
    metavar="PORT",
    show_default=True,
    help="The port; events/env.json has the default.",
)
@models_option
def cloud(*, port: int, models: Path | None) -> int:
    """Start a local cloud with the examples in it, for `sam local` and the AWS CLI.

    Needs a clone of the repository, and a Docker Engine.
    """
    from infra.local.example_cloud import EXAMPLES, run_cloud  # noqa: PLC0415

    if not EXAMPLES.is_dir():
        raise click.UsageError("this command takes its examples from a clone: run it there, as `make cloud`")
    run_cloud(port, models or models_folder(), Progress())
    return 0
