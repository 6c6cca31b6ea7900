"""Alarms, dashboard and budget: what they look at is there, and each alarm says what to do."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tapeline.adapters.lambda_telemetry import NAMESPACE
from tests.unit.infra.stack import Stack
from tests.unit.infra.test_template import TEMPLATE
from tests.watched import alarms_of, watched_metrics, widgets_of

ROOT = Path(__file__).parents[3]
RUNBOOK = (ROOT / "docs/aws.md").read_text()

# Namespace -> metric -> its dimensions, as AWS documents them.
# Sources: docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html,
# docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html,
# docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html,
# docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
DOCUMENTED: Final[Mapping[str, tuple[set[str], set[str]]]] = {
    "AWS/States": ({"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"}, {"StateMachineArn"}),
    "AWS/Lambda": ({"Errors", "Throttles", "ConcurrentExecutions", "AsyncEventAge"}, {"FunctionName"}),
    "AWS/SQS": ({"ApproximateNumberOfMessagesVisible"}, {"QueueName"}),
    "AWS/ApiGateway": ({"Count", "4XXError", "5XXError", "Latency"}, {"ApiName", "Stage"}),
}


@cache
def expanded() -> Stack:
    return Stack(TEMPLATE)


@pytest.fixture
def stack() -> Stack:
    return expanded()


def test_each_alarm_tells_the_topic_and_is_quiet_without_data(stack: Stack) -> None:
    alarms = alarms_of(stack)
    assert len(alarms) == 15
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == [stack.evaluate({"Ref": "NotificationTopic"})], name
        assert alarm["TreatMissingData"] == "notBreaching", name


def test_each_alarm_leads_to_a_part_of_the_runbook_and_each_part_to_an_alarm(stack: Stack) -> None:
    names = set()
    for alarm in alarms_of(stack).values():
        name = alarm["AlarmName"].removeprefix("tapeline-")
        assert alarm["AlarmDescription"].endswith(f"What to do: docs/aws.md, {name}.")
        names.add(name)
    section = RUNBOOK.split("\n## When an alarm rings\n")[1].split("\n## ")[0]
    headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
    assert {name for heading in headings for name in heading.split(", ")} == names


def test_the_dashboard_shows_all_alarms_and_no_two_widgets_overlap(stack: Stack) -> None:
    alarm, *others = widgets_of(stack)
    assert set(alarm["properties"]["alarms"]) == {f"{name}.Arn" for name in alarms_of(stack)}
    assert len(others) == 9
    taken: set[tuple[int, int]] = set()
    for widget in [alarm, *others]:
        columns = range(widget["x"], widget["x"] + widget["width"])
        rows = range(widget["y"], widget["y"] + widget["height"])
        cells = {(column, row) for column in columns for row in rows}
        assert not cells & taken
        assert max(columns) < 24
        taken |= cells
    for widget in others:
        assert widget["properties"]["region"] == "us-east-1"
        assert widget["properties"]["title"]


def test_metrics_of_aws_are_documented_ones(stack: Stack) -> None:
    found = [metric for metric in watched_metrics(stack) if metric.namespace != NAMESPACE]
    assert found
    for metric in found:
        names, dimensions = DOCUMENTED[metric.namespace]
        assert metric.name in names
        assert metric.dimensions == dimensions


def test_without_monitoring_there_is_neither_alarm_nor_dashboard() -> None:
    kinds = {item["Type"] for item in Stack(TEMPLATE, {"Monitoring": "false"}).resources.values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::CloudWatch::")}


def test_a_budget_counts_what_has_the_stack_s_tag() -> None:
    assert "Budget" not in Stack(TEMPLATE).resources
    stack = Stack(TEMPLATE, {"MonthlyBudget": "50"})
    budget = stack.evaluate(stack.resources["Budget"]["Properties"])["Budget"]
    assert budget["BudgetLimit"] == {"Amount": "50", "Unit": "USD"}
    assert budget["CostFilters"] == {"TagKeyValue": ["user:application$tapeline"]}
    tags = re.findall(r'^tags = "(.+)"$', (ROOT / "samconfig.toml").read_text(), re.MULTILINE)
    assert tags == ["application=tapeline", "application=tapeline-prod"]


def test_the_topic_takes_alarms_and_budgets_of_its_own_account(stack: Stack) -> None:
    policy = stack.evaluate(stack.resources["NotificationTopicPolicy"]["Properties"])["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
