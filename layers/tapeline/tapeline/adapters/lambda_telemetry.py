"""Metrics as log lines in CloudWatch's embedded metric format, spans as subsegments for AWS X-Ray's daemon.

Powertools writes the lines, which CloudWatch makes metrics of: that costs no call. It has a tracer too, on
the X-Ray SDK, which is in maintenance since February 2026 and measures what its own process does: here, the
stages run in another process, and their times are known when they are over. So a subsegment is sent as
what it is, a JSON document (docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html).
"""

import json
import os
import secrets
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from aws_lambda_powertools.metrics import EphemeralMetrics

from tapeline.telemetry import Metric, Span

# The header of each datagram for the daemon.
# Source: docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html, "Sending segment documents to
# the X-Ray daemon".
_HEADER: Final = b'{"format": "json", "version": 1}\n'

# What Lambda sets: the daemon's address, and for each invocation, the trace that it belongs to.
# Source: docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_DAEMON: Final = "AWS_XRAY_DAEMON_ADDRESS"
_TRACE: Final = "_X_AMZN_TRACE_ID"

# The namespace of all metrics, which template.yaml's alarms and dashboard name too.
NAMESPACE: Final = "Tapeline"

# Bytes of a subsegment's id.
_ID_BYTES: Final = 8


class LambdaTelemetry:
    """Sends what is seen to where Lambda takes it; a :class:`tapeline.telemetry.Telemetry`.

    Powertools reads the dimension ``service``, the stack's name, from ``POWERTOOLS_SERVICE_NAME``.
    """

    def emit(self, metrics: Iterable[Metric]) -> None:
        """Print metrics, those of like dimensions in a line."""
        alike: dict[tuple[tuple[str, str], ...], list[Metric]] = {}
        for metric in metrics:
            alike.setdefault(tuple(sorted(metric.dimensions.items())), []).append(metric)
        for dimensions, group in alike.items():
            lines = EphemeralMetrics(namespace=NAMESPACE)
            for name, text in dimensions:
                lines.add_dimension(name, text)
            for metric in group:
                for value in metric.values:
                    lines.add_metric(metric.name, metric.unit, value)
            lines.flush_metrics()

    def trace(self, spans: Iterable[Span]) -> None:
        """Send spans as subsegments, where the invocation is traced."""
        trace = _trace_header(os.environ.get(_TRACE, ""))
        host, _, port = os.environ.get(_DAEMON, "").rpartition(":")
        if trace.get("Sampled") != "1" or not {"Root", "Parent"} <= trace.keys() or not host:
            return
        # A datagram that can't be sent is a span less.
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
            for span in spans:
                daemon.sendto(_HEADER + _subsegment(span, trace), (host, int(port)))


def _trace_header(text: str) -> Mapping[str, str]:
    """Return the fields of a tracing header, such as ``Root=1-5759e988-bd86;Parent=53995c3f;Sampled=1``."""
    return dict(part.split("=", 1) for part in text.split(";") if "=" in part)


def _subsegment(span: Span, trace: Mapping[str, str]) -> bytes:
    document = {
        "type": "subsegment",
        "id": secrets.token_hex(_ID_BYTES),
        "trace_id": trace["Root"],
        "parent_id": trace["Parent"],
        "name": span.name,
        "start_time": span.start,
        "end_time": span.start + span.seconds,
    }
    return json.dumps(document).encode()
