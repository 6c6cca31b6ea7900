"""A local cloud that stays up, for ``sam local``, the AWS CLI and whoever else wants to look inside."""

import signal
from pathlib import Path
from typing import Final

from infra.local.cloud import LocalCloud
from infra.local.engine import bridge_gateway
from infra.local.job import IMAGES_PREFIX, Job, deploy
from infra.local.progress import Progress

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
# Outside incoming/: it waits for events/fan_out.json, where a dropped file would start a run by itself.
EXAMPLE_KEY: Final = "examples/spring catalogue (new).csv"
# The emulator takes any key.
_KEY: Final = "local"


def stand(port: int, models: Path, progress: Progress) -> None:
    """Deploy the template, put the examples into its bucket, and wait for an interrupt.

    It listens at the Docker Engine's gateway, where containers reach it as ``host.docker.internal``.

    Args:
        port: The port to listen at, as in events/env.json.
        models: The folder that ``make models`` fills.
        progress: What tells the user.

    Raises:
        EngineError: There is no Docker Engine.
        LocalCloudError: The local cloud didn't start, or didn't take the template.
        KeyboardInterrupt: The interrupt.
    """
    with LocalCloud(address=bridge_gateway(), port=port) as cloud:
        progress.say("deploying template.yaml to the local cloud")
        job = Job(EXAMPLES / "test.csv", Path("out"), EXAMPLES / "images", models)
        bucket = deploy(job, cloud)["DropBucketName"]
        cloud.s3.put_object(Bucket=bucket, Key=EXAMPLE_KEY, Body=job.csv.read_bytes())
        for path in sorted((EXAMPLES / "images").iterdir()):
            cloud.s3.put_object(Bucket=bucket, Key=f"{IMAGES_PREFIX}{path.name}", Body=path.read_bytes())
        print(f"export AWS_ENDPOINT_URL={cloud.endpoint} AWS_REGION={cloud.region}", flush=True)
        print(f"export AWS_ACCESS_KEY_ID={_KEY} AWS_SECRET_ACCESS_KEY={_KEY}", flush=True)
        progress.say("the local cloud is up; Ctrl-C ends it")
        signal.pause()
