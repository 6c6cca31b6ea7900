"""A real web server on the loopback address, well-behaved or not, for tests of what downloads pictures.

::

    with PictureServer() as server:
        server.put("/cup.jpg", Reply(jpeg, content_type="image/jpeg"))
        fetcher = HttpFetcher(AddressPolicy(allowed=[server.address]))
        fetcher.fetch(server.url("/cup.jpg"))
        assert server.count("/cup.jpg") == 1
"""

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, override


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers to one request.

    Attributes:
        body: The whole body; left out where there are ``pieces``.
        status: The HTTP status.
        content_type: The header of that name.
        headers: Further headers. A Content-Length here replaces the true one.
        pieces: Makes the body in pieces, which are sent until they end, the client goes, or the server
            stops; the connection then closes.
        pause: Seconds between the pieces.
        raw: Send the pieces as all that is answered: without status line, headers or anything.
        hang_up: Close the connection after this answer without announcing it.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Callable[[], Iterable[bytes]] | None = None
    pause: float = 0.0
    raw: bool = False
    hang_up: bool = False


def redirect(to: str, status: int = 302) -> Reply:
    """Return a redirect to a URL or path."""
    return Reply(status=status, headers={"Location": to})


def endlessly(piece: bytes) -> Callable[[], Iterator[bytes]]:
    """Return ``pieces`` that repeat forever."""

    def pieces() -> Iterator[bytes]:
        while True:
            yield piece

    return pieces


class PictureServer:
    """A threading HTTP/1.1 server on a port of its own; a context manager.

    A path that nobody put there answers 404. Paths are compared with their query.

    Args:
        host: The loopback address to listen on.
        port: The port; 0 picks a free one.
        tls: The server's side of TLS, to speak https.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._lock = threading.Lock()
        self._replies: dict[str, list[Reply]] = {}
        self._requests: list[tuple[str, dict[str, str]]] = []
        self._connections = 0
        self._stopping = threading.Event()
        self._scheme = "https" if tls else "http"
        self._server = _Server((host, port), self)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="picture-server",
            daemon=True,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> tuple[str, int]:
        """The literal address and the port, as an ``AddressPolicy`` takes them."""
        host, port = self._server.server_address[:2]
        return str(host), port

    @property
    def connections(self) -> int:
        """How many connections were accepted, with or without a request on them."""
        with self._lock:
            return self._connections

    @property
    def total(self) -> int:
        """How many requests came, for whatever path."""
        with self._lock:
            return len(self._requests)

    def url(self, path: str, host: str | None = None) -> str:
        """Return the URL of a path, under the literal address or another name for it."""
        address, port = self.address
        return f"{self._scheme}://{host or address}:{port}{path}"

    def put(self, path: str, *replies: Reply) -> str:
        """Answer a path with these, one after another; the last one stays. Return the path's URL."""
        with self._lock:
            self._replies[path] = list(replies)
        return self.url(path)

    def count(self, path: str) -> int:
        """Return how often a path was asked for."""
        return len(self.headers(path))

    def headers(self, path: str) -> list[dict[str, str]]:
        """Return the headers of each request for a path, with their names in lower case."""
        with self._lock:
            return [headers for asked, headers in self._requests if asked == path]

    def connected(self) -> None:
        """Note a connection; for the server's own use."""
        with self._lock:
            self._connections += 1

    def take(self, path: str, headers: dict[str, str]) -> Reply:
        """Note a request and return its answer; for the server's own use."""
        with self._lock:
            self._requests.append((path, headers))
            replies = self._replies.get(path, [Reply(b"no such picture", status=404)])
            return replies.pop(0) if len(replies) > 1 else replies[0]

    def wait(self, seconds: float) -> bool:
        """Wait, unless the server stops; say whether it does. For the server's own use."""
        return self._stopping.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], owner: PictureServer) -> None:
        self.owner = owner
        super().__init__(address, _Handler)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: clients under test hang up in the middle of answers."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it, headers and body leave in two packets, and Nagle's algorithm waits 40 ms between them.
    wbufsize = -1
    server: _Server

    @override
    def setup(self) -> None:
        super().setup()
        self.server.owner.connected()

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        reply = self.server.owner.take(
            self.path, {name.lower(): value for name, value in self.headers.items()}
        )
        if not reply.raw:
            self._send_head(reply)
        if reply.pieces is None:
            self.wfile.write(reply.body)
        else:
            self.close_connection = True
            for piece in reply.pieces():
                self.wfile.write(piece)
                self.wfile.flush()
                if self.server.owner.wait(reply.pause):
                    return
        if reply.hang_up:
            self.close_connection = True

    def _send_head(self, reply: Reply) -> None:
        headers = {"Content-Type": reply.content_type}
        if reply.pieces is None:
            headers["Content-Length"] = str(len(reply.body))
        self.send_response(reply.status)
        for name, value in {**headers, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
