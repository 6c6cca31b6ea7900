"""A proxy between a function and the local cloud, for those that record or disturb what passes."""

import http.client
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Final, override
from urllib.parse import urlsplit

from infra.local.loopback import LoopbackServer

# Headers of one connection: RFC 9110, 7.6.1; and what the server has answered itself.
_CONNECTION_HEADERS: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks.

    Attributes:
        method: Such as ``GET``.
        path: With its query.
        headers: As received.
        body: The whole body, without any encoding of its transfer.
    """

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client gets.

    Attributes:
        status: The HTTP status.
        headers: Without the content's length.
        content: The whole body.
        length: What Content-Length says: a HEAD's is the object's.
        cut: Reset the connection after so many bytes of the content, or before all else with -1; None to
            send all of it.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    content: bytes
    length: int
    cut: int | None = None


class ForwardingProxy(LoopbackServer):
    """A proxy on a port of the loopback interface; a context manager that serves while entered.

    Args:
        target: The local cloud's endpoint.
    """

    def __init__(self, target: str) -> None:
        super().__init__(_Handler)
        self._target = urlsplit(target).netloc

    def answer(self, request: Request) -> Answer:
        """Return the target's answer; subclasses may give another one."""
        connection = http.client.HTTPConnection(self._target, timeout=60)
        try:
            headers = {n: v for n, v in request.headers.items() if n.lower() not in _CONNECTION_HEADERS}
            connection.request(request.method, request.path, request.body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        length = int(answer.headers.get("Content-Length", 0)) if request.method == "HEAD" else len(content)
        dropped = _CONNECTION_HEADERS | {"content-length"}
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in dropped]
        return Answer(answer.status, kept, content, length)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: ForwardingProxy

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def _forward(self) -> None:
        answer = self.server.answer(Request(self.command, self.path, self.headers, self._body()))
        if answer.cut == -1:
            self._reset()
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.length))
        self.end_headers()
        self.wfile.write(answer.content[: answer.cut])
        if answer.cut is not None:
            self.wfile.flush()
            self._reset()

    # Names that the base class looks up by the request's method.
    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _forward  # noqa: N815

    def _reset(self) -> None:
        # Without lingering, closing resets the connection: socket(7).
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body
