"""The Docker Engine under a local cloud, with a network for its containers."""

import subprocess
import uuid
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_network
from types import TracebackType
from typing import Self

import docker
from docker.errors import DockerException, ImageNotFound, NotFound

from infra.local.interrupts import held
from tapeline.errors import EngineError


class Engine:
    """A bridge network of one local cloud; a context manager that removes it with all its containers.

    The engine is the one that the ``docker`` command talks to, and has to run on this machine: the
    containers reach the local cloud at the network's gateway, which is an address of the host.

    Attributes:
        host: The engine's address, such as ``unix:///var/run/docker.sock``.
        name: The network's name.
        gateway: The host's address in the network, once entered.
    """

    def __init__(self) -> None:
        self.host = engine_host()
        self.name = f"tapeline-{uuid.uuid4().hex[:12]}"
        self.gateway = ""

    def __enter__(self) -> Self:
        """Connect, and create the network.

        Raises:
            EngineError: No engine answers.
        """
        try:
            self._client = docker.DockerClient(base_url=self.host)
        except DockerException as error:
            raise _no_engine(self.host, error) from error
        try:
            with held():
                network = self._client.networks.create(self.name, driver="bridge")
            network.reload()
            self.gateway = str(network.attrs["IPAM"]["Config"][0]["Gateway"])
        except BaseException as error:
            with held():
                self._remove()
            if isinstance(error, DockerException):
                raise _no_engine(self.host, error) from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the containers that are left, and the network."""
        with held():
            self._remove()

    def _remove(self) -> None:
        # A container that ends by itself in the meantime mustn't keep the others, or the network.
        for container in self._client.containers.list(
            all=True, filters={"network": self.name}, ignore_removed=True
        ):
            with suppress(NotFound):
                container.remove(force=True, v=True)
        with suppress(NotFound):
            self._client.networks.get(self.name).remove()
        self._client.close()

    def require(self, tags: Iterable[str]) -> None:
        """Check that images are in the engine.

        Raises:
            EngineError: One is missing.
        """
        for tag in tags:
            try:
                self._client.images.get(tag)
            except ImageNotFound as error:
                raise EngineError(
                    f"expected the image {tag} in the engine at {self.host}, found none: run `make build`"
                ) from error


def bridge_gateway() -> str:
    """Return the host's address in the engine's default network.

    It is what the name ``host-gateway`` stands for in ``--add-host``.

    Raises:
        EngineError: No engine answers.
    """
    host = engine_host()
    try:
        client = docker.DockerClient(base_url=host)
        configuration = client.networks.get("bridge").attrs["IPAM"]["Config"][0]
        client.close()
    except DockerException as error:
        raise _no_engine(host, error) from error
    # Engines before 27 name the gateway only if it was configured; the default is the first address.
    first = next(ip_network(configuration["Subnet"]).hosts())
    return str(configuration.get("Gateway", first))


def engine_host() -> str:
    """Return the address of the engine that the ``docker`` command talks to.

    Raises:
        EngineError: There is no ``docker`` command.
    """
    try:
        found = subprocess.run(
            ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise EngineError(
            f"expected the docker command to name its engine, it didn't ({error}): install Docker, or do "
            "without containers"
        ) from error
    return found.stdout.strip()


def _no_engine(host: str, error: Exception) -> EngineError:
    return EngineError(
        f"expected a Docker Engine at {host}, none answered ({error}): start it, or do without containers"
    )
