"""A proxy between a function and the local cloud, which records what the function asks of AWS.

::

    with RecordingProxy(cloud.endpoint) as proxy:
        ...  # a function with AWS_ENDPOINT_URL = proxy.url
        proxy.calls  # {Call("s3:GetObject", "arn:aws:s3:::drop/images/cup.jpg"), ...}

Each request becomes the call that IAM would be asked about. A GET or HEAD of an object that isn't there
becomes a second one, ``s3:ListBucket`` without a prefix: S3 says 404 to those alone who may list the bucket.
"""

import http.client
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self, override
from urllib.parse import parse_qs, unquote, urlsplit

# Headers of one connection: RFC 9110, 7.6.1; and what the server has answered itself.
_CONNECTION_HEADERS: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})

# The service in X-Amz-Target -> its prefix in IAM.
_TARGETS: Final = {"AWSStepFunctions": "states"}

# Fields of Step Functions' requests that name the resource.
_ARN_FIELDS: Final = ("stateMachineArn", "executionArn")


@dataclass(frozen=True, slots=True)
class Call:
    """What IAM is asked: whether a role may do something to a resource.

    Attributes:
        action: Such as ``s3:GetObject``.
        resource: The resource's ARN.
        prefix: ``s3:prefix`` of a listing; None where the request has none.
    """

    action: str
    resource: str
    prefix: str | None = None


class RecordingProxy(ThreadingHTTPServer):
    """A proxy on a port of the loopback interface; a context manager that serves while entered.

    Args:
        target: The local cloud's endpoint.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.calls: set[Call] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="recorder", daemon=True)

    @property
    def url(self) -> str:
        """Its address, for AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def record(self, calls: set[Call]) -> None:
        """Add calls."""
        with self._lock:
            self.calls |= calls

    @override
    def __enter__(self) -> Self:
        self._thread.start()
        return self

    @override
    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: clients may close their connections at any time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: RecordingProxy

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def _forward(self) -> None:
        body = self._body()
        connection = http.client.HTTPConnection(self.server.target, timeout=60)
        try:
            headers = {n: v for n, v in self.headers.items() if n.lower() not in _CONNECTION_HEADERS}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        self.server.record(calls_of(self.command, self.path, self.headers, body, answer.status))
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _CONNECTION_HEADERS | {"content-length"}:
                self.send_header(name, value)
        # A HEAD's length is the object's.
        length = answer.headers.get("Content-Length") if self.command == "HEAD" else len(content)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    # Names that the base class looks up by the request's method.
    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _forward  # noqa: N815

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


def calls_of(method: str, target: str, headers: Any, body: bytes, status: int) -> set[Call]:
    """Return what IAM would be asked for a request, given its answer's status."""
    service, _, operation = headers.get("X-Amz-Target", "").partition(".")
    if service:
        document = json.loads(body)
        arn = next((document[field] for field in _ARN_FIELDS if field in document), "*")
        return {Call(f"{_TARGETS.get(service, service)}:{operation}", arn)}
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        listing = method == "GET" and "list-type" in query
        return {Call("s3:ListBucket" if listing else f"s3:{method} {target}", arn, _first(query, "prefix"))}
    version = "Version" if "versionId" in query else ""
    actions = {
        "GET": f"s3:GetObject{version}",
        "HEAD": f"s3:GetObject{version}",
        "PUT": "s3:PutObject",
        "POST": "s3:PutObject",
        "DELETE": f"s3:DeleteObject{version}",
    }
    calls = {Call(actions[method], f"{arn}/{key}")}
    if method in {"GET", "HEAD"} and status == 404:
        calls.add(Call("s3:ListBucket", arn))
    return calls


def _first(query: dict[str, list[str]], name: str) -> str | None:
    return query[name][0] if name in query else None
