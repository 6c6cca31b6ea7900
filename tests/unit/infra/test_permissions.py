"""What each role may do: its inline, managed and attached policies together, as one literal table."""

import re

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.unit.infra.stack import Stack
from tests.unit.infra.test_template import TEMPLATE

DROP = "arn:aws:s3:::tapeline-drop-0a1b2c3d4e5f"
RESULTS = "arn:aws:s3:::tapeline-results-0a1b2c3d4e5f"
TOPIC = "arn:aws:sns:us-east-1:123456789012:tapeline-notifications"
NOTICES = {"events:PutEvents arn:aws:events:us-east-1:123456789012:event-bus/default", f"sns:Publish {TOPIC}"}
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tapeline-batch"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:tapeline-batch"
IN_SHARD_RESULTS = 'if {"StringLike": {"s3:prefix": "runs/*/shard_results/*"}}'
IN_SHARDS_OR_RESULTS = 'if {"StringLike": {"s3:prefix": ["runs/*/shards/*", "runs/*/shard_results/*"]}}'

TRACES = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"
# SAM attaches what a function needs in a VPC wherever VpcConfig stands; without subnets it is taken back.
NETWORK = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
NO_NETWORK = "Deny ec2:* *"
LOGS_AND_TRACES = {
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    TRACES,
    NETWORK,
    NO_NETWORK,
}
INPUT = {f"s3:GetObjectVersion {DROP}/incoming/*"}
ORIGIN = {f"s3:GetObject {RESULTS}/runs/*/run.json", f"s3:GetObject {RESULTS}/runs/*/reruns/*.json"}
PICTURES = {f"s3:GetObject {DROP}/images/*", f"s3:ListBucket {DROP}"}
NAMED_PICTURES = {
    "s3:GetObject arn:aws:s3:::archive/*",
    "s3:GetObject arn:aws:s3:::shop/*",
    "s3:ListBucket arn:aws:s3:::archive",
    "s3:ListBucket arn:aws:s3:::shop",
}
SHARDS = {
    f"s3:{action} {RESULTS}/runs/*/{folder}/*.jsonl"
    for action in ("GetObject", "PutObject")
    for folder in ("shards", "shard_results")
}

GRANTS = {
    "FanOutFunctionRole": {
        *LOGS_AND_TRACES,
        *INPUT,
        f"s3:GetObject {RESULTS}/runs/*/run.json",
        f"s3:PutObject {RESULTS}/runs/*/shards/*.jsonl",
        f"s3:PutObject {RESULTS}/runs/*/manifest.json",
        f"s3:PutObject {RESULTS}/runs/*/run.json",
        f"s3:PutObject {RESULTS}/runs/*/reruns/*.json",
        f"s3:PutObject {RESULTS}/results/*/rejected.json",
        f"s3:ListBucket {RESULTS}",
        f"states:StartExecution {MACHINE}",
        "sqs:SendMessage FanOutFailures.Arn",
        *NOTICES,
    },
    "CorrectFunctionRole": {
        *LOGS_AND_TRACES,
        *INPUT,
        *ORIGIN,
        f"s3:GetObjectVersion {DROP}/corrections/*",
        f"s3:GetObject {RESULTS}/results/*/details.csv",
        f"s3:GetObject {RESULTS}/results/*/corrections.csv",
        f"s3:PutObject {RESULTS}/results/*/corrections.csv",
        f"s3:PutObject {RESULTS}/results/*/corrections_refused.csv",
        f"s3:PutObject {RESULTS}/results/*/rejected.json",
        f"s3:ListBucket {RESULTS}",
        f"states:StartExecution {MACHINE}",
        "sqs:SendMessage FanOutFailures.Arn",
    },
    "BatchStateMachineRole": {
        TRACES,
        "lambda:InvokeFunction InferenceFunction.Arn",
        "lambda:InvokeFunction MissingFunction.Arn",
        "lambda:InvokeFunction ReducerFunction.Arn",
        f"s3:GetObject {RESULTS}/runs/*/manifest*.json",
        f"states:StartExecution {MACHINE}",
        f"states:DescribeExecution {EXECUTION}*",
        f"states:StopExecution {EXECUTION}*",
        f"states:RedriveExecution {EXECUTION}*",
        "logs:CreateLogDelivery *",
        "logs:GetLogDelivery *",
        "logs:UpdateLogDelivery *",
        "logs:DeleteLogDelivery *",
        "logs:ListLogDeliveries *",
        "logs:PutResourcePolicy *",
        "logs:DescribeResourcePolicies *",
        "logs:DescribeLogGroups *",
    },
    "InferenceFunctionRole": {
        *LOGS_AND_TRACES,
        *PICTURES,
        *SHARDS,
        f"s3:GetObject {RESULTS}/runs/*/run.json",
        f"s3:PutObject {RESULTS}/runs/*/thumbnails/*.json",
        f"s3:ListBucket {RESULTS} {IN_SHARD_RESULTS}",
    },
    "MissingFunctionRole": {
        *LOGS_AND_TRACES,
        f"s3:ListBucket {RESULTS} {IN_SHARDS_OR_RESULTS}",
        f"s3:PutObject {RESULTS}/runs/*/manifest-*.json",
        *SHARDS,
    },
    "ReducerFunctionRole": {
        *LOGS_AND_TRACES,
        *INPUT,
        *ORIGIN,
        f"s3:GetObject {RESULTS}/runs/*/shard_results/*.jsonl",
        f"s3:GetObject {RESULTS}/runs/*/thumbnails/*.json",
        f"s3:GetObject {RESULTS}/results/*/corrections.csv",
        f"s3:ListBucket {RESULTS}",
        f"s3:PutObject {RESULTS}/runs/*/review.jsonl",
        f"s3:PutObject {RESULTS}/results/*",
    },
    "NotifyFunctionRole": {
        *LOGS_AND_TRACES,
        f"s3:GetObject {RESULTS}/runs/*/run.json",
        f"s3:GetObject {RESULTS}/results/*/report.json",
        f"s3:ListBucket {RESULTS}",
        *NOTICES,
    },
    "PredictFunctionRole": {
        *LOGS_AND_TRACES,
        *PICTURES,
        *ORIGIN,
        f"s3:GetObject {RESULTS}/runs/*/shard_results/*.jsonl",
        f"s3:GetObject {RESULTS}/runs/*/review.jsonl",
        f"s3:GetObject {RESULTS}/runs/*/thumbnails/*.json",
        f"s3:GetObject {RESULTS}/results/*",
        f"s3:PutObject {RESULTS}/results/*/corrections.csv",
        f"s3:ListBucket {RESULTS}",
        f"states:DescribeExecution {EXECUTION}:*",
        f"states:StartExecution {MACHINE}",
    },
}


@pytest.fixture
def stack() -> Stack:
    return Stack(TEMPLATE)


def test_each_role_may_do_what_the_table_says_and_nothing_else(stack: Stack) -> None:
    assert {role: stack.grants(role) for role in stack.roles()} == GRANTS


def test_named_image_buckets_may_be_read_by_what_reads_pictures() -> None:
    stack = Stack(TEMPLATE, {"ImageBuckets": "shop,archive"})
    readers = {"InferenceFunctionRole", "PredictFunctionRole"}
    expected = {
        role: grants | NAMED_PICTURES if role in readers else grants for role, grants in GRANTS.items()
    }
    assert {role: stack.grants(role) for role in stack.roles()} == expected


def test_no_function_may_do_everything(stack: Stack) -> None:
    for role in stack.roles():
        for grant in stack.grants(role):
            if grant == NO_NETWORK:
                continue
            action, _, resource = grant.partition(" ")
            assert "*" not in action, role
            # Delivery of the state machine's logs takes no resource.
            assert resource != "*" or (role, action[:5]) == ("BatchStateMachineRole", "logs:"), role


def test_in_a_vpc_nothing_but_the_network_is_added() -> None:
    stack = Stack(TEMPLATE, {"VpcSubnetIds": "subnet-1,subnet-2", "VpcSecurityGroupIds": "sg-1"})
    assert {role: stack.grants(role) for role in stack.roles()} == {
        role: grants - {NO_NETWORK} for role, grants in GRANTS.items()
    }


def test_with_a_key_nothing_but_its_use_is_added() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    stack = Stack(TEMPLATE, {"KmsKeyArn": key})
    use = {f"kms:Decrypt {key}", f"kms:GenerateDataKey {key}"}
    assert {role: stack.grants(role) for role in stack.roles()} == {
        role: grants | use for role, grants in GRANTS.items()
    }


def test_a_boundary_bounds_every_role() -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    stack = Stack(TEMPLATE, {"PermissionsBoundary": boundary})
    bounds = {
        role: stack.evaluate(stack.resources[role]["Properties"])["PermissionsBoundary"]
        for role in stack.roles()
    }
    assert bounds == dict.fromkeys(GRANTS, boundary)


@pytest.mark.parametrize("reader", ["InferenceFunctionRole", "PredictFunctionRole"])
def test_pictures_are_all_that_readers_of_pictures_get_from_the_drop_bucket(reader: str) -> None:
    stack = Stack(TEMPLATE, {"ImagePrefix": "catalogue/pictures/"})
    read = {grant for grant in stack.grants(reader) if grant.startswith(f"s3:GetObject {DROP}")}
    assert read == {f"s3:GetObject {DROP}/catalogue/pictures/*"}


@pytest.mark.parametrize(
    "prefix", ["", "/", "incoming/", "corrections/", "incoming/pictures/", "images", "images/*/", "a//"]
)
def test_prefixes_that_would_open_more_than_pictures_are_refused(prefix: str) -> None:
    pattern = yaml_parse(TEMPLATE)["Parameters"]["ImagePrefix"]["AllowedPattern"]
    assert not re.fullmatch(pattern, prefix)
    assert re.fullmatch(pattern, "images/")
