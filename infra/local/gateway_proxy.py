"""An HTTP proxy in front of the emulated API Gateway, with the limits that MiniStack doesn't have.

::

    client ──▶ GatewayProxy ──▶ MiniStack's API Gateway ──▶ Predict
    http://127.0.0.1:8000/predict      /_aws/execute-api/ID/prod/predict

It serves the API at the root of a port. It answers with the template's gateway responses where a body has
more than 10 MB, or an answer takes longer than 29 seconds. It limits the requests that are passed on at once:
further ones wait, where AWS would start further workers. API keys, throttling and the rest are MiniStack's.
"""

import http.client
import json
import re
import threading
import uuid
from collections.abc import Mapping
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Final, override
from urllib.parse import urlsplit

from infra.local.loopback import LoopbackServer

# Bytes in a body at most: "Payload size" in
# docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
MAX_BODY_BYTES: Final = 10 * 1024 * 1024

# Seconds for an answer at most: "Integration timeout" in the same table.
TIMEOUT_SECONDS: Final = 29.0

# Requests other than POST that are passed on at once. Chosen by hand: they are fast, and a browser sends
# several for the page.
OTHERS_AT_ONCE: Final = 2

# Bytes of a refused body that are read at most, so that the client, which sends before it reads, receives the
# answer. Chosen by hand: far above any picture.
_MAX_DRAINED_BYTES: Final = 256 * 1024 * 1024

# Bytes that are read at once from a refused body.
_CHUNK_BYTES: Final = 1024 * 1024

# Headers of one connection (RFC 9110, section 7.6.1), and those that the HTTP client sets itself.
_CONNECTION_HEADERS: Final = frozenset(
    {"connection", "host", "keep-alive", "content-length", "transfer-encoding", "te", "trailer", "upgrade"}
)


class GatewayProxy(LoopbackServer):
    """A proxy on a port of the loopback interface; a context manager that serves while entered.

    Args:
        target: The API's address in the local cloud, without a slash at its end.
        responses: The GatewayResponses of the template's API.
        workers: POST requests that are passed on at once.
        port: The port; 0 picks a free one.
        answer_seconds: Seconds to wait for an answer.

    Raises:
        OSError: The port is taken.
    """

    def __init__(
        self,
        target: str,
        responses: Mapping[str, Any],
        workers: int,
        port: int = 0,
        answer_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        super().__init__(_Handler, port)
        self.target = urlsplit(target)
        self.responses = responses
        self.answer_seconds = answer_seconds
        self.posts = threading.BoundedSemaphore(workers)
        self.others = threading.BoundedSemaphore(OTHERS_AT_ONCE)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Buffered: otherwise headers and body are sent in two packets, and Nagle's algorithm delays the second
    # one by 40 ms.
    wbufsize = -1
    server: GatewayProxy

    def _forward(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            # API Gateway accepts chunked bodies; http.server doesn't decode them.
            self.close_connection = True
            self._send(411, {"Content-Type": "text/plain"}, b"expected a Content-Length, received none\n")
        elif int(length) > MAX_BODY_BYTES:
            self._drain(int(length))
            self._send_gateway_response("REQUEST_TOO_LARGE")
        else:
            body = self.rfile.read(int(length))
            with self.server.posts if self.command == "POST" else self.server.others:
                self._request(body)

    # Names that the base class looks up by the request's method.
    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _forward  # noqa: N815

    @override
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a malformed request, or a method that API Gateway doesn't have."""
        self.close_connection = True
        # The version may be the malformed part; the default, HTTP/0.9, has no headers in its answers.
        self.request_version = self.protocol_version
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._send_gateway_response("MISSING_AUTHENTICATION_TOKEN")
        else:
            self._send_gateway_response("DEFAULT_4XX", status=int(code))

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: Predict logs what it answers."""

    def _request(self, body: bytes) -> None:
        """Pass the request on, and send the answer."""
        target = self.server.target
        connection = http.client.HTTPConnection(
            str(target.hostname), target.port, timeout=self.server.answer_seconds
        )
        try:
            connection.request(self.command, f"{target.path}{self.path}", body, _end_to_end(self.headers))
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError:
            self._send_gateway_response("INTEGRATION_TIMEOUT")
        except (http.client.HTTPException, OSError):
            self._send_gateway_response("DEFAULT_5XX", status=503)
        else:
            self._send(answer.status, _end_to_end(answer.headers), content)
        finally:
            connection.close()

    def _drain(self, length: int) -> None:
        left = min(length, _MAX_DRAINED_BYTES)
        self.close_connection = length > left
        while left and (chunk := self.rfile.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)

    def _send_gateway_response(self, kind: str, status: int | None = None) -> None:
        response = self.server.responses[kind]
        text = response["ResponseTemplates"]["application/json"]
        text = text.replace("$context.requestId", str(uuid.uuid4()))
        text = text.replace("$context.error.responseType", kind)
        # Values are quoted strings; others are intrinsic functions for CORS, which is off here.
        headers = {
            name: value.strip("'")
            for name, value in response["ResponseParameters"]["Headers"].items()
            if isinstance(value, str)
        }
        self._send(status or int(response["StatusCode"]), headers, json.dumps(json.loads(text)).encode())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            # A folded header would end the answer's headers.
            self.send_header(name, re.sub(r"[\r\n]", "", value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _end_to_end(headers: Message) -> dict[str, str]:
    """Return the headers that a proxy passes on."""
    return {name: value for name, value in headers.items() if name.lower() not in _CONNECTION_HEADERS}
