"""The API and its page on this machine: deployed to the local cloud, behind a proxy."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from samtranslator.yaml_helper import yaml_parse

from infra.local.cloud import LocalCloud
from infra.local.deployment import TEMPLATE, Deployment, Stack, deploy, upload_pictures
from infra.local.gateway_proxy import OTHERS_AT_ONCE, GatewayProxy
from tapeline.errors import PortTakenError

# The port of a service that isn't given one. Chosen by hand: a common port of local servers.
DEFAULT_PORT: Final = 8000

# The stage of the template's API: StageName in template.yaml.
_STAGE: Final = "prod"

# Requests a second, and at once, that the API accepts. Chosen by hand: a browser that loads the page, and a
# benchmark, are faster than any limit that fits a shared API.
_REQUEST_LIMIT: Final = "1000"


@dataclass(frozen=True, slots=True)
class Service:
    """A served API.

    Attributes:
        url: Its base URL, without a slash at its end.
        key: An API key for it.
        stack: The stack that answers.
    """

    url: str
    key: str
    stack: Stack


@contextmanager
def serve_api(
    deployment: Deployment,
    cloud: LocalCloud,
    port: int | None = None,
    pictures: Mapping[str, Path] | None = None,
) -> Iterator[Service]:
    """Deploy the template to a started local cloud, and serve its API.

    Args:
        deployment: How to deploy.
        cloud: Where to.
        port: The port; None for 8000, or any free one where that is taken.
        pictures: File name -> file, of pictures that answer links by their last part; None to download all.

    Yields:
        The served API.

    Raises:
        LocalCloudError: The template couldn't be deployed.
        PortTakenError: The requested port is taken.
    """
    parameters = {
        "ApiConcurrency": str(deployment.workers + OTHERS_AT_ONCE),
        "ApiRate": _REQUEST_LIMIT,
        "ApiBurst": _REQUEST_LIMIT,
        **deployment.parameters,
    }
    stack = deploy(replace(deployment, mirrors=pictures is not None, parameters=parameters), cloud)
    upload_pictures(pictures or {}, stack)
    target = f"{cloud.endpoint}/_aws/execute-api/{stack.resource('Api')}/{_STAGE}"
    key = cloud.api_gateway.get_api_key(apiKey=stack.resource("ApiKey"), includeValue=True)["value"]
    with _proxy(target, deployment.workers, port) as proxy:
        yield Service(proxy.url, key, stack)


def _proxy(target: str, workers: int, port: int | None) -> GatewayProxy:
    template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    responses = template["Resources"]["Api"]["Properties"]["GatewayResponses"]
    try:
        return GatewayProxy(target, responses, workers, DEFAULT_PORT if port is None else port)
    except OSError as error:
        if port is None:
            return GatewayProxy(target, responses, workers)
        raise PortTakenError(
            f"expected port {port} to be free, received: {os.strerror(error.errno or 0)}: "
            "say another one with PORT= or --port"
        ) from error
