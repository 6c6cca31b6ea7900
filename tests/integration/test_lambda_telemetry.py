"""Metrics as log lines in the embedded metric format, spans as datagrams for the X-Ray daemon."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tapeline.adapters.lambda_telemetry import LambdaTelemetry
from tapeline.telemetry import Metric, Span, count

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "shop")


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_metrics_of_like_dimensions_share_a_line_with_their_stack(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = Metric("StageSeconds", "Seconds", (0.5, 1.5), {"stage": "read"})
    LambdaTelemetry().emit([count("Rows", 3), seconds, count("Pictures", 2)])
    plain, by_stage = emitted(capsys)
    assert plain["service"] == by_stage["service"] == "shop"
    assert (plain["Rows"], plain["Pictures"], by_stage["StageSeconds"]) == ([3], [2], [0.5, 1.5])
    (described,) = by_stage["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "Tapeline"
    assert sorted(described["Dimensions"][0]) == ["service", "stage"]
    assert described["Metrics"] == [{"Name": "StageSeconds", "Unit": "Seconds"}]


def test_more_values_than_a_line_takes_are_in_several(capsys: pytest.CaptureFixture[str]) -> None:
    values = tuple(float(number) for number in range(250))
    LambdaTelemetry().emit([Metric("StageSeconds", "Seconds", values, {"stage": "read"})])
    lines = emitted(capsys)
    assert [value for line in lines for value in line["StageSeconds"]] == list(values)
    assert {line["stage"] for line in lines} == {"read"}


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
        yield server


def test_a_span_is_a_subsegment_of_the_invocation(daemon: socket.socket) -> None:
    LambdaTelemetry().trace([Span("fetch", 1000.0, 0.25), Span("read", 1000.25, 1.0)])
    documents = []
    for _ in range(2):
        header, _, body = daemon.recv(65536).partition(b"\n")
        assert json.loads(header) == {"format": "json", "version": 1}
        documents.append(json.loads(body))
    first, second = documents
    assert first == {
        "type": "subsegment",
        "id": first["id"],
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "parent_id": "53995c3f42cd8ad8",
        "name": "fetch",
        "start_time": 1000.0,
        "end_time": 1000.25,
    }
    assert second["name"] == "read"
    assert len({first["id"], second["id"]}) == 2
    assert all(len(bytes.fromhex(document["id"])) == 8 for document in documents)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_X_AMZN_TRACE_ID", TRACE.replace("Sampled=1", "Sampled=0")),
        ("_X_AMZN_TRACE_ID", ""),
        ("_X_AMZN_TRACE_ID", "Sampled=1"),
        ("AWS_XRAY_DAEMON_ADDRESS", ""),
    ],
)
def test_nothing_is_sent_without_a_trace_that_is_sampled(
    daemon: socket.socket, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    LambdaTelemetry().trace([Span("read", 0.0, 1.0)])
    daemon.setblocking(False)
    with pytest.raises(BlockingIOError):
        daemon.recv(1)


def test_a_daemon_that_cannot_be_reached_fails_nothing(
    daemon: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "0.0.0.0:0")
    LambdaTelemetry().trace([Span("read", 0.0, 1.0)])
