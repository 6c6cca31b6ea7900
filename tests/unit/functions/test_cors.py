"""Calls from pages of other origins."""

import pytest

from tests.unit.functions.api import Api


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
