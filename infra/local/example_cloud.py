"""A local cloud with the examples in it, until it is interrupted: for ``sam local`` and the AWS CLI."""

import signal
from pathlib import Path
from typing import Final

from infra.local.cloud import LOCAL_KEY, LocalCloud
from infra.local.deployment import Deployment, deploy, files_of, upload_pictures
from infra.local.engine import bridge_gateway
from infra.local.progress import Progress

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"

# Key of the example in the drop bucket, as in events/fan_out.json. Outside incoming/, where an uploaded file
# would start a run by itself.
EXAMPLE_KEY: Final = "examples/spring catalogue (new).csv"


def run_cloud(port: int, models: Path, progress: Progress) -> None:
    """Start a local cloud, deploy the template, upload the examples, and wait for an interrupt.

    It listens at the Docker Engine's gateway, where containers reach it as ``host.docker.internal``.

    Args:
        port: The port to listen at, as in events/env.json.
        models: The folder that ``make models`` fills.
        progress: Where messages go.

    Raises:
        EngineError: No Docker Engine answers.
        LocalCloudError: The local cloud didn't start, or the stack couldn't be created.
        KeyboardInterrupt: The interrupt.
    """
    with LocalCloud(address=bridge_gateway(), port=port) as cloud:
        progress.say("deploying template.yaml to the local cloud")
        deployment = Deployment(models, mirrors=True)
        stack = deploy(deployment, cloud)
        cloud.s3.put_object(
            Bucket=stack.drop_bucket, Key=EXAMPLE_KEY, Body=(EXAMPLES / "test.csv").read_bytes()
        )
        upload_pictures(files_of(EXAMPLES / "images"), stack)
        print(f"export AWS_ENDPOINT_URL={cloud.endpoint} AWS_REGION={cloud.region}", flush=True)
        print(f"export AWS_ACCESS_KEY_ID={LOCAL_KEY} AWS_SECRET_ACCESS_KEY={LOCAL_KEY}", flush=True)
        progress.say("the local cloud is up; Ctrl-C ends it")
        signal.pause()
