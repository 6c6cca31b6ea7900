"""Downloads pictures from the web, on the assumption that whoever wrote the link is hostile.

What is bounded, and where:

* **Where it connects.** :class:`_Dialer` resolves a host once, passes every address through the
  :class:`~tapeline.download.addresses.AddressPolicy`, and connects the socket to one that passed. Nothing
  is resolved a second time, so that a DNS record which changes in between has no effect. The host's name
  stays in place above the socket, for the Host header, SNI and the certificate. Each redirect is a new
  request and passes the same way.
* **For how long.** Sockets look at the download's deadline on every receive. A deadline in the loop over
  the body alone would miss a server that drips its headers, its TLS handshake or the length of a chunk.
* **How much.** Bytes are counted after decompression, as they come; and on the wire, because some of what
  is received there (endless trailers, gzip members that hold nothing) never comes out as body.
* **What is remembered.** Nothing. Requests go through the transport adapter and not through a
  ``requests.Session``: what a session adds (cookies, proxies and netrc from the environment, redirects)
  is just what mustn't happen here. It also makes the fetcher safe in threads, as urllib3's pools are.

``requests-hardened`` 1.3 was read for this, and isn't used. It too pins the resolved address, but checks
and uses only the first one of a name, without trying the others; its list lets IPv4-compatible addresses
and most of unassigned IPv6 through; loopback can be allowed as a whole and not for one port, so that tests
would run with another policy than production; it doesn't restrict ports; and it has no limits on bytes,
nor on a download's time as a whole, so that most of this module would be needed all the same.
"""

import ipaddress
import queue
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final, override
from urllib.parse import urljoin

import requests
import requests.adapters
import requests.exceptions
import requests.utils
import urllib3
import urllib3.connection
import urllib3.exceptions

import tapeline
from tapeline.download.addresses import AddressPolicy
from tapeline.download.limits import BoundedBody, FetchLimits
from tapeline.download.links import HttpLink, parse_link
from tapeline.errors import ErrorCode, RowError

type Resolver = Callable[[str, int], Sequence[str]]
"""Host and port -> numeric addresses; raises OSError (such as ``socket.gaierror``) where there are none."""

USER_AGENT: Final = f"Tapeline/{tapeline.__version__} (+https://github.com/tapeline/tapeline)"

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES: Final = 64 * 1024
_WIRE_OVERHEAD_BYTES: Final = 1024 * 1024  # headers (http.client stops at 100 lines of 64 KiB) and framing
_MAX_DELAY_DIGITS: Final = 9


def resolve_host(host: str, port: int) -> list[str]:
    """Return a host's numeric addresses as the system resolves them, in its order, each once.

    Raises:
        OSError: The name has no address, or can't be asked for.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class HttpFetcher:
    """Brings the bytes behind ``http`` and ``https`` links; an :class:`~tapeline.ports.PictureFetcher`.

    Safe to call from several threads at once.

    Args:
        policy: Which addresses and ports may be connected to.
        limits: What one download may take.
        connections: Idle connections to keep for each host; the number of threads that call.
        resolve: How names become addresses.
        ca_file: PEM file of the certificate authorities to trust; those of certifi where it is left out.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        limits: FetchLimits | None = None,
        *,
        connections: int = 8,
        resolve: Resolver = resolve_host,
        ca_file: str | None = None,
    ) -> None:
        self._limits = limits or FetchLimits()
        policy = policy or AddressPolicy()
        self._extra_ports = policy.extra_ports
        self._adapter = _Adapter(_Dialer(policy, resolve, self._limits.connect), connections, ca_file)

    def close(self) -> None:
        """Close the idle connections; the fetcher can still be used."""
        self._adapter.close()

    def fetch(self, link: str) -> bytes:
        """Return the body behind a link.

        Args:
            link: An ``http`` or ``https`` link.

        Raises:
            RowError: With the code ``bad_link``; ``blocked_address`` (for a refused redirect too);
                ``dns_failure``; ``connect_failure`` (also TLS, and a connection that ends before the body
                does); ``timeout``; ``http_status`` for all but 200; ``too_many_redirects``; ``too_large``;
                or ``decode_failure`` where the body's compression is broken.
        """
        parsed = parse_link(link, extra_ports=self._extra_ports)
        if not isinstance(parsed, HttpLink):
            raise RowError(ErrorCode.BAD_LINK, f"expected an http or https link, received {link!r}")
        trip = _Trip(
            deadline=time.monotonic() + self._limits.total,
            max_wire_bytes=2 * self._limits.max_bytes + _WIRE_OVERHEAD_BYTES,
        )
        token = _TRIP.set(trip)
        try:
            return self._persevere(parsed.url, trip)
        finally:
            _TRIP.reset(token)

    def _persevere(self, url: str, trip: "_Trip") -> bytes:
        for attempt in range(self._limits.retries + 1):
            try:
                return self._follow(url, trip)
            except _PassingError as error:
                # Full jitter: many functions that were turned away together mustn't come back together.
                wait = random.uniform(0, self._limits.backoff * 2**attempt)  # noqa: S311 - not a secret
                wait += error.retry_after or 0.0
                if attempt == self._limits.retries or wait >= trip.left():
                    raise RowError(error.code, error.message) from error
            time.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _follow(self, url: str, trip: "_Trip") -> bytes:
        for _ in range(self._limits.redirects + 1):
            with closing(self._ask(url, trip)) as response:
                location = response.headers.get("Location")
                if response.status_code not in _REDIRECTS or not location:
                    self._check_status(response)
                    return self._read(response)
            url = self._redirected(url, location)
        raise RowError(
            ErrorCode.TOO_MANY_REDIRECTS,
            f"expected at most {self._limits.redirects} redirects, received one more, to {url!r}: "
            "link to the picture itself",
        )

    def _redirected(self, url: str, location: str) -> str:
        # http.client reads headers as Latin-1; servers send UTF-8 and leave spaces as they are.
        with suppress(UnicodeError):
            location = location.encode("latin-1").decode("utf-8")
        try:
            target = urljoin(url, requests.utils.requote_uri(location.strip()))
            parsed = parse_link(target, extra_ports=self._extra_ports)
        except (RowError, ValueError) as error:
            raise _refused_redirect(url, str(error)) from error
        if not isinstance(parsed, HttpLink):
            raise _refused_redirect(url, f"expected an http or https link, received {target!r}")
        return parsed.url

    def _ask(self, url: str, trip: "_Trip") -> requests.Response:
        limits = self._limits
        # "identity" because pictures don't shrink; servers that compress all the same are understood.
        headers = {"User-Agent": USER_AGENT, "Accept": "image/*", "Accept-Encoding": "identity"}
        try:
            request = requests.Request("GET", url, headers=headers).prepare()
        except (requests.exceptions.RequestException, ValueError) as error:
            raise RowError(
                ErrorCode.BAD_LINK, f"expected a link that can be asked for, received {url!r}: {error}"
            ) from error
        while True:
            trip.set_out()
            try:
                return self._adapter.send(request, stream=True, timeout=(limits.connect, limits.read))
            except requests.exceptions.InvalidURL as error:
                raise RowError(
                    ErrorCode.BAD_LINK, f"expected a valid host, received {url!r}: {error}"
                ) from error
            except requests.exceptions.Timeout as error:
                raise self._too_slow("an answer", url) from error
            except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
                if trip.is_over():
                    raise self._too_slow("an answer", url) from error
                if trip.dialled:
                    raise RowError(
                        ErrorCode.CONNECT_FAILURE,
                        f"expected an answer from {url!r}, received: {_cause(error)}",
                    ) from error
                # An idle connection that the server had closed meanwhile: not its failure but ours. Each
                # round uses up one of the idle connections, so that the next or a later one dials.

    def _check_status(self, response: requests.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        message = f"expected HTTP status 200, received {status} {response.reason or ''}".rstrip()
        message += f" from {response.url!r}"
        if status == 429 or status >= 500:
            retry_after = _seconds_until(response.headers.get("Retry-After", ""))
            raise _PassingError(ErrorCode.HTTP_STATUS, f"{message}: try again later", retry_after)
        raise RowError(ErrorCode.HTTP_STATUS, f"{message}: check that the link still leads to a picture")

    def _read(self, response: requests.Response) -> bytes:
        body = BoundedBody(self._limits.max_bytes, response.url)
        declared = response.headers.get("Content-Length", "")
        digits = len(str(self._limits.max_bytes))
        # The length of a compressed body isn't that of its content, unless it is far beyond the limit.
        if declared.isdecimal() and (len(declared) > digits or "Content-Encoding" not in response.headers):
            # int() refuses thousands of digits.
            body.check_length(int(declared[: digits + 1]))
        try:
            for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=True):
                body.append(chunk)
        except (urllib3.exceptions.TimeoutError, TimeoutError) as error:
            raise self._too_slow("the whole body", response.url) from error
        except urllib3.exceptions.DecodeError as error:
            raise RowError(
                ErrorCode.DECODE_FAILURE,
                f"expected a body with the compression that its header names, received {_cause(error)} "
                f"from {response.url!r}",
            ) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise RowError(
                ErrorCode.CONNECT_FAILURE,
                f"expected the whole body of {response.url!r}, received {len(body)} bytes and then: "
                f"{_cause(error)}",
            ) from error
        return bytes(body)

    def _too_slow(self, expected: str, url: str | None) -> "_PassingError":
        return _PassingError(
            ErrorCode.TIMEOUT,
            f"expected {expected} from {url!r} with no pause over {self._limits.read:g} s and within "
            f"{self._limits.total:g} s in all, received nothing more in time: try again later",
        )


class _PassingError(RowError):
    """A failure that a further attempt may not meet."""

    def __init__(self, code: ErrorCode, message: str, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


@dataclass(slots=True)
class _Trip:
    """One download, as its sockets see it."""

    deadline: float
    max_wire_bytes: int
    received: int = 0
    dialled: bool = False

    def set_out(self) -> None:
        """Begin a request."""
        self.received = 0
        self.dialled = False

    def left(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.deadline - time.monotonic()

    def is_over(self) -> bool:
        return self.left() <= 0

    def receive(self, sock: socket.socket, into: Callable[[], int]) -> int:
        """Receive once: within the deadline, and counted."""
        left = self.left()
        if left <= 0:
            raise TimeoutError("the download's time is over")
        own = sock.gettimeout()
        if own is not None and own <= left:
            count = into()
        else:
            sock.settimeout(left)
            try:
                count = into()
            finally:
                sock.settimeout(own)
        self.received += count
        if self.received > self.max_wire_bytes:
            raise RowError(
                ErrorCode.TOO_LARGE,
                f"expected at most {self.max_wire_bytes} bytes on the wire, received more: "
                "link to a smaller picture",
            )
        return count


# A context variable because a pooled socket serves one download after another, each in its own thread.
_TRIP: ContextVar[_Trip] = ContextVar("trip")


class _Socket(socket.socket):
    """A TCP socket that keeps to the download's limits."""

    @override
    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        return _TRIP.get().receive(self, partial(super().recv_into, buffer, nbytes, flags))


class _TLSSocket(ssl.SSLSocket):
    """The same with TLS; ``ssl`` makes it out of a :class:`_Socket`."""

    @override
    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        return _TRIP.get().receive(self, partial(super().recv_into, buffer, nbytes, flags))


class _Dialer:
    """Turns a host and a port into a connected socket, by way of the policy."""

    def __init__(self, policy: AddressPolicy, resolve: Resolver, limit: float) -> None:
        self._policy = policy
        self._resolve = resolve
        self._limit = limit

    def dial(self, host: str, port: int) -> socket.socket:
        trip = _TRIP.get()
        trip.dialled = True
        addresses = self._addresses(host, port, trip)
        # All of them before the first connection: a name that has one refused address is out to deceive.
        for address in addresses:
            self._policy.check(address, port, host=host)
        errors: list[OSError] = []
        for address in addresses:
            try:
                return self._connect(address, port, trip)
            except OSError as error:
                errors.append(error)
        where = f"{host!r} ({', '.join(addresses)}) port {port}"
        if any(isinstance(error, TimeoutError) for error in errors):
            raise _PassingError(
                ErrorCode.TIMEOUT,
                f"expected a connection to {where} within {self._limit:g} s, received none: try again later",
            )
        raise RowError(
            ErrorCode.CONNECT_FAILURE,
            f"expected a connection to {where}, received: {'; '.join(str(error) for error in errors)}",
        )

    def _connect(self, address: str, port: int, trip: _Trip) -> socket.socket:
        left = trip.left()
        if left <= 0:
            raise TimeoutError("the download's time is over")
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        sock = _Socket(family, socket.SOCK_STREAM)
        try:
            # It stays for the TLS handshake, which ssl bounds as a whole; urllib3 sets the one for reading.
            sock.settimeout(min(self._limit, left))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect((address, port))
        except BaseException:
            sock.close()
            raise
        return sock

    def _addresses(self, host: str, port: int, trip: _Trip) -> Sequence[str]:
        # getaddrinfo() takes no timeout, and waits for as long as resolv.conf says: half a minute and more.
        answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()
        threading.Thread(
            target=self._answer, args=(host, port, answers), name="tapeline-resolve", daemon=True
        ).start()
        limit = max(0.0, min(self._limit, trip.left()))
        try:
            answer = answers.get(timeout=limit)
        except queue.Empty:
            raise _PassingError(
                ErrorCode.TIMEOUT,
                f"expected the addresses of {host!r} within {limit:.3g} s, received none: try again later",
            ) from None
        if isinstance(answer, Exception):
            raise RowError(
                ErrorCode.DNS_FAILURE, f"expected a host that can be resolved, received {host!r}: {answer}"
            ) from answer
        if not answer:
            raise RowError(
                ErrorCode.DNS_FAILURE, f"expected a host with addresses, received {host!r}, which has none"
            )
        return answer

    def _answer(self, host: str, port: int, answers: "queue.SimpleQueue[Sequence[str] | Exception]") -> None:
        try:
            answers.put(self._resolve(host, port))
        except (OSError, ValueError) as error:  # ValueError: a label that IDNA refuses
            answers.put(error)


class _HTTPConnection(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, dialer: _Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer

    @override
    def _new_conn(self) -> socket.socket:
        return self._dialer.dial(self._dns_host, self.port)


class _HTTPSConnection(urllib3.connection.HTTPSConnection):
    def __init__(self, *args: Any, dialer: _Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer

    @override
    def _new_conn(self) -> socket.socket:
        return self._dialer.dial(self._dns_host, self.port)


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _Adapter(requests.adapters.HTTPAdapter):
    """The transport of requests, on connections that a :class:`_Dialer` makes."""

    def __init__(self, dialer: _Dialer, connections: int, ca_file: str | None) -> None:
        self._dialer = dialer
        self._context = ssl.create_default_context(cafile=ca_file or requests.utils.DEFAULT_CA_BUNDLE_PATH)
        self._context.sslsocket_class = _TLSSocket
        super().__init__(pool_connections=32, pool_maxsize=connections, max_retries=0)

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
    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}  # all that concerns TLS is in the context

    @override
    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Leave the context as it is: requests would load the authorities again for each connection."""


def _seconds_until(retry_after: str) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date; None where it is neither."""
    retry_after = retry_after.strip()
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:_MAX_DELAY_DIGITS])
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _refused_redirect(url: str, why: str) -> RowError:
    return RowError(ErrorCode.BLOCKED_ADDRESS, f"the redirect from {url!r} isn't followed: {why}")


def _cause(error: BaseException) -> str:
    """Say what is at the bottom of an error that was wrapped a few times."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}"
