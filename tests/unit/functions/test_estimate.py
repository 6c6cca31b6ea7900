"""POST /estimate: a CSV file, or the counts of one."""

import json

import pytest

from tests.unit.functions.api import Api

CSV = b"image_link,entity_name\nhttps://a.example/1.jpg,width\nhttps://a.example/1.jpg,colour\n"


def test_a_file_is_estimated() -> None:
    answered = Api().call("POST", "/estimate", CSV, "text/csv; charset=utf-8")
    assert answered.status == 200
    assert answered.document == {
        "rows": 2,
        "pictures": 1,
        "refused_rows": 1,
        "refused": [
            {
                "error_code": "unknown_entity",
                "rows": 1,
                "first_row": 1,
                "error": answered.document["refused"][0]["error"],
            }
        ],
        "shards": 1,
        "minutes": 0.1,
        "usd": 0.0004,
        "seconds_per_picture": 1.0,
        "workers": 40,
    }


def test_counts_are_estimated() -> None:
    api = Api(workers=20)
    body = json.dumps({"rows": 131187, "pictures": 90666}).encode()
    answered = api.call("POST", "/estimate", body, "application/json")
    assert answered.status == 200
    assert (answered.document["refused_rows"], answered.document["refused"]) == (None, None)
    assert (answered.document["shards"], answered.document["workers"]) == (454, 20)
    assert 70 < answered.document["minutes"] < 80
    assert api.loaded == 0


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (b"a,b\n", "text/csv", (422, "rejected-input")),
        (b"{}", "application/json", (422, "invalid-request")),
        (b'{"rows": 1, "pictures": 2}', "application/json", (422, "invalid-request")),
        (b'{"rows": -1, "pictures": -1}', "application/json", (422, "invalid-request")),
        (b"{", "application/json", (422, "invalid-request")),
        (b"x", "text/plain", (415, "unsupported-media-type")),
        (b"x" * 101, "text/csv", (413, "body-too-large")),
    ],
)
def test_what_cannot_be_estimated_is_a_problem(body: bytes, kind: str, problem: tuple[int, str]) -> None:
    assert Api(max_posted_bytes=100).call("POST", "/estimate", body, kind).problem == problem


def test_links_that_the_deployment_refuses_are_refused_rows() -> None:
    body = b"image_link,entity_name\ns3://other/1.jpg,width\n"
    answered = Api().call("POST", "/estimate", body, "text/csv")
    assert [item["error_code"] for item in answered.document["refused"]] == ["blocked_address"]
