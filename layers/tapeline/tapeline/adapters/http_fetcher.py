"""Downloads pictures from the web: requests, redirects, retries and statuses, for links that are untrusted.

* **Connections** go to checked addresses only, and keep to the deadline:
  :mod:`tapeline.adapters.guarded_sockets`. Each redirect is a new request and is checked the same way.
* **The body's bytes** are counted after decompression, as they arrive.
* **Nothing is remembered.** Requests go through the transport adapter and not through a
  ``requests.Session``: what a session adds (cookies, proxies and netrc from the environment, redirects) is
  what must not happen here. It also makes the fetcher safe in threads, as urllib3's pools are.

The limits are in :class:`tapeline.download.limits.FetchLimits`; the reasons for requests are in
docs/decisions/0005-downloads.md.
"""

import random
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin

import requests
import requests.exceptions
import requests.utils
import urllib3.exceptions

import tapeline
from tapeline.adapters.guarded_sockets import Download, GuardedAdapter, Resolver, resolve_host
from tapeline.download.addresses import AddressPolicy
from tapeline.download.limits import MAX_DOWNLOADS, BoundedBody, FetchLimits
from tapeline.download.links import MAX_LINK_LENGTH, HttpLink, parse_link, show_link
from tapeline.errors import ErrorCode, RowError, TransientError, printable

# What requests say about the client.
USER_AGENT: Final = f"Tapeline/{tapeline.__version__}"

# Statuses of a redirect to follow. Source: RFC 9110, 15.4; 300 leaves the choice to a person, and 304 answers
# conditional requests only.
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# Bytes of a body that are read at once. Chosen by hand.
_CHUNK_BYTES: Final = 64 * 1024

# Bytes of a response beside its body. Chosen by hand, to leave room for headers (http.client stops at 100
# lines of 64 KiB) and the framing of chunks.
_WIRE_OVERHEAD_BYTES: Final = 1024 * 1024

# Characters of a status' reason in messages. Chosen by hand: the longest registered ones have 31.
_MAX_SHOWN_REASON: Final = 60

# Characters of what a library says about an answer, in messages. Chosen by hand.
_MAX_SHOWN_CAUSE: Final = 200

# Digits of the seconds in a Retry-After header that are read. Chosen by hand: 30 years, beyond any deadline.
_MAX_DELAY_DIGITS: Final = 9


class HttpFetcher:
    """Brings the bytes behind ``http`` and ``https`` links; an :class:`~tapeline.ports.PictureFetcher`.

    Safe to call from several threads at once.

    Args:
        policy: Which addresses and ports may be connected to.
        limits: The limits of one download.
        connections: Idle connections to keep for each host; the number of threads that call.
        resolve: How names become addresses.
        ca_file: PEM file of the certificate authorities to trust; those of certifi where it is left out.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        limits: FetchLimits | None = None,
        *,
        connections: int = MAX_DOWNLOADS,
        resolve: Resolver = resolve_host,
        ca_file: str | None = None,
    ) -> None:
        self._limits = limits or FetchLimits()
        policy = policy or AddressPolicy()
        self._extra_ports = policy.extra_ports
        self._adapter = GuardedAdapter(
            policy,
            resolve,
            connect_seconds=self._limits.connect,
            connections=connections,
            ca_file=ca_file,
        )

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
            raise RowError(ErrorCode.BAD_LINK, f"expected an http or https link, received {show_link(link)}")
        download = Download(
            deadline=time.monotonic() + self._limits.total,
            max_wire_bytes=2 * self._limits.max_bytes + _WIRE_OVERHEAD_BYTES,
        )
        with download.activated():
            return self._fetch_with_retries(parsed.url, download)

    def _fetch_with_retries(self, url: str, download: Download) -> bytes:
        for attempt in range(self._limits.retries + 1):
            try:
                return self._follow_redirects(url, download)
            except TransientError as error:
                # Full jitter: many functions that were turned away together mustn't come back together.
                wait = random.uniform(0, self._limits.backoff * 2**attempt)  # noqa: S311 - not a secret
                wait += error.retry_after or 0.0
                if attempt == self._limits.retries or wait >= download.seconds_left():
                    raise RowError(error.code, error.message) from error
            time.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _follow_redirects(self, url: str, download: Download) -> bytes:
        for _ in range(self._limits.redirects + 1):
            with closing(self._send_request(url, download)) as response:
                location = response.headers.get("Location")
                if response.status_code not in _REDIRECTS or not location:
                    self._check_status(response)
                    return self._read_body(response)
            url = self._redirect_target(url, location)
        raise RowError(
            ErrorCode.TOO_MANY_REDIRECTS,
            f"expected at most {self._limits.redirects} redirects, received one more, to {show_link(url)}: "
            "link to the picture itself",
        )

    def _redirect_target(self, url: str, location: str) -> str:
        # A longer one is no link once it is joined and percent-encoded, which takes time and memory.
        if len(location) > MAX_LINK_LENGTH:
            raise _refused_redirect(url, f"expected at most {MAX_LINK_LENGTH} characters, received more")
        # http.client reads headers as Latin-1; servers send UTF-8 and leave spaces as they are.
        with suppress(UnicodeError):
            location = location.encode("latin-1").decode("utf-8")
        try:
            target = urljoin(url, requests.utils.requote_uri(location.strip()))
            parsed = parse_link(target, extra_ports=self._extra_ports)
        except (RowError, ValueError) as error:
            raise _refused_redirect(url, str(error)) from error
        if not isinstance(parsed, HttpLink):
            raise _refused_redirect(url, f"expected an http or https link, received {show_link(target)}")
        return parsed.url

    def _send_request(self, url: str, download: Download) -> requests.Response:
        limits = self._limits
        # "identity" because pictures don't shrink; servers that compress all the same are understood.
        headers = {"User-Agent": USER_AGENT, "Accept": "image/*", "Accept-Encoding": "identity"}
        try:
            request = requests.Request("GET", url, headers=headers).prepare()
        except (requests.exceptions.RequestException, ValueError) as error:
            raise RowError(
                ErrorCode.BAD_LINK,
                f"expected a link that can be requested, received {show_link(url)}: {error}",
            ) from error
        while True:
            download.begin_request()
            try:
                return self._adapter.send(request, stream=True, timeout=(limits.connect, limits.read))
            except requests.exceptions.InvalidURL as error:
                raise RowError(
                    ErrorCode.BAD_LINK, f"expected a valid host, received {show_link(url)}: {error}"
                ) from error
            except requests.exceptions.Timeout as error:
                raise self._timeout("an answer", url) from error
            except RowError:
                raise
            # All exceptions: what is raised for a malformed answer isn't only what the three libraries under
            # this document, but also what Python's parsers and number types raise, such as ValueError and
            # OverflowError.
            except Exception as error:
                if download.is_over():
                    raise self._timeout("an answer", url) from error
                if download.dialled:
                    raise RowError(
                        ErrorCode.CONNECT_FAILURE,
                        f"expected an answer from {show_link(url)}, received: {_root_cause(error)}",
                    ) from error
                # An idle connection that the server had closed meanwhile, which is no failure of the link.
                # Each round uses up one of the idle connections, so that the next or a later one dials.

    def _check_status(self, response: requests.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        reason = printable(response.reason or "", _MAX_SHOWN_REASON)
        message = f"expected HTTP status 200, received {status} {reason}".rstrip()
        message += f" from {show_link(response.url)}"
        if status == 429 or status >= 500:
            retry_after = _seconds_until(response.headers.get("Retry-After", ""))
            raise TransientError(ErrorCode.HTTP_STATUS, f"{message}: try again later", retry_after)
        raise RowError(ErrorCode.HTTP_STATUS, f"{message}: check that the link still leads to a picture")

    def _read_body(self, response: requests.Response) -> bytes:
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
            raise self._timeout("the whole body", response.url) from error
        except urllib3.exceptions.DecodeError as error:
            raise RowError(
                ErrorCode.DECODE_FAILURE,
                f"expected a body with the compression that its header names, received {_root_cause(error)} "
                f"from {show_link(response.url)}",
            ) from error
        except RowError:
            raise
        # All exceptions, as above: urllib3 lets a chunk of negative length become a ValueError.
        except Exception as error:
            raise RowError(
                ErrorCode.CONNECT_FAILURE,
                f"expected the whole body of {show_link(response.url)}, received {len(body)} bytes and then: "
                f"{_root_cause(error)}",
            ) from error
        return bytes(body)

    def _timeout(self, expected: str, url: str) -> TransientError:
        return TransientError(
            ErrorCode.TIMEOUT,
            f"expected {expected} from {show_link(url)} with no pause over {self._limits.read:g} s and "
            f"within {self._limits.total:g} s in all, received nothing more in time: try again later",
        )


def _seconds_until(retry_after: str) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date; None where it is neither."""
    retry_after = retry_after.strip()
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:_MAX_DELAY_DIGITS])
    try:
        when = parsedate_to_datetime(retry_after)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return max(0.0, (when - datetime.now(UTC)).total_seconds())
    # OverflowError: a day, hour or zone beyond what C's integers hold, or a date beyond the year 9999.
    except (ValueError, OverflowError):
        return None


def _refused_redirect(url: str, why: str) -> RowError:
    return RowError(ErrorCode.BLOCKED_ADDRESS, f"the redirect from {show_link(url)} isn't followed: {why}")


def _root_cause(error: BaseException) -> str:
    """Describe the error at the bottom of a chain of wrapped errors, in one line."""
    while error.__context__ is not None:
        error = error.__context__
    return printable(f"{type(error).__name__}: {' '.join(str(error).split())}", _MAX_SHOWN_CAUSE)
