"""The Docker Engine under a local cloud: what it removes at its end, with a client that is made up."""

from unittest.mock import MagicMock

import pytest
from docker.errors import NotFound

from infra.local.engine import Engine


def test_a_container_that_is_gone_keeps_neither_others_nor_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone, left, client = MagicMock(), MagicMock(), MagicMock()
    gone.remove.side_effect = NotFound("no such container")
    client.containers.list.return_value = [gone, left]
    client.networks.create.return_value.attrs = {"IPAM": {"Config": [{"Gateway": "172.18.0.1"}]}}
    monkeypatch.setattr("infra.local.engine.engine_host", lambda: "unix:///nowhere")
    monkeypatch.setattr("infra.local.engine.docker.DockerClient", lambda base_url: client)
    with Engine() as engine:
        assert engine.gateway == "172.18.0.1"
    left.remove.assert_called_once_with(force=True, v=True)
    client.networks.get.return_value.remove.assert_called_once_with()
    client.close.assert_called_once_with()
