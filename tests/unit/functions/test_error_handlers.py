"""Errors of any endpoint, and what of them is logged."""

import base64
import logging

import pytest

from tapeline.answering import Components
from tests.unit.functions.api import LINK, Api


def test_an_unexpected_error_is_told_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Components:
        raise RuntimeError("a secret")

    answered = Api(load=broken).post({"image_link": LINK, "entity_name": "width"})
    assert answered.problem == (500, "internal")
    assert "unexpected server error" in answered.document["detail"]
    assert "secret" not in str(answered.document)
    assert "secret" in caplog.text


def test_an_unknown_path_is_a_problem_too() -> None:
    answered = Api().call("GET", "/nowhere")
    assert answered.problem == (404, "not-found")


def test_logs_hold_no_pictures(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    api = Api()
    secret = base64.b64encode(b"a secret picture").decode()
    api.post({"image_base64": secret, "entity_name": "width"})
    api.post({"image_base64": f"{secret}!", "entity_name": "width"})
    assert [record.message for record in caplog.records if record.message in {"predicted", "problem"}]
    assert secret not in str([vars(record) for record in caplog.records])
