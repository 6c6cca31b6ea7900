"""POST /predict: requests that are refused."""

import base64

import pytest

from tests.unit.functions.api import LINK, Api


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
    assert answered.problem == (status, kind)
    assert answered.document["status"] == status
    assert said in answered.document["detail"]
    assert answered.document["request_id"] == "request-1"
    assert answered.document["errors"]
    assert api.loaded == 0


def test_what_is_no_json_is_malformed() -> None:
    answered = Api().call("POST", "/predict", b"{", "application/json; charset=utf-8")
    assert answered.problem == (400, "malformed-json")


def test_another_media_type_is_unsupported() -> None:
    answered = Api().call("POST", "/predict", b"GIF89a", "image/gif")
    assert answered.problem == (415, "unsupported-media-type")
    assert "received 'image/gif'" in answered.document["detail"]


@pytest.mark.parametrize("query", [{}, {"entity_name": ["colour"]}])
def test_a_picture_needs_an_entity_in_the_query(query: dict[str, list[str]]) -> None:
    answered = Api().call("POST", "/predict", b"picture", "image/png", query)
    assert answered.problem == (422, "invalid-request")
    assert "entity_name" in answered.document["detail"]


def test_an_empty_picture_is_told_so() -> None:
    answered = Api().call("POST", "/predict", b"", "image/png", {"entity_name": ["width"]})
    assert answered.problem == (400, "empty-body")


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
        assert answered.problem == (413, "body-too-large")
        assert "image_link" in answered.document["detail"]
    assert api.loaded == 0
    assert api.call("POST", "/predict", picture[:1000], "image/png", query).status == 200
