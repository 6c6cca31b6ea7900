"""The API and its page on this machine: deployed to the local cloud, behind a proxy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from samtranslator.yaml_helper import yaml_parse

from infra.local.cloud import LocalCloud
from infra.local.gateway_proxy import OTHERS_AT_ONCE, GatewayProxy
from infra.local.job import IMAGES_PREFIX, TEMPLATE, Job, deploy
from tapeline.errors import PortTakenError

DEFAULT_PORT: Final = 8000

_STAGE: Final = "prod"
# A browser that loads the page, and a benchmark, come faster than any limit that fits a shared API.
_REQUESTS_A_SECOND: Final = "1000"


@dataclass(frozen=True, slots=True)
class Service:
    """A served API.

    Attributes:
        url: Its base URL, without a slash at its end.
        key: An API key for it.
        outputs: The stack's outputs.
    """

    url: str
    key: str
    outputs: dict[str, str]


@contextmanager
def serve_api(job: Job, cloud: LocalCloud, port: int | None = None) -> Iterator[Service]:
    """Deploy the template to a started local cloud, and serve its API.

    Args:
        job: How to deploy; its CSV isn't run. Its ``images``, if any, answer links by their last part.
        cloud: Where to.
        port: The port; None for 8000, or any other where that is taken.

    Yields:
        Where the API is.

    Raises:
        LocalCloudError: The template couldn't be deployed.
        PortTakenError: The port that was asked for is taken.
    """
    parameters = {
        "ApiConcurrency": str(job.workers + OTHERS_AT_ONCE),
        "ApiRate": _REQUESTS_A_SECOND,
        "ApiBurst": _REQUESTS_A_SECOND,
        **(job.parameters or {}),
    }
    outputs = deploy(
        Job(job.csv, job.out, job.images, job.models, job.workers, parameters, job.overrides), cloud
    )
    for path in sorted(job.images.iterdir()) if job.images else ():
        if path.is_file():
            cloud.s3.put_object(
                Bucket=outputs["DropBucketName"], Key=f"{IMAGES_PREFIX}{path.name}", Body=path.read_bytes()
            )
    gateway = cloud.api_gateway
    api = gateway.get_rest_apis()["items"][0]["id"]
    key = gateway.get_api_keys(includeValues=True)["items"][0]["value"]
    with _proxy(f"{cloud.endpoint}/_aws/execute-api/{api}/{_STAGE}", job.workers, port) as proxy:
        yield Service(proxy.url, key, outputs)


def _proxy(target: str, workers: int, port: int | None) -> GatewayProxy:
    properties = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]["Api"]["Properties"]
    responses = properties["GatewayResponses"]
    try:
        return GatewayProxy(target, responses, workers, DEFAULT_PORT if port is None else port)
    except OSError as error:
        if port is None:
            return GatewayProxy(target, responses, workers)
        raise PortTakenError(
            f"expected port {port} to be free, received: {os.strerror(error.errno or 0)}: "
            "say another one with PORT= or --port"
        ) from error


def no_job(models: Path, images: Path | None, workers: int) -> Job:
    """Return a job that deploys, and has nothing to run."""
    return Job(Path("none.csv"), Path("out"), images, models, workers)
