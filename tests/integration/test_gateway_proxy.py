"""The proxy of the local API, before servers that fail in each way."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from samtranslator.yaml_helper import yaml_parse

from infra.local.gateway_proxy import OTHERS_AT_ONCE, GatewayProxy
from tests.integration.conftest import ROOT
from tests.integration.http_server import PictureServer, Reply

RESPONSES = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["Api"]["Properties"][
    "GatewayResponses"
]


def proxy_to(target: str) -> GatewayProxy:
    return GatewayProxy(target, RESPONSES, workers=1, answer_seconds=0.5)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        yield made


def test_an_answer_comes_through_with_its_headers(session: requests.Session) -> None:
    with PictureServer() as server, proxy_to(server.url("/base")) as proxy:
        server.put("/base/path?a=1", Reply(b"hello", 418, "text/plain", {"x-own": "yes"}))
        answered = session.get(f"{proxy.url}/path?a=1", headers={"x-sent": "yes"}, timeout=30)
        assert (answered.status_code, answered.text, answered.headers["x-own"]) == (418, "hello", "yes")
        (received,) = server.headers("/base/path?a=1")
        assert received["x-sent"] == "yes"


def test_a_late_answer_is_a_504(session: requests.Session) -> None:
    with PictureServer() as server, proxy_to(server.url("")) as proxy:
        server.put("/late", Reply(pieces=lambda: iter([b"a", b"b"]), pause=30))
        answered = session.get(f"{proxy.url}/late", timeout=30)
        assert answered.status_code == 504
        assert answered.json()["type"] == "urn:tapeline:problem:deadline"
        server.put("/next", Reply(b"hello"))
        assert session.get(f"{proxy.url}/next", timeout=30).text == "hello"


def test_a_dead_cloud_is_a_503(session: requests.Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with proxy_to(f"http://127.0.0.1:{port}") as proxy:
        answered = session.get(f"{proxy.url}/health", timeout=30)
        assert answered.status_code == 503
        assert answered.json()["type"] == "urn:tapeline:problem:unavailable"


def test_a_body_of_unknown_length_is_refused(session: requests.Session) -> None:
    with PictureServer() as server, proxy_to(server.url("")) as proxy:
        answered = session.post(f"{proxy.url}/predict", data=iter([b"a", b"b"]), timeout=30)
        assert answered.status_code == 411
        assert server.total == 0


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
def test_each_method_is_passed_on(session: requests.Session, method: str) -> None:
    # The server below knows GET only, and answers others with 501.
    with PictureServer() as server, proxy_to(server.url("")) as proxy:
        server.put("/path", Reply(b"hello"))
        answered = session.request(method, f"{proxy.url}/path", data=b"", timeout=30)
        assert answered.status_code == (200 if method == "GET" else 501)


def test_an_unknown_method_is_not_found(session: requests.Session) -> None:
    with PictureServer() as server, proxy_to(server.url("")) as proxy:
        answered = session.request("PROPFIND", f"{proxy.url}/predict", timeout=30)
        assert answered.status_code == 404
        assert answered.json()["type"] == "urn:tapeline:problem:not-found"
        assert server.total == 0


def test_requests_beyond_the_limit_wait() -> None:
    lock, active, most = threading.Lock(), 0, 0

    def pieces() -> Iterator[bytes]:
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
        time.sleep(0.1)
        with lock:
            active -= 1
        yield b"hello"

    def get(url: str) -> str:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=30).text

    with PictureServer() as server, proxy_to(server.url("")) as proxy, ThreadPoolExecutor(6) as pool:
        server.put("/slow", Reply(pieces=pieces))
        assert list(pool.map(get, [f"{proxy.url}/slow"] * 6)) == ["hello"] * 6
    assert most == OTHERS_AT_ONCE


def test_a_body_of_more_than_10_mb_is_a_413(session: requests.Session) -> None:
    with PictureServer() as server, proxy_to(server.url("")) as proxy:
        answered = session.post(f"{proxy.url}/predict", data=bytes(10 * 1024 * 1024 + 1), timeout=30)
        assert answered.status_code == 413
        assert answered.json()["type"] == "urn:tapeline:problem:body-too-large"
        assert server.total == 0


def test_a_malformed_request_is_a_problem_too() -> None:
    with PictureServer() as server, proxy_to(server.url("")) as proxy:
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as raw:
            raw.sendall(b"GET / HTTP/9.9\r\n\r\n")
            answered = raw.makefile("rb").read()
        assert b"application/problem+json" in answered
        assert b"urn:tapeline:problem:bad-request" in answered
        assert server.total == 0
