"""The command that brings the model files, against a real HTTP server on the loopback address."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.image import models
from tapeline.model_files import (
    RESNET50_FOLDER,
    RESNET50_MODEL,
    RESNET50_WEIGHTS,
    check_packaged,
    read_lock,
    write_record,
)

ROOT = Path(__file__).parents[2]
BODY = bytes(range(256)) * 9000  # more than two chunks of the download


class Server(ThreadingHTTPServer):
    """Serves bodies by path and counts the requests; each body may be cut short."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: dict[str, bytes] = {}
        self.promised: dict[str, int] = {}
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.server.bodies.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(self.server.promised.get(self.path, len(body))))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def write_lock(folder: Path, address: str, **changes: Any) -> str:
    """Write a lock of one file, weights.bin, whose right body is BODY."""
    entry = {
        "name": "weights.bin",
        "url": f"{address}/models/weights.bin",
        "bytes": len(BODY),
        "md5": hashlib.md5(BODY, usedforsecurity=False).hexdigest(),
        "sha256": None,
    }
    path = folder / "models.lock.json"
    path.write_text(json.dumps({"version": 1, "files": [entry | changes]}), encoding="utf-8")
    return str(path)


def run(*arguments: object) -> int:
    return models.main([str(argument) for argument in arguments])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_downloaded_once(
    server: Server, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.bodies["/models/weights.bin"] = BODY
    lock = write_lock(tmp_path, server.address)

    assert run("--lock", lock, "--cache", cache) == 0
    first = capsys.readouterr()
    assert run("--lock", lock, "--cache", cache) == 0
    second = capsys.readouterr()

    assert (cache / "weights.bin").read_bytes() == BODY
    assert names(cache) == ["weights.bin"]
    assert server.asked == ["/models/weights.bin"]
    assert first.err == f"weights.bin: downloaded, SHA-256 {hashlib.sha256(BODY).hexdigest()}\n"
    assert second.err == "weights.bin: already there\n"
    assert first.out == second.out == ""


def test_a_spoiled_file_in_the_cache_is_replaced(
    server: Server, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.bodies["/models/weights.bin"] = BODY
    cache.mkdir()
    (cache / "weights.bin").write_bytes(BODY[:-1])

    assert run("--lock", write_lock(tmp_path, server.address), "--cache", cache) == 0

    assert (cache / "weights.bin").read_bytes() == BODY
    assert "doesn't match the lock, fetching it again" in capsys.readouterr().err


def test_sizes_and_hashes_are_written_into_the_lock(
    server: Server, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.bodies["/models/weights.bin"] = BODY
    (tmp_path / "with_models").mkdir()
    (tmp_path / "with_models" / "__init__.py").touch()
    (tmp_path / "with_models" / "a.onnx").write_bytes(BODY[:-1])
    monkeypatch.syspath_prepend(tmp_path)
    lock = Path(write_lock(tmp_path, server.address, bytes=None))
    older = {"package": "with_models", "path": "a.onnx", "bytes": 1, "sha256": "0" * 64}
    lock.write_text(json.dumps(json.loads(lock.read_text()) | {"packaged": [older]}))

    assert run("--lock", lock, "--cache", cache, "--renew") == 0

    renewed = json.loads(lock.read_text())
    sha256 = [hashlib.sha256(body).hexdigest() for body in (BODY, BODY[:-1])]
    assert (renewed["files"][0]["bytes"], renewed["files"][0]["sha256"]) == (len(BODY), sha256[0])
    assert renewed["packaged"] == [older | {"bytes": len(BODY) - 1, "sha256": sha256[1]}]
    check_packaged(read_lock(lock))
    # Another body under the same address is refused from now on, and renews nothing.
    server.bodies["/models/weights.bin"] = BODY[::-1]
    (cache / "weights.bin").unlink()
    before = lock.read_bytes()
    assert run("--lock", lock, "--cache", cache, "--renew") == 1
    assert lock.read_bytes() == before


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (BODY + b"!", f"expected bytes {len(BODY)}, received {len(BODY) + 1}"),
        (BODY[::-1], "expected MD5"),
    ],
)
def test_another_file_is_refused_and_nothing_remains(
    server: Server,
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    served: bytes,
    expected: str,
) -> None:
    server.bodies["/models/weights.bin"] = served

    assert run("--lock", write_lock(tmp_path, server.address), "--cache", cache) == 1

    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1
    assert names(cache) == []


def test_a_refused_download_leaves_the_file_that_was_there(
    server: Server, cache: Path, tmp_path: Path
) -> None:
    server.bodies["/models/weights.bin"] = BODY + b"!"
    cache.mkdir()
    (cache / "weights.bin").write_bytes(b"old")

    assert run("--lock", write_lock(tmp_path, server.address), "--cache", cache) == 1

    assert (cache / "weights.bin").read_bytes() == b"old"
    assert names(cache) == ["weights.bin"]


def test_a_missing_address_is_told_in_one_line(
    server: Server, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--lock", write_lock(tmp_path, server.address), "--cache", cache) == 1

    assert capsys.readouterr().err == (
        f"error: expected weights.bin from {server.address}/models/weights.bin, received HTTP status 404: "
        "try again, or download it elsewhere and name its folder with --from\n"
    )
    assert names(cache) == []


def test_a_server_that_stops_early_is_told_and_nothing_remains(
    server: Server, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.bodies["/models/weights.bin"] = BODY[: len(BODY) // 2]
    server.promised["/models/weights.bin"] = len(BODY)

    assert run("--lock", write_lock(tmp_path, server.address), "--cache", cache) == 1

    error = capsys.readouterr().err
    assert f"expected weights.bin from {server.address}" in error
    assert "IncompleteRead" in error
    assert error.count("\n") == 1
    assert names(cache) == []


def test_a_server_that_falls_silent_is_given_up(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_READ_SECONDS", 0.2)
    # It takes the connection (the backlog does) and never answers.
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        lock = write_lock(tmp_path, f"http://127.0.0.1:{silent.server_port}")
        assert run("--lock", lock, "--cache", cache) == 1

    assert "received no answer in time: try again" in capsys.readouterr().err
    assert names(cache) == []


def test_a_server_that_is_not_there_is_told_in_one_line(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as gone:
        lock = write_lock(tmp_path, f"http://127.0.0.1:{gone.server_port}")

    assert run("--lock", lock, "--cache", cache) == 1

    error = capsys.readouterr().err
    assert "Connection refused" in error
    assert error.count("\n") == 1


def test_files_are_copied_from_a_folder_without_the_network(
    server: Server, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "weights.bin").write_bytes(BODY)

    assert run("--lock", write_lock(tmp_path, server.address), "--cache", cache, "--from", source) == 0

    assert (cache / "weights.bin").read_bytes() == BODY
    assert server.asked == []
    assert capsys.readouterr().err.startswith("weights.bin: copied, SHA-256 ")


@pytest.mark.parametrize(("content", "expected"), [(None, "No such file"), (b"another", "expected bytes")])
def test_a_folder_without_the_right_file_is_told(
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    expected: str,
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    if content is not None:
        (source / "weights.bin").write_bytes(content)

    lock = write_lock(tmp_path, "http://models.example.com")
    assert run("--lock", lock, "--cache", cache, "--from", source) == 1

    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1
    assert names(cache) == []


def test_a_malformed_lock_is_told_in_one_line(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = write_lock(tmp_path, "http://models.example.com", md5="none")

    assert run("--lock", lock, "--cache", cache) == 1

    assert capsys.readouterr().err.startswith(f"error: {lock}: expected files.0.md5 as 32")


@pytest.mark.parametrize("arguments", [["--from", "/nowhere/at/all"], ["--unknown"], ["extra"]])
def test_wrong_usage_leaves_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(*arguments)

    assert left.value.code == 2
    assert "usage: python -m infra.image.models" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("made_from", "file", "spoiled", "expected"),
    [
        (BODY, RESNET50_MODEL, False, "already made from these weights"),
        (BODY[1:], RESNET50_MODEL, False, "removed, since it was made from other weights"),
        (BODY, "saved_model.pb", False, "removed, since it was made by an older version"),
        (BODY, RESNET50_MODEL, True, "removed, since it was not complete"),
    ],
)
def test_a_model_is_kept_while_it_is_whole_and_made_from_the_weights(
    server: Server,
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    made_from: bytes,
    file: str,
    *,
    spoiled: bool,
    expected: str,
) -> None:
    server.bodies["/models/weights.bin"] = BODY
    model = cache / RESNET50_FOLDER
    model.mkdir(parents=True)
    (model / file).write_bytes(b"layers")
    write_record(model, RESNET50_WEIGHTS, hashlib.sha256(made_from).hexdigest())
    if spoiled:
        (model / file).write_bytes(b"lay")

    assert run("--lock", write_lock(tmp_path, server.address, name=RESNET50_WEIGHTS), "--cache", cache) == 0

    assert f"{RESNET50_FOLDER}: {expected}" in capsys.readouterr().err
    assert model.exists() == ("already" in expected)


def test_the_command_runs_as_a_module(server: Server, cache: Path, tmp_path: Path) -> None:
    lock = write_lock(tmp_path, server.address)

    done = subprocess.run(
        [sys.executable, "-m", "infra.image.models", "--lock", lock, "--cache", str(cache)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "layers" / "tapeline")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: expected weights.bin from")
    assert "Traceback" not in done.stderr
