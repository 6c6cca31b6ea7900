"""The template with SnapStart."""

import json

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from infra.snapstart import with_snapstart
from tests.unit.infra.stack import Stack, expand
from tests.unit.infra.test_template import TEMPLATE, cycle

OTHER = with_snapstart(TEMPLATE, "2026-01-01T00:00:00Z")


def version(template: str) -> str:
    return next(name for name in Stack(template).resources if name.startswith("PredictFunctionVersion"))


def test_a_snapshot_is_of_the_version_that_the_api_calls() -> None:
    stack = Stack(OTHER)
    function = stack.evaluate(stack.resources["PredictFunction"]["Properties"])
    assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    # Lambda takes no snapshot of a function with more scratch space than 512 MB.
    assert "EphemeralStorage" not in function
    body = json.dumps(stack.resources["Api"]["Properties"]["Body"])
    assert "${PredictFunctionAliaslive}" in body
    assert "${PredictFunction.Arn}" not in body


def test_each_deployment_publishes_a_version_and_deletes_the_one_before() -> None:
    later = with_snapstart(TEMPLATE, "2026-01-02T00:00:00Z")
    assert version(OTHER) != version(later)
    assert Stack(OTHER).resources[version(OTHER)]["DeletionPolicy"] == "Delete"


def test_it_lints_and_has_no_cycle() -> None:
    assert cycle(expand(OTHER)) == []
    assert [str(match) for match in lint(OTHER, config=ManualArgs(regions=["us-east-1"]))] == []


def test_without_it_there_is_neither_version_nor_alias() -> None:
    kinds = {item["Type"] for item in Stack(TEMPLATE).resources.values()}
    assert not kinds & {"AWS::Lambda::Version", "AWS::Lambda::Alias"}


def test_a_template_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one line"):
        with_snapstart("Resources: {}\n", "1")
