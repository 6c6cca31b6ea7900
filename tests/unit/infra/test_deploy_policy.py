"""The policy that may deploy the template: all that its resources need, and nothing that none of them needs.

What a resource needs is in its type's schema, which names the actions of CloudFormation's own handlers;
cfn-lint brings these schemas along.
"""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final

import cfnlint.data.schemas
import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.unit.infra.stack import expand
from tests.unit.infra.test_template import TEMPLATE

ROOT: Final = Path(__file__).parents[3]
POLICY: Final = json.loads((ROOT / "infra/aws/deploy-policy.json").read_text())

# Characters of a managed policy without white space.
# Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_LENGTH: Final = 6144

# What schemas list and this template doesn't use -> why.
UNUSED: Final[Mapping[str, str]] = {
    "apigateway:UpdateRestApiPolicy": "the API has no resource policy",
    "billing:*": "the budget counts the account's own costs",
    "ec2:DescribeNetworkInterfaces": "Lambda makes and removes its interfaces itself",
    "elasticfilesystem:*": "no function has a file system",
    "firehose:*": "no log goes to Firehose",
    "iam:*Group*": "policies are attached to roles",
    "iam:*User*": "policies are attached to roles",
    "kms:*": "only with KmsKeyArn: the key's own policy lets its users do that",
    "lambda:AssociateRuntimeAlias": "the runtime is Lambda's current one",
    "lambda:PassCapacityProvider": "no function has a capacity provider",
    "lambda:Put*CodeSigningConfig": "code isn't signed",
    "lambda:Put*RecursionConfig": "the default is kept",
    "lambda:Put*ScalingConfig": "no function has a capacity provider",
    "lambda:PutRuntimeManagementConfig": "the runtime is Lambda's current one",
    "logs:*DataProtectionPolicy": "no log group has one",
    "logs:*Index*": "no log group has field indexes",
    "logs:*ResourcePolicy": "the machine's role does that, for its own logs",
    "logs:CreateLogDelivery": "the machine's role does that, for its own logs",
    "logs:PutBearerTokenAuthentication": "no log group has it",
    "logs:PutLogGroupDeletionProtection": "no log group has it",
    "s3:*Accelerate*": "buckets have no acceleration",
    "s3:*Abac": "buckets have no ABAC",
    "s3:*Acl": "bucket owner enforced: there are no ACLs",
    "s3:*Analytics*": "buckets have no analytics",
    "s3:*CORS": "nothing in a browser reads the buckets",
    "s3:*Cors": "nothing in a browser reads the buckets",
    "s3:*IntelligentTiering*": "buckets have no tiering",
    "s3:*Inventory*": "buckets have no inventory",
    "s3:*Logging": "buckets have no access logs",
    "s3:*Metadata*": "buckets have no metadata tables",
    "s3:*Metrics*": "buckets have no request metrics",
    "s3:*ObjectLock*": "buckets have no object lock",
    "s3:*Replication*": "buckets aren't replicated",
    "s3:*Website": "buckets are no web sites",
    "s3:Delete*": "both buckets are retained, with what is in them",
    "s3:GetObject*": "CloudFormation reads no data; the SAM CLI's own bucket has a statement of its own",
    "s3:REST.PUT.OBJECT": "is no action",
    "s3files:*": "no function has a file system",
    "s3tables:*": "buckets have no metadata tables",
    "sns:*DataProtectionPolicy": "the topic has none",
}


@cache
def schemas() -> dict[str, dict[str, Any]]:
    folder = Path(cfnlint.data.schemas.__file__).parent / "resources"
    # Of several versions of a type, any names its actions.
    documents = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return {document["typeName"]: document for document in documents if "typeName" in document}


@cache
def resource_types() -> set[str]:
    return {resource["Type"] for resource in expand(TEMPLATE)["Resources"].values()}


@cache
def needed() -> dict[str, set[str]]:
    """Action -> the types of resources whose handlers call it."""
    found: dict[str, set[str]] = {}
    for kind in resource_types():
        schema = schemas()[kind]
        lists = [
            schema["handlers"][name]
            for name in ("create", "read", "update", "delete")
            if name in schema["handlers"]
        ]
        for handler in [*lists, schema.get("tagging") or {}]:
            for action in handler.get("permissions", []):
                found.setdefault(action, set()).add(kind)
    return found


def granted() -> list[str]:
    actions: list[str] = []
    for statement in POLICY["Statement"]:
        action = statement["Action"]
        actions += [action] if isinstance(action, str) else action
    return actions


def matches(action: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in patterns)


def test_every_action_that_the_template_s_resources_need_is_granted() -> None:
    unused = list(UNUSED)
    lacking = {
        action: kinds
        for action, kinds in needed().items()
        if not matches(action, granted()) and not matches(action, unused)
    }
    assert lacking == {}


def test_every_reason_not_to_grant_an_action_is_about_one_that_is_listed() -> None:
    assert [
        pattern for pattern in UNUSED if not any(fnmatchcase(action, pattern) for action in needed())
    ] == []


def test_nothing_is_granted_that_no_resource_needs() -> None:
    # The SAM CLI's own calls, the image repository, and the versions of a deployment with SnapStart.
    own = [
        "cloudformation:*",
        "ecr:*",
        "s3:PutObject",
        "lambda:*Alias",
        "lambda:ListVersionsByFunction",
        "s3:ListBucket*",
    ]
    idle = [
        pattern
        for pattern in granted()
        if not matches(pattern, own) and not any(fnmatchcase(action, pattern) for action in needed())
    ]
    assert idle == []


def test_everything_is_limited_to_names_that_begin_with_the_stack_s() -> None:
    for statement in POLICY["Statement"]:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            if statement["Sid"] in {"NoResource", "Api"}:
                continue
            own = ("tapeline", "TapelineLayer", "aws-sam-cli-managed-default", "transform/Serverless")
            assert any(name in resource for name in own), resource


def test_it_fits_a_managed_policy() -> None:
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= MAX_LENGTH


@pytest.mark.parametrize("name", ["deploy-policy", "key-policy"])
def test_a_policy_s_file_has_its_language_s_version(name: str) -> None:
    assert json.loads((ROOT / f"infra/aws/{name}.json").read_text())["Version"] == "2012-10-17"


def test_what_cannot_have_tags_is_named_in_the_document() -> None:
    untaggable = {
        kind for kind in resource_types() if not (schemas()[kind].get("tagging") or {}).get("taggable", False)
    }
    section = (ROOT / "docs/aws.md").read_text().split("### Tags\n")[1].split("\n#")[0]
    assert {part for part in section.split("`") if part.startswith("AWS::")} == untaggable


def test_parameters_of_the_document_are_the_template_s() -> None:
    text, parameters = (ROOT / "docs/aws.md").read_text(), yaml_parse(TEMPLATE)["Parameters"]
    for name in (
        "KmsKeyArn",
        "VpcSubnetIds",
        "PermissionsBoundary",
        "MonthlyBudget",
        "MaxRunCost",
        "BucketSuffix",
    ):
        assert name in parameters
        assert f"`{name}`" in text
