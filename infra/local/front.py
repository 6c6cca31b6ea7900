"""What stands before the emulated API Gateway, with what MiniStack leaves out of it.

::

    client ──▶ Front ──▶ MiniStack's API Gateway ──▶ Predict
    http://127.0.0.1:8000/predict      /_aws/execute-api/ID/prod/predict

It puts the API at the root of a port, under an address that every client can resolve, and adds the two
limits of API Gateway that MiniStack doesn't have: 10 MB of body, and 29 seconds for an answer. What it
answers then is what the template says that API Gateway answers. Keys, throttling and everything else are
MiniStack's. Pictures beyond those that the workers can read at once wait here, where AWS would start
further workers.
"""

import http.client
import json
import re
import threading
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self, override
from urllib.parse import urlsplit

# docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
TIMEOUT_SECONDS: Final = 29.0
OTHERS_AT_ONCE: Final = 2
"""Requests other than pictures that are passed on at once."""

_DRAINED_BYTES: Final = 256 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
# RFC 9110, 7.6.1; and what the client library sets itself.
_OWN_HEADERS: Final = frozenset(
    {"connection", "host", "keep-alive", "content-length", "transfer-encoding", "te", "trailer", "upgrade"}
)


class Front:
    """A server on a port of its own; a context manager.

    Args:
        target: The API's address in the local cloud, without a slash at its end.
        responses: The template's GatewayResponses.
        workers: Pictures that are passed on at once.
        port: The port; 0 picks a free one.
        timeout: Seconds to wait for an answer.

    Raises:
        OSError: The port is taken.
    """

    def __init__(
        self,
        target: str,
        responses: Mapping[str, Any],
        workers: int,
        port: int = 0,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._server = _Server(target, responses, workers, port, timeout)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="front", daemon=True
        )

    @property
    def url(self) -> str:
        """The API's base URL, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop to answer; requests on their way are cut off."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Further clients wait in the kernel's queue instead of being refused.
    request_queue_size = 128

    def __init__(
        self, target: str, responses: Mapping[str, Any], workers: int, port: int, timeout: float
    ) -> None:
        self.target = urlsplit(target)
        self.waits = timeout
        self.responses = responses
        self.pictures = threading.BoundedSemaphore(workers)
        self.others = threading.BoundedSemaphore(OTHERS_AT_ONCE)
        super().__init__(("127.0.0.1", port), _Handler)

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: clients hang up in the middle of answers."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it, headers and body leave in two packets, and Nagle's algorithm waits 40 ms between them.
    wbufsize = -1
    server: _Server

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the functions log what they answer."""

    def _forward(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            # API Gateway takes such bodies; telling their end takes more than a front is worth.
            self.close_connection = True
            self._send(411, {"Content-Type": "text/plain"}, b"expected a Content-Length, received none\n")
        elif int(length) > MAX_BODY_BYTES:
            self._drain(int(length))
            self._gateway_response("REQUEST_TOO_LARGE")
        else:
            body = self.rfile.read(int(length))
            with self.server.pictures if self.command == "POST" else self.server.others:
                self._ask(body)

    def __getattr__(self, name: str) -> Any:
        # The base class looks for do_GET and the like. What API Gateway doesn't know it refuses itself.
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    @override
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP at all."""
        self.close_connection = True
        # Otherwise taken for HTTP/0.9, whose answers have no headers.
        self.request_version = self.protocol_version
        self._gateway_response("DEFAULT_4XX", status=int(code))

    def _ask(self, body: bytes) -> None:
        target = self.server.target
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN_HEADERS}
        connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=self.server.waits)
        try:
            connection.request(self.command, f"{target.path}{self.path}", body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError:
            self._gateway_response("INTEGRATION_TIMEOUT")
        except (http.client.HTTPException, OSError):
            self._gateway_response("DEFAULT_5XX", status=503)
        else:
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OWN_HEADERS}
            self._send(answer.status, kept, content)
        finally:
            connection.close()

    def _drain(self, length: int) -> None:
        """Read a body that isn't wanted: a client that is still sending wouldn't see the answer."""
        left = min(length, _DRAINED_BYTES)
        self.close_connection = length > left
        while left and (chunk := self.rfile.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)

    def _gateway_response(self, kind: str, status: int | None = None) -> None:
        response = self.server.responses[kind]
        request_id = str(uuid.uuid4())
        text = response["ResponseTemplates"]["application/json"].replace("$context.requestId", request_id)
        text = text.replace("$context.error.responseType", kind)
        found = response["ResponseParameters"]["Headers"].items()
        # What is no quoted string is an intrinsic function: CORS, which is off here.
        headers = {name: value.strip("'") for name, value in found if isinstance(value, str)}
        self._send(status or int(response["StatusCode"]), headers, json.dumps(json.loads(text)).encode())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, re.sub(r"[\r\n]", "", value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
