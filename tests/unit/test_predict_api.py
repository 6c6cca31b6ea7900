"""The API's endpoints, called as API Gateway calls them, on in-memory ports."""

import base64
import json
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from predict.models import EntityName
from predict.problems import STATUS_BY_CODE
from predict.requests import PICTURE_TYPES
from predict.routes import Services, build_api
from predict.settings import PredictSettings
from tapeline import __version__
from tapeline.answering import Tools
from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import ErrorCode, RowError
from tapeline.picture import Picture
from tapeline.predicting import Predictor
from tests.unit.fakes import Classifier, Decoder, Fetcher, Reader

LINK = "https://images.example.com/a.png"


class Context:
    """Lambda's context, with half a minute left."""

    aws_request_id = "invocation"

    def __init__(self, seconds: float = 30) -> None:
        self._milliseconds = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


@dataclass(frozen=True)
class Answered:
    """A response, with its body parsed."""

    status: int
    kind: str
    document: Any


def settings(**values: Any) -> PredictSettings:
    return PredictSettings(results_bucket="results", image_buckets="", models_dir=Path("models"), **values)


class Api:
    """The API on given tools."""

    def __init__(self, tools: Tools | None = None, **values: Any) -> None:
        self.fetcher = Fetcher()
        self.loaded = 0
        self._tools = tools or Tools(self.fetcher, Decoder(), Reader(), Classifier())
        self._api = build_api(Services(settings(**values), Predictor(self._load)))

    def _load(self) -> Tools:
        self.loaded += 1
        return self._tools

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str | None = None,
        query: dict[str, list[str]] | None = None,
        seconds: float = 30,
    ) -> Answered:
        binary = kind in PICTURE_TYPES
        event = {
            "httpMethod": method,
            "path": path,
            "headers": {"Content-Type": kind} if kind else {},
            "multiValueHeaders": {"Content-Type": [kind]} if kind else {},
            "queryStringParameters": {name: values[-1] for name, values in (query or {}).items()} or None,
            "multiValueQueryStringParameters": query,
            "requestContext": {"requestId": "request-1", "path": f"/prod{path}"},
            "body": None if body is None else base64.b64encode(body).decode() if binary else body.decode(),
            "isBase64Encoded": binary,
        }
        response = self._api.resolve(event, Context(seconds))  # type: ignore[arg-type]
        (content_type,) = response["multiValueHeaders"]["Content-Type"]
        return Answered(response["statusCode"], content_type, json.loads(response["body"]))

    def post(self, document: object, **options: Any) -> Answered:
        return self.call("POST", "/predict", json.dumps(document).encode(), "application/json", **options)


def test_a_link_is_answered_with_all_that_is_known() -> None:
    api = Api()
    answered = api.post({"image_link": LINK, "entity_names": ["item_weight", "width"], "group_id": 7})
    assert answered.status == 200
    assert answered.kind == "application/json"
    weight = answered.document["answers"]["item_weight"]
    assert (weight["prediction"], weight["value"], weight["unit"]) == ("12.5 kilogram", 12.5, "kilogram")
    assert weight["evidence"] == {"text": "12.5 kg", "box": [[0, 0], [100, 0], [100, 20], [0, 20]]}
    width = answered.document["answers"]["width"]
    assert (width["prediction"], width["value"], width["unit"], width["evidence"]) == (None,) * 4
    assert answered.document["picture"] == {"width": 200, "height": 100}
    assert answered.document["labels"] == [{"name": f"shade {len(LINK)}", "score": 0.5}]
    assert set(answered.document["milliseconds"]) == {"fetch", "decode", "classify", "read", "answer", "all"}
    assert answered.document["versions"] == {"code": __version__, "models": Classifier.model_hashes}
    assert answered.document["group_id"] == 7
    assert answered.document["request_id"] == "request-1"
    assert api.fetcher.links == [LINK]


def test_runners_up_come_with_their_evidence() -> None:
    tools = Tools(Fetcher(), Decoder(), Reader("12.5 kg / 3 kg"), None)
    answered = Api(tools).post({"image_link": LINK, "entity_name": "item_weight"})
    (runner_up,) = answered.document["answers"]["item_weight"]["runners_up"]
    assert (runner_up["prediction"], runner_up["value"], runner_up["unit"]) == ("3 kilogram", 3, "kilogram")
    assert runner_up["evidence"]["text"] == "12.5 kg / 3 kg"
    assert len(runner_up["evidence"]["box"]) == 4


@pytest.mark.parametrize("kind", PICTURE_TYPES)
def test_a_picture_as_the_body_is_not_fetched(kind: str) -> None:
    api = Api()
    query = {"entity_name": ["item_weight", "voltage"], "group_id": ["7"]}
    answered = api.call("POST", "/predict", b"\xff\x00picture", kind, query)
    assert answered.status == 200
    assert list(answered.document["answers"]) == ["item_weight", "voltage"]
    assert answered.document["labels"][0]["name"] == f"shade {len(b'  picture')}"
    assert answered.document["group_id"] == "7"
    assert api.fetcher.links == []


def test_a_picture_in_base64_is_the_same_as_one_in_the_body() -> None:
    body = b"\xff\x00picture"
    posted = Api().call("POST", "/predict", body, "image/png", {"entity_name": ["item_weight"]})
    encoded = Api().post({"image_base64": base64.b64encode(body).decode(), "entity_name": "item_weight"})
    assert posted.document["answers"] == encoded.document["answers"]
    assert posted.document["labels"] == encoded.document["labels"]


@pytest.mark.parametrize(
    ("document", "status", "kind", "said"),
    [
        ({}, 422, "invalid-request", "image_link and image_base64, received none"),
        ({"image_link": LINK}, 422, "invalid-request", "entity_name and entity_names, received none"),
        ({"image_link": LINK, "entity_name": "colour"}, 422, "invalid-request", "received 'colour'"),
        ({"image_link": LINK, "entity_names": []}, 422, "invalid-request", "entity_names"),
        ({"image_link": "", "entity_name": "width"}, 422, "invalid-request", "image_link"),
        (
            {"image_link": LINK, "image_base64": "YQ==", "entity_name": "width"},
            422,
            "invalid-request",
            "image_link",
        ),
        (
            {"image_base64": "?", "entity_name": "width"},
            422,
            "invalid-request",
            "image_base64: expected base64",
        ),
        (
            {"image_link": LINK, "entity_name": "width", "entity": "width"},
            422,
            "invalid-request",
            "entity: Extra",
        ),
        ([1], 422, "invalid-request", "body: "),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(document: object, status: int, kind: str, said: str) -> None:
    api = Api()
    answered = api.post(document)
    assert answered.kind == "application/problem+json"
    assert (answered.status, answered.document["type"]) == (status, f"urn:tapeline:problem:{kind}")
    assert answered.document["status"] == status
    assert said in answered.document["detail"]
    assert answered.document["request_id"] == "request-1"
    assert answered.document["errors"]
    assert api.loaded == 0


def test_what_is_no_json_is_malformed() -> None:
    answered = Api().call("POST", "/predict", b"{", "application/json; charset=utf-8")
    assert (answered.status, answered.document["type"]) == (400, "urn:tapeline:problem:malformed-json")


def test_another_media_type_is_unsupported() -> None:
    answered = Api().call("POST", "/predict", b"GIF89a", "image/gif")
    assert (answered.status, answered.document["type"]) == (
        415,
        "urn:tapeline:problem:unsupported-media-type",
    )
    assert "received 'image/gif'" in answered.document["detail"]


@pytest.mark.parametrize("query", [{}, {"entity_name": ["colour"]}])
def test_a_picture_needs_an_entity_in_the_query(query: dict[str, list[str]]) -> None:
    answered = Api().call("POST", "/predict", b"picture", "image/png", query)
    assert (answered.status, answered.document["type"]) == (422, "urn:tapeline:problem:invalid-request")
    assert "entity_name" in answered.document["detail"]


def test_an_empty_picture_is_told_so() -> None:
    answered = Api().call("POST", "/predict", b"", "image/png", {"entity_name": ["width"]})
    assert (answered.status, answered.document["type"]) == (400, "urn:tapeline:problem:empty-body")


def test_a_body_beyond_the_limit_is_advised_to_send_a_link() -> None:
    api = Api(max_posted_bytes=1000)
    picture, query = bytes(1001), {"entity_name": ["width"]}
    encoded = {"image_base64": base64.b64encode(picture).decode(), "entity_name": "width"}
    huge = {"image_base64": base64.b64encode(bytes(200_000)).decode(), "entity_name": "width"}
    for answered in (
        api.call("POST", "/predict", picture, "image/png", query),
        api.post(encoded),
        api.post(huge),
    ):
        assert (answered.status, answered.document["type"]) == (413, "urn:tapeline:problem:body-too-large")
        assert "image_link" in answered.document["detail"]
    assert api.loaded == 0
    assert api.call("POST", "/predict", picture[:1000], "image/png", query).status == 200


@pytest.mark.parametrize("code", STATUS_BY_CODE)
def test_a_pictures_error_is_the_problem_of_its_code(code: ErrorCode) -> None:
    def fail(link: str) -> None:
        raise RowError(code, f"expected a picture, received {link}")

    tools = Tools(Fetcher(fail), Decoder(), Reader(), Classifier())
    answered = Api(tools).post({"image_link": LINK, "entity_names": ["width", "height"]})
    assert answered.status == STATUS_BY_CODE[code]
    assert answered.document["type"] == f"urn:tapeline:problem:{code.replace('_', '-')}"
    assert answered.document["detail"] == f"expected a picture, received {LINK}"


def test_each_error_that_a_picture_can_have_has_a_status() -> None:
    assert set(ErrorCode) - set(STATUS_BY_CODE) == {ErrorCode.BAD_ROW, ErrorCode.SHARD_LOST}


class Patient(Decoder):
    """Decodes when it is let."""

    def __init__(self) -> None:
        self.may = threading.Event()

    def decode(self, data: bytes) -> Picture:
        self.may.wait(30)
        return super().decode(data)


@pytest.mark.parametrize(("deadline", "left"), [(0.05, 30), (30, 1.05)])
def test_what_takes_too_long_is_given_up_and_the_next_request_answered(deadline: float, left: float) -> None:
    decoder = Patient()
    api = Api(Tools(Fetcher(), decoder, Reader(), None), deadline_seconds=deadline)
    answered = api.post({"image_link": LINK, "entity_name": "width"}, seconds=left)
    assert (answered.status, answered.document["type"]) == (504, "urn:tapeline:problem:deadline")
    decoder.may.set()
    late = api.post({"image_link": LINK, "entity_name": "width"})
    assert late.status == 200 or deadline < 1


def test_what_nobody_foresaw_is_told_without_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Tools:
        raise RuntimeError("a secret")

    api = build_api(Services(settings(), Predictor(broken)))
    body = json.dumps({"image_link": LINK, "entity_name": "width"})
    event = {
        "httpMethod": "POST",
        "path": "/predict",
        "headers": {},
        "requestContext": {"requestId": "request-1"},
        "body": body,
        "isBase64Encoded": False,
    }
    response = api.resolve(event, Context())  # type: ignore[arg-type]
    assert response["statusCode"] == 500
    assert json.loads(response["body"])["type"] == "urn:tapeline:problem:internal"
    assert "secret" not in response["body"]
    assert "secret" in caplog.text


def test_entities_and_health_need_no_models() -> None:
    api = Api()
    assert set(EntityName) == set(UNITS_BY_ENTITY)
    listed = api.call("GET", "/entities").document["entities"]
    assert {item["name"]: set(item["units"]) for item in listed} == UNITS_BY_ENTITY
    assert api.call("GET", "/health").document == {"status": "ok", "version": __version__}
    assert api.loaded == 0


def test_models_are_loaded_once() -> None:
    api = Api()
    for _ in range(3):
        api.post({"image_link": LINK, "entity_name": "width"})
    assert api.loaded == 1


def test_an_unknown_path_is_a_problem_too() -> None:
    answered = Api().call("GET", "/nowhere")
    assert (answered.status, answered.document["type"]) == (404, "urn:tapeline:problem:not-found")


def test_logs_hold_no_pictures(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    api = Api()
    secret = base64.b64encode(b"a secret picture").decode()
    api.post({"image_base64": secret, "entity_name": "width"})
    api.post({"image_base64": f"{secret}!", "entity_name": "width"})
    assert [record.message for record in caplog.records if record.message in {"predicted", "problem"}]
    assert secret not in str([vars(record) for record in caplog.records])


class Loader(yaml.SafeLoader):
    """Reads the template, whatever its tags."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def test_the_template_takes_the_pictures_that_the_function_takes() -> None:
    template = yaml.load((Path(__file__).parents[2] / "template.yaml").read_text(), Loader)  # noqa: S506
    assert template["Resources"]["Api"]["Properties"]["BinaryMediaTypes"] == list(PICTURE_TYPES)
