"""The policies of a deployed stack's roles, as IAM has them, and what they allow."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from infra.local.cloud import LocalCloud
from tests.integration.recording_proxy import Call


@dataclass(frozen=True, slots=True)
class Grant:
    """One action on one pattern of resources.

    Attributes:
        name: The statement's Sid; its action where it has none.
        action: Such as ``s3:GetObject``.
        resource: A pattern of ARNs.
        prefixes: Patterns of ``s3:prefix``, one of which the request has to match; None for no condition.
    """

    name: str
    action: str
    resource: str
    prefixes: tuple[str, ...] | None = None

    def covers(self, call: Call) -> bool:
        """Say whether this grant allows a call."""
        return (
            _matches(self.action, call.action)
            and _matches(self.resource, call.resource)
            and (
                self.prefixes is None
                or (call.prefix is not None and any(_matches(item, call.prefix) for item in self.prefixes))
            )
        )


@dataclass(frozen=True, slots=True)
class RolePolicies:
    """What a role may do.

    Attributes:
        grants: From the stack's own policies.
        managed: ARNs of AWS's managed policies.
        denied: Patterns of actions that the stack's own policies deny on everything.
    """

    grants: frozenset[Grant]
    managed: frozenset[str]
    denied: frozenset[str]


def policies_of(role: str, cloud: LocalCloud) -> RolePolicies:
    """Return the policies of a deployed role, inline and attached.

    Raises:
        ValueError: A statement has a form that isn't understood here, so that nothing is overlooked.
    """
    iam: Any = boto3.client("iam", **cloud._client_options())
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    managed = set()
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = policy["PolicyArn"]
        if arn.startswith("arn:aws:iam::aws:"):
            managed.add(arn)
            continue
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    statements = [item for document in documents for item in document["Statement"]]
    denials = [item for item in statements if item["Effect"] == "Deny" and item["Resource"] == "*"]
    grants = [grant for item in statements if item not in denials for grant in _grants(item)]
    denied = [action for item in denials for action in _as_list(item["Action"])]
    return RolePolicies(frozenset(grants), frozenset(managed), frozenset(denied))


def _grants(statement: Mapping[str, Any]) -> Iterator[Grant]:
    known = {"Sid", "Effect", "Action", "Resource", "Condition"}
    condition = statement.get("Condition", {"StringLike": {"s3:prefix": None}})
    if not known.issuperset(statement) or statement["Effect"] != "Allow":
        raise ValueError(f"expected a statement that allows actions on resources, received {statement}")
    if list(condition) != ["StringLike"] or list(condition["StringLike"]) != ["s3:prefix"]:
        raise ValueError(f"expected StringLike with s3:prefix, received {json.dumps(condition)}")
    prefixes = condition["StringLike"]["s3:prefix"]
    for action in _as_list(statement["Action"]):
        for resource in _as_list(statement["Resource"]):
            patterns = None if prefixes is None else tuple(_as_list(prefixes))
            yield Grant(statement.get("Sid", action), action, resource, patterns)


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _matches(pattern: str, text: str) -> bool:
    """Compare as IAM does: ``*`` stands for any characters, slashes too, and ``?`` for one."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None
