"""What stands before the local API, before servers that fail in each way."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from samtranslator.yaml_helper import yaml_parse

from infra.local.front import Front
from tests.integration.conftest import ROOT
from tests.integration.http_server import PictureServer, Reply

RESPONSES = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["Api"]["Properties"][
    "GatewayResponses"
]


@contextmanager
def front(target: str) -> Iterator[Front]:
    with Front(target, RESPONSES, workers=1, timeout=0.5) as made:
        yield made


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        yield made


def test_an_answer_comes_through_with_its_headers(session: requests.Session) -> None:
    with PictureServer() as server, front(server.url("/base")) as before:
        server.put("/base/path?a=1", Reply(b"hello", 418, "text/plain", {"x-own": "yes"}))
        answered = session.get(f"{before.url}/path?a=1", headers={"x-asked": "yes"}, timeout=30)
        assert (answered.status_code, answered.text, answered.headers["x-own"]) == (418, "hello", "yes")
        (asked,) = server.headers("/base/path?a=1")
        assert asked["x-asked"] == "yes"


def test_a_late_answer_is_a_504(session: requests.Session) -> None:
    with PictureServer() as server, front(server.url("")) as before:
        server.put("/late", Reply(pieces=lambda: iter([b"a", b"b"]), pause=30))
        answered = session.get(f"{before.url}/late", timeout=30)
        assert answered.status_code == 504
        assert answered.json()["type"] == "urn:tapeline:problem:deadline"
        server.put("/next", Reply(b"hello"))
        assert session.get(f"{before.url}/next", timeout=30).text == "hello"


def test_a_dead_cloud_is_a_503(session: requests.Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with front(f"http://127.0.0.1:{port}") as before:
        answered = session.get(f"{before.url}/health", timeout=30)
        assert answered.status_code == 503
        assert answered.json()["type"] == "urn:tapeline:problem:unavailable"


def test_a_body_of_unknown_length_is_refused(session: requests.Session) -> None:
    with PictureServer() as server, front(server.url("")) as before:
        answered = session.post(f"{before.url}/predict", data=iter([b"a", b"b"]), timeout=30)
        assert answered.status_code == 411
        assert server.total == 0


def test_what_is_no_http_is_a_problem_too() -> None:
    with PictureServer() as server, front(server.url("")) as before:
        host, _, port = before.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as raw:
            raw.sendall(b"GET / HTTP/9.9\r\n\r\n")
            answered = raw.makefile("rb").read()
        assert b"application/problem+json" in answered
        assert b"urn:tapeline:problem:bad-request" in answered
        assert server.total == 0
