"""What the tests of downloads share: short limits, a fetcher for servers on loopback, and its failures."""

import os
from collections.abc import Callable, Sequence

import pytest

from tapeline.adapters.guarded_sockets import resolve_host
from tapeline.adapters.http_fetcher import HttpFetcher
from tapeline.download.addresses import AddressPolicy
from tapeline.download.limits import FetchLimits
from tapeline.errors import RowError
from tests.integration.http_server import PictureServer

PICTURE = os.urandom(300_000)
QUICK = FetchLimits(connect=0.5, read=0.3, total=1.0, max_bytes=400_000, retries=0, backoff=0.01)
PATIENT = FetchLimits(connect=1, read=2, total=8, max_bytes=400_000, retries=2, backoff=0.01)

type Fetch = Callable[[str], bytes]


def fetcher_for(
    *servers: PictureServer,
    limits: FetchLimits = QUICK,
    resolve: Callable[[str, int], Sequence[str]] = resolve_host,
    ca_file: str | None = None,
) -> HttpFetcher:
    policy = AddressPolicy(allowed=[server.address for server in servers])
    return HttpFetcher(policy, limits, resolve=resolve, ca_file=ca_file)


def failure(fetcher: HttpFetcher, link: str) -> RowError:
    with pytest.raises(RowError) as caught:
        fetcher.fetch(link)
    assert type(caught.value) is RowError
    return caught.value
