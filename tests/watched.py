"""What the template's alarms and dashboard look at."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.unit.infra.stack import Stack


@dataclass(frozen=True, slots=True)
class WatchedMetric:
    """A metric as CloudWatch tells it from others, but for the values of its dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[str]


def alarms_of(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the alarms' properties by logical id."""
    return {
        name: stack.evaluate(item["Properties"])
        for name, item in stack.resources.items()
        if item["Type"] == "AWS::CloudWatch::Alarm"
    }


def widgets_of(stack: Stack) -> list[dict[str, Any]]:
    """Return the dashboard's widgets."""
    body = stack.evaluate(stack.resources["Dashboard"]["Properties"]["DashboardBody"])
    widgets: list[dict[str, Any]] = json.loads(body)["widgets"]
    return widgets


def watched_metrics(stack: Stack) -> set[WatchedMetric]:
    """Return the metrics that alarms and dashboard name."""
    found = {
        WatchedMetric(
            alarm["Namespace"], alarm["MetricName"], frozenset(item["Name"] for item in alarm["Dimensions"])
        )
        for alarm in alarms_of(stack).values()
    }
    for widget in widgets_of(stack):
        for line in widget["properties"].get("metrics", []):
            found |= set(_metrics(line))
    return found


def _metrics(line: list[Any]) -> Iterator[WatchedMetric]:
    last = line[-1]
    if isinstance(last, dict) and "expression" in last:
        searched = re.search(r"SEARCH\('\{(.+?)\} MetricName=\"(\w+)\"", last["expression"])
        assert searched, last
        namespace, *dimensions = searched[1].split(",")
        yield WatchedMetric(namespace, searched[2], frozenset(dimensions))
    else:
        namespace, name, *rest = [item for item in line if isinstance(item, str)]
        yield WatchedMetric(namespace, name, frozenset(rest[::2]))
