"""Connections to untrusted hosts: only to checked addresses, until a deadline, for a limited number of bytes.

What is bounded, and where:

* **Addresses.** :class:`_Dialer` resolves a host once, passes every address through the
  :class:`~tapeline.download.addresses.AddressPolicy`, and connects the socket to one that passed. Nothing
  is resolved a second time, so that a DNS record which changes in between has no effect. The host's name
  stays in place above the socket, for the Host header, SNI and the certificate.
* **Time.** Sockets check the download's deadline on every receive. A deadline in the loop over the body
  alone would miss a server that drips its headers, its TLS handshake or the length of a chunk.
* **Bytes on the wire.** They are counted by the sockets, because some of what is received there (endless
  trailers, gzip members that hold nothing) never becomes part of the body.

docs/decisions/0005-downloads.md says why these are overrides of urllib3's classes, and what guards them.
"""

import ipaddress
import logging
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, override

import requests
import requests.adapters
import requests.structures
import requests.utils
import urllib3
import urllib3.connection

from tapeline.download.addresses import AddressPolicy
from tapeline.errors import ErrorCode, RowError, TransientError

# Host and port -> numeric addresses; raises OSError (such as socket.gaierror) where there are none.
type Resolver = Callable[[str, int], Sequence[str]]

# Hosts whose idle connections are kept, each with as many as there are threads. Chosen by hand: the pictures
# of one shard come from a few hosts.
_POOLED_HOSTS: Final = 32

# It logs headers that it can't parse as they are: up to a megabyte of a stranger's text for each download.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


def resolve_host(host: str, port: int) -> list[str]:
    """Return a host's numeric addresses as the system resolves them, in its order, each once.

    Raises:
        OSError: The name has no address, or the resolver fails.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(slots=True)
class Download:
    """The state of one download that its sockets share: its deadline, and the bytes of its current request.

    Attributes:
        deadline: When it has to end, in seconds of :func:`time.monotonic`.
        max_wire_bytes: Bytes that one request may receive, with headers and framing.
        received_bytes: Bytes that the current request has received.
        dialled: Whether the current request made a new connection, in place of an idle one.
    """

    deadline: float
    max_wire_bytes: int
    received_bytes: int = 0
    dialled: bool = False

    @contextmanager
    def activated(self) -> Iterator[None]:
        """Make this the download of the current thread, for the sockets that it uses."""
        token = _DOWNLOAD.set(self)
        try:
            yield
        finally:
            _DOWNLOAD.reset(token)

    def begin_request(self) -> None:
        """Begin a request, whose bytes are counted anew."""
        self.received_bytes = 0
        self.dialled = False

    def seconds_left(self) -> float:
        """Return the seconds until the deadline; negative after it."""
        return self.deadline - time.monotonic()

    def is_over(self) -> bool:
        """Say whether the deadline has passed."""
        return self.seconds_left() <= 0

    def receive(self, sock: socket.socket, receive_into: Callable[[], int]) -> int:
        """Receive once: within the deadline, and counted.

        Args:
            sock: The socket, whose own timeout is kept.
            receive_into: Receives on it; returns the number of bytes.

        Raises:
            TimeoutError: The deadline or the socket's timeout has passed.
            RowError: ``too_large``: the request received more than ``max_wire_bytes``.
        """
        left = self.seconds_left()
        if left <= 0:
            raise TimeoutError("the download's deadline has passed")
        own = sock.gettimeout()
        if own is not None and own <= left:
            count = receive_into()
        else:
            sock.settimeout(left)
            try:
                count = receive_into()
            finally:
                sock.settimeout(own)
        self.received_bytes += count
        if self.received_bytes > self.max_wire_bytes:
            raise RowError(
                ErrorCode.TOO_LARGE,
                f"expected at most {self.max_wire_bytes} bytes on the wire, received more: "
                "link to a smaller picture",
            )
        return count


# A context variable because a pooled socket serves one download after another, each in its own thread.
_DOWNLOAD: ContextVar[Download] = ContextVar("download")


class GuardedAdapter(requests.adapters.HTTPAdapter):
    """The transport of requests, on guarded sockets; it is used within :meth:`Download.activated`.

    Args:
        policy: Which addresses and ports may be connected to.
        resolve: How names become addresses.
        connect_seconds: Seconds to resolve a name, and seconds to connect to each of its addresses.
        connections: Idle connections to keep for each host.
        ca_file: PEM file of the certificate authorities to trust; those of certifi where it is left out.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        resolve: Resolver,
        *,
        connect_seconds: float,
        connections: int,
        ca_file: str | None,
    ) -> None:
        self._dialer = _Dialer(policy, resolve, connect_seconds)
        self._context = ssl.create_default_context(cafile=ca_file or requests.utils.DEFAULT_CA_BUNDLE_PATH)
        self._context.sslsocket_class = _TLSSocket
        super().__init__(pool_connections=_POOLED_HOSTS, pool_maxsize=connections, max_retries=0)

    @override
    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **pool_kwargs)
        pools: dict[str, Any] = {
            "http": partial(_HTTPPool, dialer=self._dialer),
            "https": partial(_HTTPSPool, dialer=self._dialer),
        }
        self.poolmanager.pool_classes_by_scheme = pools

    @override
    def build_response(
        self, req: requests.PreparedRequest, resp: urllib3.BaseHTTPResponse
    ) -> requests.Response:
        """Build it without cookies: nobody wants them, and 6 MB of them take more than a second to parse."""
        response = requests.Response()
        response.status_code = resp.status
        response.headers = requests.structures.CaseInsensitiveDict(resp.headers)
        response.raw = resp
        response.reason = resp.reason or ""
        response.url = req.url or ""
        return response

    @override
    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Leave the context as it is: requests would load certifi's authorities into it each time."""


class _Dialer:
    """Turns a host and a port into a connected socket, by way of the policy."""

    def __init__(self, policy: AddressPolicy, resolve: Resolver, connect_seconds: float) -> None:
        self._policy = policy
        self._resolve = resolve
        self._connect_seconds = connect_seconds

    def dial(self, host: str, port: int) -> socket.socket:
        download = _DOWNLOAD.get()
        download.dialled = True
        addresses = self._find_addresses(host, port, download)
        # All of them before the first connection: a name with one refused address is refused as a whole.
        for address in addresses:
            self._policy.check(address, port, host=host)
        errors: list[OSError] = []
        for address in addresses:
            try:
                return self._connect(address, port, download)
            except OSError as error:
                errors.append(error)
        where = f"{host!r} ({', '.join(addresses)}) port {port}"
        if any(isinstance(error, TimeoutError) for error in errors):
            raise TransientError(
                ErrorCode.TIMEOUT,
                f"expected a connection to {where} within {self._connect_seconds:g} s, received none: "
                "try again later",
            )
        raise RowError(
            ErrorCode.CONNECT_FAILURE,
            f"expected a connection to {where}, received: {'; '.join(str(error) for error in errors)}",
        )

    def _connect(self, address: str, port: int, download: Download) -> socket.socket:
        left = download.seconds_left()
        if left <= 0:
            raise TimeoutError("the download's deadline has passed")
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        sock = _Socket(family, socket.SOCK_STREAM)
        try:
            # It stays for the TLS handshake, which ssl bounds as a whole; urllib3 sets the one for reading.
            sock.settimeout(min(self._connect_seconds, left))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect((address, port))
        except BaseException:
            sock.close()
            raise
        return sock

    def _find_addresses(self, host: str, port: int, download: Download) -> Sequence[str]:
        # getaddrinfo() takes no timeout, and waits for as long as resolv.conf says: half a minute and more.
        results: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()
        threading.Thread(
            target=self._resolve_into, args=(results, host, port), name="tapeline-resolve", daemon=True
        ).start()
        limit = max(0.0, min(self._connect_seconds, download.seconds_left()))
        try:
            result = results.get(timeout=limit)
        except queue.Empty:
            raise TransientError(
                ErrorCode.TIMEOUT,
                f"expected the addresses of {host!r} within {limit:.3g} s, received none: try again later",
            ) from None
        if isinstance(result, Exception):
            raise RowError(
                ErrorCode.DNS_FAILURE, f"expected a host that can be resolved, received {host!r}: {result}"
            ) from result
        if not result:
            raise RowError(
                ErrorCode.DNS_FAILURE, f"expected a host with addresses, received {host!r}, which has none"
            )
        return result

    def _resolve_into(
        self, results: "queue.SimpleQueue[Sequence[str] | Exception]", host: str, port: int
    ) -> None:
        try:
            results.put(self._resolve(host, port))
        # ValueError: a label that IDNA refuses.
        except (OSError, ValueError) as error:
            results.put(error)


class _Socket(socket.socket):
    """A TCP socket that keeps to the limits of the current download."""

    @override
    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        return _DOWNLOAD.get().receive(self, partial(super().recv_into, buffer, nbytes, flags))


class _TLSSocket(ssl.SSLSocket):
    """The same with TLS; ``ssl`` makes it out of a :class:`_Socket`."""

    @override
    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        return _DOWNLOAD.get().receive(self, partial(super().recv_into, buffer, nbytes, flags))


@contextmanager
def _closed_on_error(sock: socket.socket | None) -> Iterator[None]:
    """Close a socket where an answer's head is refused.

    urllib3 forgets the response then, which keeps the socket open until it is collected as garbage.
    """
    try:
        yield
    except BaseException:
        if sock is not None and sock.fileno() >= 0:
            os.close(sock.detach())
        raise


class _HTTPConnection(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, dialer: _Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer

    @override
    def _new_conn(self) -> socket.socket:
        return self._dialer.dial(self._dns_host, self.port)

    @override
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override] # as in urllib3 itself
        with _closed_on_error(self.sock):
            return super().getresponse()


class _HTTPSConnection(urllib3.connection.HTTPSConnection):
    def __init__(self, *args: Any, dialer: _Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer

    @override
    def _new_conn(self) -> socket.socket:
        return self._dialer.dial(self._dns_host, self.port)

    @override
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override] # as in urllib3 itself
        with _closed_on_error(self.sock):
            return super().getresponse()


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection
