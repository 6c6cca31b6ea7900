"""The API's endpoints, called as API Gateway calls them, on in-memory ports."""

import base64
import json
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from predict.endpoints import Services
from predict.models import EntityName
from predict.problems import PREFIX, STATUS_BY_CODE, Problem
from predict.requests import PICTURE_TYPES
from predict.routes import build_api
from predict.settings import PredictSettings
from predict.static import page_file
from tapeline import __version__
from tapeline.answering import Components
from tapeline.batch.fan_out import RunDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.shard_results import PartHeader, PicturePart, RowAnswer, dump_part
from tapeline.batch.tracking import RunTracker
from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import ErrorCode, RowError
from tapeline.picture import Picture, Pixels
from tapeline.ports import ExecutionState
from tapeline.predicting import Predictor
from tests.unit.fakes import Classifier, Decoder, Fetcher, MemoryStore, Reader

ROOT = Path(__file__).parents[3]
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tapeline-batch"
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
    headers: dict[str, str]


def settings(**values: Any) -> PredictSettings:
    return PredictSettings(
        results_bucket="results",
        image_buckets="",
        models_dir=Path("models"),
        state_machine_arn=MACHINE,
        **values,
    )


def encode(pixels: Pixels) -> bytes:
    return f"{pixels.shape[1]} x {pixels.shape[0]}".encode()


class Runs:
    """A state machine in which everything runs."""

    def __init__(self, state: ExecutionState | None = "running") -> None:
        self._state = state

    def state(self, name: str) -> ExecutionState | None:
        return self._state


class Signer:
    """Signs links with their seconds."""

    def sign(self, key: str, seconds: int) -> str:
        return f"https://signed.example.com/{key}?{seconds}"


def services(
    load: Callable[[], Components], store: MemoryStore | None = None, runs: Runs | None = None, **values: Any
) -> Services:
    tracker = RunTracker(store or MemoryStore(), runs or Runs(), Signer(), 900)
    return Services(settings(**values), Predictor(load, encode), tracker)


class Api:
    """The API on given components."""

    def __init__(self, components: Components | None = None, **values: Any) -> None:
        self.fetcher = Fetcher()
        self.loaded = 0
        self._components = components or Components(self.fetcher, Decoder(), Reader(), Classifier())
        self.api = build_api(services(self._load, **values))

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
    ) -> Answered:
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
        response = self.api.resolve(event, Context(seconds))  # type: ignore[arg-type]
        found = {name: values[0] for name, values in response["multiValueHeaders"].items()}
        content_type, text = found.get("Content-Type", ""), response["body"]
        return Answered(
            response["statusCode"], content_type, json.loads(text) if "json" in content_type else text, found
        )

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
    assert answered.document["picture"] == {"width": 200, "height": 100, "preview": None}
    assert answered.document["labels"] == [{"name": f"shade {len(LINK)}", "score": 0.5}]
    assert set(answered.document["milliseconds"]) == {"fetch", "decode", "classify", "read", "answer", "all"}
    assert answered.document["versions"] == {"code": __version__, "models": Classifier.model_hashes}
    assert answered.document["group_id"] == 7
    assert answered.document["request_id"] == "request-1"
    assert api.fetcher.links == [LINK]


def test_runners_up_come_with_their_evidence() -> None:
    components = Components(Fetcher(), Decoder(), Reader("12.5 kg / 3 kg"), None)
    answered = Api(components).post({"image_link": LINK, "entity_name": "item_weight"})
    weight = answered.document["answers"]["item_weight"]
    (runner_up,) = weight["runners_up"]
    assert {weight["prediction"], runner_up["prediction"]} == {"12.5 kilogram", "3 kilogram"}
    assert f"{runner_up['value']:g} {runner_up['unit']}" == runner_up["prediction"]
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
        ({"image_link": LINK, "entity_name": None}, 422, "invalid-request", "entity_name: "),
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

    components = Components(Fetcher(fail), Decoder(), Reader(), Classifier())
    answered = Api(components).post({"image_link": LINK, "entity_names": ["width", "height"]})
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


@pytest.mark.parametrize(("deadline", "left"), [(0.5, 30), (30, 1.5)])
def test_what_takes_too_long_is_given_up_and_the_next_request_answered(deadline: float, left: float) -> None:
    decoder = Patient()
    api = Api(Components(Fetcher(), decoder, Reader(), None), deadline_seconds=deadline)
    answered = api.post({"image_link": LINK, "entity_name": "width"}, seconds=left)
    assert (answered.status, answered.document["type"]) == (504, "urn:tapeline:problem:deadline")
    decoder.may.set()
    late = api.post({"image_link": LINK, "entity_name": "width"})
    assert late.status == 200


def test_an_unexpected_error_is_told_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Components:
        raise RuntimeError("a secret")

    api = build_api(services(broken))
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


def test_a_preview_comes_back_where_it_is_asked_for() -> None:
    answered = Api().post({"image_link": LINK, "entity_name": "width", "preview": True})
    url = answered.document["picture"]["preview"]
    assert base64.b64decode(url.removeprefix("data:image/jpeg;base64,")) == b"20 x 10"


def stored_run(store: MemoryStore) -> str:
    """Put a run of 10 rows with one part of 4 into a store."""
    source = InputObject("drop", "incoming/my file.csv", "1")
    store.objects[f"runs/{source.run}/run.json"] = RunDocument(source.run, source, 10, 9, 3).dump()
    rows = (
        RowAnswer(0, prediction="1 volt"),
        RowAnswer(1),
        RowAnswer(2, error_code=ErrorCode.TIMEOUT, error="late"),
        RowAnswer(3, error_code=ErrorCode.TIMEOUT, error="late"),
    )
    header = PartHeader("00000", 1, 4, 2, 0, cold_start=True, seconds=1, memory_megabytes=1, code_version="1")
    store.objects[f"runs/{source.run}/parts/00000.jsonl"] = dump_part(header, [PicturePart(rows).to_line()])
    return source.run


def test_a_run_tells_how_far_it_is() -> None:
    store = MemoryStore()
    run = stored_run(store)
    answered = Api(store=store).call("GET", f"/runs/{run}")
    assert answered.status == 200
    assert answered.document == {
        "run": run,
        "state": "running",
        "input": "incoming/my file.csv",
        "rows": 10,
        "rows_done": 4,
        "pictures": 9,
        "errors": 2,
        "errors_by_code": {"timeout": 2},
        "outputs": [],
        "link_seconds": 900,
    }


def test_a_part_is_read_once_however_often_a_run_is_asked_for() -> None:
    store = MemoryStore()
    run = stored_run(store)
    api = Api(store=store)
    first = api.call("GET", f"/runs/{run}").document
    store.objects[f"runs/{run}/parts/00000.jsonl"] = b"unreadable"
    assert api.call("GET", f"/runs/{run}").document == first


def test_a_finished_run_has_links_to_its_outputs() -> None:
    store = MemoryStore()
    run = stored_run(store)
    folder = f"results/my file/{run}"
    store.objects |= {
        f"{folder}/my file_out.csv": b"",
        f"{folder}/report.json": b'{"errors_by_code": {"timeout": 3}}',
    }
    document = Api(store=store).call("GET", f"/runs/{run}").document
    assert (document["state"], document["rows_done"], document["errors"]) == ("succeeded", 10, 3)
    assert [item["name"] for item in document["outputs"]] == [
        "my file_out.csv",
        "details.csv",
        "errors.csv",
        "report.json",
    ]
    assert document["outputs"][0]["url"] == f"https://signed.example.com/{folder}/my file_out.csv?900"


@pytest.mark.parametrize(("state", "told"), [("failed", "failed"), (None, "running")])
def test_a_run_without_outputs_is_as_its_execution(state: ExecutionState | None, told: str) -> None:
    store = MemoryStore()
    run = stored_run(store)
    assert Api(store=store, runs=Runs(state)).call("GET", f"/runs/{run}").document["state"] == told


def test_an_unknown_run_is_not_found() -> None:
    answered = Api().call("GET", "/runs/test-0000000000000000")
    assert (answered.status, answered.document["type"]) == (404, "urn:tapeline:problem:unknown-run")
    assert "test-0000000000000000" in answered.document["detail"]


@pytest.mark.parametrize("name", ["a" * 81, "a.b"])
def test_what_cannot_be_a_runs_name_is_refused(name: str) -> None:
    assert Api().call("GET", f"/runs/{name}").status in {404, 422}


def test_no_other_origin_may_call_unless_the_operator_says_so() -> None:
    answered = Api().call("GET", "/health", origin="https://shop.example.com")
    assert not [name for name in answered.headers if name.startswith("Access-Control")]
    assert Api().call("OPTIONS", "/predict", origin="https://shop.example.com").status == 404


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/nowhere", 404)])
def test_the_named_origin_may_call_and_read_errors(path: str, status: int) -> None:
    api = Api(cors_origin="https://shop.example.com")
    answered = api.call("GET", path, origin="https://shop.example.com")
    assert answered.status == status
    assert answered.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
    other = api.call("GET", path, origin="https://other.example.com")
    assert "Access-Control-Allow-Origin" not in other.headers


def test_a_preflight_allows_key_and_content_type() -> None:
    api = Api(cors_origin="https://shop.example.com")
    answered = api.call("OPTIONS", "/predict", origin="https://shop.example.com")
    assert answered.status == 204
    assert "POST" in answered.headers["Access-Control-Allow-Methods"]
    assert {"X-Api-Key", "Content-Type"} <= set(answered.headers["Access-Control-Allow-Headers"].split(","))


def test_the_description_is_the_committed_one() -> None:
    served = Api().call("GET", "/openapi.json")
    assert served.kind == "application/json"
    committed = (ROOT / "docs/openapi.json").read_text()
    assert json.loads(committed) == served.document, "make openapi renews docs/openapi.json"


def test_the_page_runs_its_own_scripts_only() -> None:
    api = Api()
    page = api.call("GET", "/")
    assert page.kind == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script>|<style|style=|\son[a-z]+=|(src|href)=\"(https?:|//)", page.document)
    for name in re.findall(r'(?:src|href)="(page/[^"]+)"', page.document):
        assert api.call("GET", f"/{name}").status == 200, name
    assert api.loaded == 0


def test_the_page_finds_its_files_without_a_slash_at_the_end() -> None:
    assert '<base href="/prod/">' not in str(page_file("index.html", "/prod/").body)
    assert '<base href="/prod/">' in str(page_file("index.html", "/prod").body)


@pytest.mark.parametrize("name", ["app.py", "nothing.js", "%2e%2e%2fapp.py"])
def test_nothing_but_the_pages_files_is_served(name: str) -> None:
    answered = Api().call("GET", f"/page/{name}")
    assert (answered.status, answered.document["type"]) == (404, "urn:tapeline:problem:not-found")


def test_the_template_takes_the_pictures_that_the_function_takes() -> None:
    properties = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["Api"]["Properties"]
    assert properties["BinaryMediaTypes"] == list(PICTURE_TYPES)


def test_predict_is_inferences_image_with_its_own_handler() -> None:
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    assert resources["PredictFunction"]["Metadata"] == resources["InferenceFunction"]["Metadata"]
    assert resources["PredictFunction"]["Properties"]["ImageConfig"] == {"Command": ["predict.app.handler"]}


def test_pictures_and_runs_need_a_key_and_nothing_else_does() -> None:
    events = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["PredictFunction"]["Properties"][
        "Events"
    ]
    secured = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        for event in events.values()
        if event["Properties"].get("Auth") == {"ApiKeyRequired": True}
    }
    assert secured == {"POST /predict", "GET /runs/{run}"}


def test_each_endpoint_of_the_description_is_one_of_the_gateway() -> None:
    events = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["PredictFunction"]["Properties"][
        "Events"
    ]
    served = {
        (event["Properties"]["Path"], event["Properties"]["Method"].lower()) for event in events.values()
    }
    paths = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
    assert {(path, method) for path, operations in paths.items() for method in operations} <= served


def test_the_gateways_own_errors_are_problems_too() -> None:
    properties = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["Api"]["Properties"]
    responses = properties["GatewayResponses"]
    assert {"INVALID_API_KEY", "THROTTLED", "REQUEST_TOO_LARGE", "INTEGRATION_TIMEOUT"} <= set(responses)
    documented = (ROOT / "docs/api.md").read_text()
    for name, response in responses.items():
        problem = json.loads(response["ResponseTemplates"]["application/json"])
        Problem.model_validate(problem)
        assert problem.get("status") == response.get("StatusCode"), name
        assert f"`{problem['type'].removeprefix(PREFIX)}`" in documented
        assert response["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'"
