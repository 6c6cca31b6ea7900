"""The API on the local cloud: the same answers as the batch, problems, limits, many clients."""

import base64
import csv
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
import requests

from benchmarks.api_load import load
from infra.local.cloud import LocalCloud
from infra.local.deployment import Deployment
from infra.local.service import serve_api
from tapeline.local.running import RunResult
from tests.integration.conftest import IMAGES, ROOT, Api
from tests.integration.http_server import Reply
from tests.integration.pictures import drawn, huge_png

KETTLE = "https://images.example.com/kettle.jpg"
PROBLEM = "urn:tapeline:problem:"
MEGAPIXELS_300 = huge_png(20_000, 15_000)


def test_link_base64_and_body_are_answered_alike(api: Api) -> None:
    entities = ["wattage", "item_volume", "voltage"]
    body = (IMAGES / "kettle.jpg").read_bytes()
    encoded = {"image_base64": to_base64(body), "entity_names": entities}
    by_link = api.post({"image_link": KETTLE, "entity_names": entities, "group_id": 5}).json()
    by_base64 = api.post(encoded).json()
    by_body = api.post_picture(body, entities, "image/jpeg").json()
    assert by_link["answers"] == by_base64["answers"] == by_body["answers"]
    wattage = by_link["answers"]["wattage"]
    assert (wattage["prediction"], wattage["value"], wattage["unit"]) == ("2200 watt", 2200, "watt")
    assert by_link["answers"]["voltage"]["prediction"] is None
    assert by_link["picture"] == {"width": 1000, "height": 1000, "preview": None}
    assert by_link["group_id"] == 5


@pytest.mark.parametrize(
    ("name", "kind"), [("kettle.jpg", "image/jpeg"), ("box.png", "image/png"), ("fan.webp", "image/webp")]
)
def test_each_kind_of_picture_arrives_byte_for_byte(api: Api, name: str, kind: str) -> None:
    answered = api.post_picture((IMAGES / name).read_bytes(), ["width"], kind)
    assert answered.status_code == 200, answered.text
    linked = api.post({"image_link": f"https://images.example.com/{name}", "entity_name": "width"})
    assert answered.json()["answers"] == linked.json()["answers"]


def test_batch_and_api_answer_the_same_picture_alike(api: Api, example_run: RunResult) -> None:
    source = ROOT / "examples/test.csv"
    predictions, details_csv, *others = example_run.files
    assert (predictions.name, details_csv.name) == ("test_out.csv", "details.csv")
    assert [path.name for path in others] == ["errors.csv", "review.csv", "report.html", "report.json"]
    with source.open(newline="") as rows, details_csv.open(newline="") as details:
        batch = [
            ((row["image_link"], row["group_id"]), row["entity_name"], detail)
            for row, detail in zip(csv.DictReader(rows), csv.DictReader(details), strict=True)
        ]
    for picture in dict.fromkeys(picture for picture, _, _ in batch):
        asked = {entity: detail for found, entity, detail in batch if found == picture}
        question = {"image_link": picture[0], "group_id": picture[1], "entity_names": list(asked)}
        answers = api.post(question).json()["answers"]
        for entity, detail in asked.items():
            answer = answers[entity]
            assert (answer["prediction"] or "") == detail["prediction"]
            assert answer["stated"] == float(detail["stated"])
            if answer["prediction"]:
                assert answer["confidence"] == float(detail["confidence"])
                evidence = {"text": detail["text"], "box": json.loads(detail["box"])}
                assert answer["evidence"] == evidence

    run = api.get(f"/runs/{example_run.report.run}", key=True).json()
    assert (run["state"], run["rows"], run["rows_done"], run["errors"]) == ("succeeded", 24, 24, 0)
    assert [item["name"] for item in run["outputs"]] == [path.name for path in example_run.files]
    for item, path in zip(run["outputs"], example_run.files, strict=True):
        assert api.session.get(item["url"], timeout=60).content == path.read_bytes()


def test_an_unknown_run_is_not_found(api: Api) -> None:
    answered = api.get("/runs/test-0000000000000000", key=True)
    assert (answered.status_code, answered.json()["type"]) == (404, f"{PROBLEM}unknown-run")
    assert api.get("/runs/test-0000000000000000").status_code == 403


def to_base64(body: bytes) -> str:
    return base64.b64encode(body).decode()


def link(api: Api, url: str) -> requests.Response:
    return api.post({"image_link": url, "entity_name": "width"})


def served(body: bytes, **values: object) -> Callable[[Api], requests.Response]:
    """Return a request for a picture that a server answers with this body."""

    def request(api: Api) -> requests.Response:
        path = f"/{abs(hash((body[:100], str(values))))}.png"
        return link(api, api.allowed.put(path, replace(Reply(body), **values)))  # type: ignore[arg-type]

    return request


PROBLEMS: dict[str, tuple[int, str, Callable[[Api], requests.Response]]] = {
    "no key": (403, "api-key", lambda api: api.session.post(f"{api.service.url}/predict", timeout=60)),
    "wrong key": (403, "api-key", lambda api: api.post_picture(b"", ["width"], key="wrong")),
    "unknown path": (404, "not-found", lambda api: api.get("/nowhere")),
    "unknown method": (404, "not-found", lambda api: api.get("/predict", key=True)),
    "20 MB": (413, "body-too-large", lambda api: api.post_picture(bytes(20_000_000), ["width"])),
    "5 MB": (413, "body-too-large", lambda api: api.post_picture(bytes(5_000_000), ["width"])),
    "GIF": (415, "unsupported-media-type", lambda api: api.post_picture(b"GIF89a", ["width"], "image/gif")),
    "malformed": (400, "malformed-json", lambda api: api.post_picture(b"{", [], "application/json")),
    "nothing": (400, "empty-body", lambda api: api.post_picture(b"", ["width"])),
    "entity": (422, "invalid-request", lambda api: api.post({"image_link": KETTLE, "entity_name": "colour"})),
    "300 megapixels": (422, "too-many-pixels", lambda api: api.post_picture(MEGAPIXELS_300, ["width"])),
    "300 megapixels linked": (422, "too-many-pixels", served(MEGAPIXELS_300)),
    "truncated": (422, "decode-failure", lambda api: api.post_picture(drawn("12 kg")[:2000], ["width"])),
    "no picture": (422, "not-an-image", lambda api: api.post_picture(b"hello", ["width"])),
    "a page": (422, "not-an-image", served(b"<!doctype html><p>hello")),
    "scheme": (422, "bad-link", lambda api: link(api, "file:///etc/passwd")),
    "loopback": (422, "blocked-address", lambda api: link(api, api.refused.url("/inside.png"))),
    "metadata": (422, "blocked-address", lambda api: link(api, "http://169.254.169.254/latest/")),
    "bucket": (422, "blocked-address", lambda api: link(api, "s3://somebody-elses/picture.png")),
    "missing": (502, "http-status", served(b"", status=404)),
    "slow": (504, "timeout", served(b"", pieces=lambda: iter([b"\x89PNG"] * 100), pause=1.0)),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_cannot_be_answered_is_a_problem_and_the_next_request_is_answered(api: Api, name: str) -> None:
    status, kind, request = PROBLEMS[name]
    answered = request(api)
    assert answered.headers["content-type"] == "application/problem+json", answered.text
    problem = answered.json()
    assert (answered.status_code, problem["type"]) == (status, f"{PROBLEM}{kind}")
    assert problem["status"] == status
    assert problem["detail"].startswith("expected") or problem["errors"]
    assert problem["request_id"]
    assert api.refused.connections == 0
    good = api.post_picture(drawn("Net weight 12.5 kg"), ["item_weight"])
    assert good.json()["answers"]["item_weight"]["prediction"] == "12.5 kilogram"


def test_requests_above_a_keys_rate_are_throttled(api: Api) -> None:
    stack = api.service.stack
    gateway = stack.cloud.api_gateway
    plan = gateway.get_usage_plan(usagePlanId=stack.resource("ApiUsagePlan"))
    key = gateway.create_api_key(name="slow", enabled=True)
    slow = gateway.create_usage_plan(
        name="slow", apiStages=plan["apiStages"], throttle={"rateLimit": 0.01, "burstLimit": 1}
    )
    gateway.create_usage_plan_key(usagePlanId=slow["id"], keyId=key["id"], keyType="API_KEY")
    answered = [api.post_picture(drawn("5 kg"), ["item_weight"], key=key["value"]) for _ in range(2)]
    assert [response.status_code for response in answered] == [200, 429]
    assert answered[1].json()["type"] == f"{PROBLEM}throttled"
    assert answered[1].headers["Retry-After"] == "1"


def test_many_clients_at_once_all_get_their_answer(api: Api) -> None:
    result = load(api.service.url, api.service.key, requests_in_all=24, clients=8)
    assert result.predictions == {"2200 watt": 24}
    assert result.lost == 0


def test_entities_health_and_description_need_no_key(api: Api) -> None:
    assert api.get("/health").json()["status"] == "ok"
    assert len(api.get("/entities").json()["entities"]) == 8
    assert api.get("/openapi.json").json() == json.loads((ROOT / "docs/openapi.json").read_text())


def test_an_allowed_origin_may_call_and_read_the_gateways_errors(cloud: LocalCloud) -> None:
    origin = "https://shop.example.com"
    deployment = Deployment(
        ROOT / ".cache/models", workers=1, parameters={"CorsOrigin": origin}, stack="cors"
    )
    with serve_api(deployment, cloud, port=0) as service, requests.Session() as session:
        session.trust_env = False
        preflight = session.options(f"{service.url}/predict", headers={"Origin": origin}, timeout=60)
        assert preflight.status_code == 204
        refused = session.post(f"{service.url}/predict", headers={"Origin": origin}, timeout=60)
        assert refused.status_code == 403
        for answered in (preflight, refused):
            assert answered.headers["Access-Control-Allow-Origin"] == origin


def test_neither_keys_nor_pictures_are_logged(api: Api) -> None:
    body = drawn("a secret of 3 kg")
    encoded = to_base64(body)
    assert api.post({"image_base64": encoded, "entity_name": "item_weight"}).status_code == 200
    # Predict's own lines, and whatever the emulator adds.
    cloud = api.service.stack.cloud
    found = cloud.logs.filter_log_events(logGroupName="/tapeline/api/predict")["events"]
    text = "".join(item["message"] for item in found) + cloud.log.read_text()
    assert '"answered"' in text
    assert api.service.key not in text
    assert encoded[:200] not in text
