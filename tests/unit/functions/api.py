"""The API on in-memory ports, called as API Gateway calls it."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predict.endpoints import Services
from predict.requests import PICTURE_TYPES
from predict.routes import build_api
from predict.settings import PredictSettings
from tapeline.answerer import Answerer
from tapeline.answering import Components
from tapeline.batch.reviewing import RunReviewer
from tapeline.batch.tracking import RunTracker
from tapeline.picture import Pixels
from tapeline.ports import ExecutionState
from tapeline.predicting import Predictor
from tests.unit.fakes import Classifier, Decoder, Executions, Fetcher, MemoryStore, Reader

ROOT = Path(__file__).parents[3]
LINK = "https://images.example.com/a.png"
PROBLEM_PREFIX = "urn:tapeline:problem:"
PACE = {"workers": 40, "largest_shard": 200, "inference_memory": 3008, "seconds_per_picture": 1.0}
STATE_MACHINE_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:tapeline-batch"


class Context:
    """Lambda's context with so many seconds left."""

    aws_request_id = "invocation"

    def __init__(self, seconds: float) -> None:
        self._milliseconds = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


@dataclass(frozen=True)
class ApiResponse:
    """A response, with its body parsed where it is JSON."""

    status: int
    kind: str
    document: Any
    headers: dict[str, str]

    @property
    def problem(self) -> tuple[int, str]:
        """The status, and the last part of the problem's type."""
        assert self.kind == "application/problem+json"
        assert self.document["status"] == self.status
        assert self.document["request_id"] == "request-1"
        assert self.document["type"].startswith(PROBLEM_PREFIX)
        return self.status, self.document["type"].removeprefix(PROBLEM_PREFIX)


class Runs:
    """A state machine whose executions all have one state."""

    def __init__(self, state: ExecutionState | None = "running") -> None:
        self._state = state

    def state(self, name: str) -> ExecutionState | None:
        return self._state


class Signer:
    """Signs links with their seconds."""

    def sign(self, key: str, seconds: int) -> str:
        return f"https://signed.example.com/{key}?{seconds}"


class Api:
    """The API on given components, store, runs and settings.

    Args:
        components: What answers pictures; all in memory where they are left out.
        load: Loads them in place of ``components``.
        store: The results bucket.
        runs: The state machine.
        executions: What the state machine is started with.
        **settings: Values that differ from the settings' defaults.
    """

    def __init__(
        self,
        components: Components | None = None,
        *,
        load: Callable[[], Components] | None = None,
        store: MemoryStore | None = None,
        runs: Runs | None = None,
        executions: Executions | None = None,
        **settings: Any,
    ) -> None:
        results = store or MemoryStore()
        self.fetcher = Fetcher()
        self.loaded = 0
        self._components = components or components_of(self.fetcher)
        self._api = build_api(
            Services(
                PredictSettings(
                    results_bucket="results",
                    image_buckets="",
                    models_dir=Path("models"),
                    state_machine_arn=STATE_MACHINE_ARN,
                    **{**PACE, **settings},
                ),
                Predictor(load or self._load),
                RunTracker(results, runs or Runs(), Signer(), 900),
                RunReviewer(results, executions or Executions()),
            )
        )

    def _load(self) -> Components:
        self.loaded += 1
        return self._components

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str | None = None,
        query: dict[str, list[str]] | None = None,
        seconds: float = 30,
        origin: str | None = None,
    ) -> ApiResponse:
        binary = kind in PICTURE_TYPES
        headers = {name: value for name, value in (("Content-Type", kind), ("Origin", origin)) if value}
        event = {
            "httpMethod": method,
            "path": path,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": {name: values[-1] for name, values in (query or {}).items()} or None,
            "multiValueQueryStringParameters": query,
            "requestContext": {"requestId": "request-1", "path": f"/prod{path}"},
            "body": None if body is None else base64.b64encode(body).decode() if binary else body.decode(),
            "isBase64Encoded": binary,
        }
        response = self._api.resolve(event, Context(seconds))  # type: ignore[arg-type]
        found = {name: values[0] for name, values in response["multiValueHeaders"].items()}
        content_type, text = found.get("Content-Type", ""), response["body"]
        document = json.loads(text) if "json" in content_type else text
        return ApiResponse(response["statusCode"], content_type, document, found)

    def post(self, document: object, **options: Any) -> ApiResponse:
        return self.call("POST", "/predict", json.dumps(document).encode(), "application/json", **options)


def components_of(
    fetcher: Fetcher, *, decoder: Decoder | None = None, reader: Reader | None = None
) -> Components:
    """Return components on in-memory adapters, which make previews by :func:`encode`."""
    own = Answerer(decoder or Decoder(), reader or Reader(), Classifier(), encode=encode)
    return Components(fetcher, own)


def encode(pixels: Pixels) -> bytes:
    """Return the width and height in place of a JPEG."""
    return f"{pixels.shape[1]} x {pixels.shape[0]}".encode()
