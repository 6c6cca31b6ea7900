"""A proxy between a function and the local cloud, which records what the function asks of AWS.

::

    with RecordingProxy(cloud.endpoint) as proxy:
        ...  # a function with AWS_ENDPOINT_URL = proxy.url
        proxy.calls  # {Call("s3:GetObject", "arn:aws:s3:::drop/images/cup.jpg"), ...}

Each request becomes the call that IAM would be asked about. A GET or HEAD of an object that isn't there
becomes a second one, ``s3:ListBucket`` without a prefix: S3 says 404 to those alone who may list the bucket.
"""

import json
import threading
from dataclasses import dataclass
from typing import Any, Final, override
from urllib.parse import parse_qs, unquote, urlsplit

from tests.integration.forwarding_proxy import Answer, ForwardingProxy, Request

# The service in X-Amz-Target -> its prefix in IAM.
_TARGETS: Final = {"AWSStepFunctions": "states", "AWSEvents": "events"}

# Fields of Step Functions' requests that name the resource.
_ARN_FIELDS: Final = ("stateMachineArn", "executionArn")

# The default bus, which an event goes to that names none.
_DEFAULT_BUS: Final = "arn:aws:events:us-east-1:000000000000:event-bus/default"


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


class RecordingProxy(ForwardingProxy):
    """A proxy that records calls.

    Args:
        target: The local cloud's endpoint.

    Attributes:
        calls: Those so far.
    """

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.calls: set[Call] = set()
        self._lock = threading.Lock()

    @override
    def answer(self, request: Request) -> Answer:
        answer = super().answer(request)
        calls = calls_of(request.method, request.path, request.headers, request.body, answer.status)
        with self._lock:
            self.calls |= calls
        return answer


def calls_of(method: str, target: str, headers: Any, body: bytes, status: int) -> set[Call]:
    """Return what IAM would be asked for a request, given its answer's status."""
    service, _, operation = headers.get("X-Amz-Target", "").partition(".")
    if service:
        document = json.loads(body)
        others = _DEFAULT_BUS if operation == "PutEvents" else "*"
        arn = next((document[field] for field in _ARN_FIELDS if field in document), others)
        return {Call(f"{_TARGETS.get(service, service)}:{operation}", arn)}
    if b"TopicArn=" in body:
        form = parse_qs(body.decode())
        return {Call(f"sns:{form['Action'][0]}", form["TopicArn"][0])}
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
