"""The opt-in parameters, in all pairs: no cycle, no broken template, no name that is too long."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any, Final

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.unit.infra.stack import Stack, expand
from tests.unit.infra.test_template import TEMPLATE, cycle

KEY: Final = "arn:aws:kms:us-east-1:123456789012:key/8f7c0e10-5a1b-11f0-9b3c-0a1b2c3d4e5f"
# What an operator may opt in to, or out of: a name -> the parameters that it takes.
OPT_INS: Final[Mapping[str, Mapping[str, str]]] = {
    "key": {"KmsKeyArn": KEY},
    "network": {"VpcSubnetIds": "subnet-0a1b2c3d,subnet-1a1b2c3d", "VpcSecurityGroupIds": "sg-0a1b2c3d"},
    "boundary": {"PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"},
    "suffix": {"BucketSuffix": "123456789012-us-east-1"},
    "mail": {"NotifyEmail": "somebody@example.com"},
    "budget": {"MonthlyBudget": "50"},
    "unwatched": {"Monitoring": "false"},
    "origin": {"CorsOrigin": "https://shop.example.com"},
    "access logs": {"ApiAccessLogs": "true"},
    "buckets": {"ImageBuckets": "shop,archive"},
    "arm64": {"Architecture": "arm64"},
    "endpoint": {"AwsEndpoint": "http://127.0.0.1:4566"},
}
# Sets of them in which each pair is both in, both out, and one without the other: none is in the first, and
# each is in another four of the other six. Two fours of six share one, and neither holds the other.
_ROWS: Final = 6
_IN_ROWS: Final = 4
SETS: Final = [
    frozenset[str](),
    *(
        frozenset(
            name
            for name, rows in zip(OPT_INS, combinations(range(_ROWS), _IN_ROWS), strict=False)
            if row in rows
        )
        for row in range(_ROWS)
    ),
]
# Properties that name a resource -> characters that AWS takes.
# Sources: the resources' pages in docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/.
LIMITS: Final = {
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", 80),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
    "AWS::Budgets::Budget": ("Budget", 100),
    "AWS::ApiGateway::RestApi": ("Name", 1024),
}


def parameters(names: frozenset[str]) -> dict[str, str]:
    return {name: value for opt_in in names for name, value in OPT_INS[opt_in].items()}


def resolved(names: frozenset[str]) -> dict[str, Any]:
    """The template as CloudFormation creates it with some opt-ins: no transform and no condition is left."""
    stack = Stack(TEMPLATE, parameters(names))
    template = expand(TEMPLATE, parameters(names))
    template.pop("Conditions")
    template.pop("Rules")
    template.pop("Outputs")
    template["Resources"] = stack.settled()
    for name, value in parameters(names).items():
        template["Parameters"][name]["Default"] = value
    return template


def test_the_sets_have_all_pairs() -> None:
    for first, second in combinations(OPT_INS, 2):
        seen = {(first in names, second in names) for names in SETS}
        assert seen == set(product((True, False), repeat=2)), (first, second)


@pytest.mark.parametrize("names", SETS, ids=lambda names: ", ".join(sorted(names)) or "none")
def test_a_pair_of_opt_ins_makes_a_template_without_cycle_that_lints(names: frozenset[str]) -> None:
    template = resolved(names)
    assert cycle(template) == []
    found = lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"], ignore_checks=["W"]))
    assert [str(match) for match in found] == []


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-1", "ap-northeast-1", "us-gov-west-1"])
def test_names_are_short_enough_for_a_stack_s_name_of_40_characters_in_any_region(region: str) -> None:
    stack = Stack(TEMPLATE, {"MonthlyBudget": "1"}, name="a" * 40, region=region)
    checked = set()
    for name, resource in stack.resources.items():
        if resource["Type"] in LIMITS:
            key, limit = LIMITS[resource["Type"]]
            given = stack.evaluate(resource["Properties"][key])
            assert len(given["BudgetName"] if key == "Budget" else given) <= limit, name
            checked.add(resource["Type"])
    assert checked == set(LIMITS)


def test_a_bucket_s_name_has_a_part_that_no_other_stack_has() -> None:
    stack = Stack(TEMPLATE)
    assert stack.evaluate({"Ref": "DropBucket"}) == "tapeline-drop-0a1b2c3d4e5f"
    suffixed = Stack(TEMPLATE, {"BucketSuffix": "123456789012-eu-west-1"})
    assert suffixed.evaluate({"Ref": "DropBucket"}) == "tapeline-drop-123456789012-eu-west-1"


def encrypted(stack: Stack) -> Iterator[tuple[str, str | None]]:
    """Logical id of each resource that can have a key -> the key that it has."""
    for name, resource in stack.resources.items():
        found = json.dumps(stack.evaluate(resource.get("Properties", {})))
        if resource["Type"] in {
            "AWS::S3::Bucket",
            "AWS::SQS::Queue",
            "AWS::SNS::Topic",
            "AWS::Logs::LogGroup",
        }:
            key = re.search(r'"(?:KMSMasterKeyID|KmsMasterKeyId|KmsKeyId)": "([^"]+)"', found)
            yield name, key[1] if key else None


def test_a_key_encrypts_buckets_queue_topic_and_logs() -> None:
    without, with_key = dict(encrypted(Stack(TEMPLATE))), dict(encrypted(Stack(TEMPLATE, {"KmsKeyArn": KEY})))
    assert len(without) == 13
    assert set(without.values()) == {None}
    assert with_key == dict.fromkeys(without, KEY)
