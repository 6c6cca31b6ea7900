"""The metrics that a stack's functions emitted, read from their log groups, on AWS and locally alike."""

import json
from typing import Any

FUNCTIONS = ("fan_out", "inference", "missing", "notify", "predict", "reducer")


def emitted_by(logs: Any, stack: str) -> list[dict[str, Any]]:
    """Return the lines in the embedded metric format that a stack's functions printed."""
    found = []
    for function in FUNCTIONS:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/tapeline/{stack}/{function}")
        for page in pages:
            messages = [event["message"] for event in page["events"]]
            found += [json.loads(message) for message in messages if '"_aws"' in message]
    return found


def values_of(lines: list[dict[str, Any]], name: str, **dimensions: str) -> list[float]:
    """Return a metric's values in the order in which they were printed."""
    values: list[float] = []
    for line in lines:
        if name in line and dimensions.items() <= line.items():
            values += line[name] if isinstance(line[name], list) else [line[name]]
    return values
