"""The command that renews the base image's digest, against a registry on the loopback address."""

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.image import base

ROOT = Path(__file__).parents[2]
MANIFEST = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
INDEX = "application/vnd.oci.image.index.v1+json"


class Registry(ThreadingHTTPServer):
    """Hands out tokens, and one manifest for whoever has one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.manifest = MANIFEST
        self.digest = DIGEST
        self.kind = INDEX
        self.token = b'{"token": "t0ken"}'
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/token?"):
            return self._send(200, self.server.token, {"Content-Type": "application/json"})
        if self.headers.get("Authorization") != "Bearer t0ken":
            challenge = f'Bearer realm="{self.server.url}/token",service="registry",scope="aws"'
            return self._send(401, b"", {"WWW-Authenticate": challenge})
        if self.path != "/v2/lambda/python/manifests/3.12":
            return self._send(404, b"", {})
        assert INDEX in self.headers["Accept"]
        headers = {"Content-Type": self.server.kind, "Docker-Content-Digest": self.server.digest}
        return self._send(200, self.server.manifest, headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as registry:
        thread = threading.Thread(target=registry.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield registry
        registry.shutdown()
        thread.join()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the files that name the base image."""
    for path in (base.LOCK, base.DOCKERFILE, base.TEMPLATE):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    return tmp_path


def run(repository: Path, *arguments: str) -> int:
    return base.main(["--root", str(repository), *arguments])


def test_the_digest_is_written_wherever_the_base_image_is_named(registry: Registry, repository: Path) -> None:
    before = (repository / base.TEMPLATE).read_text().splitlines()
    assert run(repository, "--registry", registry.url) == 0
    reference = f"public.ecr.aws/lambda/python:3.12@{DIGEST}"
    assert base.read_lock(repository).reference == reference
    assert f"\nARG BASE_IMAGE={reference}\n" in (repository / base.DOCKERFILE).read_text()
    after = (repository / base.TEMPLATE).read_text().splitlines()
    assert [line for line in after if line not in before] == [
        f'  BaseImage: {{Type: String, Default: "{reference}",'
    ]
    assert registry.asked[1] == "/token?service=registry&scope=aws"
    assert run(repository, "--check") == 0
    # The next month's image takes its place.
    registry.manifest = MANIFEST + b"\n"
    registry.digest = f"sha256:{hashlib.sha256(registry.manifest).hexdigest()}"
    assert run(repository, "--registry", registry.url) == 0
    assert run(repository, "--check") == 0
    assert (repository / base.DOCKERFILE).read_text().count("@sha256:") == 1
    assert registry.digest in (repository / base.DOCKERFILE).read_text()


@pytest.mark.parametrize(("field", "value"), [("digest", f"sha256:{'0' * 64}"), ("kind", "text/html")])
def test_what_is_not_the_manifest_changes_nothing(
    registry: Registry, repository: Path, field: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    setattr(registry, field, value)
    before = (repository / base.LOCK).read_bytes()
    assert run(repository, "--registry", registry.url) == 1
    assert "expected a manifest" in capsys.readouterr().err
    assert (repository / base.LOCK).read_bytes() == before


@pytest.mark.parametrize("token", [b"{}", b"[]", b"no JSON"])
def test_a_token_server_without_a_token_is_a_message(
    registry: Registry, repository: Path, token: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.token = token
    assert run(repository, "--registry", registry.url) == 1
    assert "expected the manifest" in capsys.readouterr().err


def test_a_registry_out_of_reach_is_a_message(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(repository, "--registry", "http://127.0.0.1:9") == 1
    assert "expected the manifest of public.ecr.aws/lambda/python:3.12" in capsys.readouterr().err


def test_files_that_differ_are_told(
    registry: Registry, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(repository, "--registry", registry.url) == 0
    path = repository / base.DOCKERFILE
    path.write_text(path.read_text().replace(DIGEST, f"sha256:{'1' * 64}"))
    assert run(repository, "--check") == 1
    assert "functions/inference/Dockerfile: expected the base image" in capsys.readouterr().err


def test_no_digest_is_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = json.loads((repository / base.LOCK).read_text()) | {"digest": None}
    base.write(base.BaseImage(**lock), repository)
    assert run(repository, "--check") == 1
    assert "expected a digest" in capsys.readouterr().err


def test_the_repository_s_own_files_agree() -> None:
    lock = base.read_lock(ROOT)
    for path in (base.DOCKERFILE, base.TEMPLATE):
        assert (ROOT / path).read_text().count(lock.reference) == 1, path
    # No stage is built on anything else.
    stages = [line for line in (ROOT / base.DOCKERFILE).read_text().splitlines() if line.startswith("FROM ")]
    names = {line.split(" AS ")[1] for line in stages if " AS " in line}
    assert {line.split()[1] for line in stages} - names == {"${BASE_IMAGE}"}


def test_a_malformed_lock_is_a_message(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / base.LOCK).write_text('{"version": 1, "image": "a b", "tag": "3.12", "digest": "sha256:1"}')
    assert run(repository, "--check") == 1
    assert "expected image, tag and digest" in capsys.readouterr().err
