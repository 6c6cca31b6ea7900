"""``template.yaml`` as CloudFormation sees it: SAM's transform applied, intrinsic functions evaluated."""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from samtranslator.yaml_helper import yaml_parse

from infra.expand import expand as expand_template

_NO_VALUE: Final = object()
# Intrinsic functions of two evaluated arguments.
_ON_LISTS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "Fn::Join": lambda separator, items: separator.join(items),
    "Fn::Select": lambda index, items: items[int(index)],
    "Fn::Split": lambda separator, text: text.split(separator),
}
_PSEUDO_PARAMETERS: Final = {
    "AWS::AccountId": "123456789012",
    "AWS::NoValue": _NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": "arn:aws:cloudformation:r:123456789012:stack/t/8f7c0e10-5a1b-11f0-9b3c-0a1b2c3d4e5f",
    "AWS::StackName": "tapeline",
    "AWS::URLSuffix": "amazonaws.com",
}
# The property that names a resource, where the template sets it.
_NAMES: Final = {
    "AWS::Budgets::Budget": "BudgetName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}


@cache
def _parsed(text: str) -> dict[str, Any]:
    # Parsing takes a second, copying a hundredth of that.
    document: dict[str, Any] = yaml_parse(text)
    return document


def packaged(text: str) -> dict[str, Any]:
    """Return a template as sam package writes it: its code replaced by constant addresses."""
    document = copy.deepcopy(_parsed(text))
    for resource in document["Resources"].values():
        properties = resource.get("Properties", {})
        for name in ("CodeUri", "ContentUri", "DefinitionUri"):
            if name in properties:
                properties[name] = "s3://packages/archive"
        if properties.get("PackageType") == "Image":
            properties["ImageUri"] = "000000000000.dkr.ecr.us-east-1.amazonaws.com/inference:latest"
    return document


def expand(text: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a template with SAM's transform applied."""
    return expand_template(packaged(text), parameters)


class Stack:
    """A stack of the template.

    Args:
        text: The template.
        parameters: Values that differ from the parameters' defaults.
        name: The stack's name.
        region: Its region.

    Attributes:
        resources: Logical id -> resource, after the transform, unevaluated; those whose condition holds.
    """

    def __init__(
        self,
        text: str,
        parameters: Mapping[str, str] | None = None,
        *,
        name: str = "tapeline",
        region: str = "us-east-1",
    ) -> None:
        template = expand(text, parameters)
        self._conditions: dict[str, Any] = template.get("Conditions", {})
        self._values: dict[str, Any] = {**_PSEUDO_PARAMETERS, "AWS::StackName": name, "AWS::Region": region}
        for key, parameter in template.get("Parameters", {}).items():
            value = (parameters or {}).get(key, parameter.get("Default"))
            self._values[key] = value.split(",") if parameter["Type"] == "CommaDelimitedList" else value
        self.resources: dict[str, Any] = {
            name: item
            for name, item in template["Resources"].items()
            if "Condition" not in item or self._condition(self._conditions[item["Condition"]])
        }

    def evaluate(self, value: Any) -> Any:
        """Return a part of the template with its intrinsic functions evaluated.

        Names and ARNs that AWS would make up are ``LogicalId`` and ``LogicalId.Attribute``.

        Raises:
            ValueError: An intrinsic function that isn't implemented here.
        """
        if isinstance(value, list):
            return [item for item in map(self.evaluate, value) if item is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, argument)
        evaluated = {key: self.evaluate(item) for key, item in value.items()}
        return {key: item for key, item in evaluated.items() if item is not _NO_VALUE}

    def settled(self) -> dict[str, Any]:
        """Return the resources with conditions settled, and all other intrinsic functions as they are."""
        settled: dict[str, Any] = self._settle(self.resources)
        for resource in settled.values():
            resource.pop("Condition", None)
        return settled

    def roles(self) -> list[str]:
        """Return the logical ids of the roles."""
        return [name for name, item in self.resources.items() if item["Type"] == "AWS::IAM::Role"]

    def grants(self, role: str) -> set[str]:
        """Return what a role may do, wherever the template says it.

        Returns:
            ``action resource`` or ``action resource if condition`` for each statement in the role's inline
            policies, in the template's managed policies and in policies that are attached to the role; and
            the ARN of each managed policy of AWS.
        """
        properties = self.evaluate(self.resources[role]["Properties"])
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
        managed = set(properties.get("ManagedPolicyArns", ()))
        for name, resource in self.resources.items():
            if resource["Type"] in {"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"}:
                policy = self.evaluate(resource["Properties"])
                if name in managed or role in policy.get("Roles", ()):
                    documents.append(policy["PolicyDocument"])
        statements = [item for document in documents for item in document["Statement"]]
        return {grant for item in statements for grant in _grants(item)} | (managed - set(self.resources))

    def _settle(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._settle, value) if item is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if set(value) == {"Fn::If"}:
            condition, then, otherwise = value["Fn::If"]
            return self._settle(then if self._condition(self._conditions[condition]) else otherwise)
        if value == {"Ref": "AWS::NoValue"}:
            return _NO_VALUE
        settled = {key: self._settle(item) for key, item in value.items()}
        return {key: item for key, item in settled.items() if item is not _NO_VALUE}

    def _call(self, function: str, argument: Any) -> Any:
        if function == "Fn::If":
            condition, then, otherwise = argument
            return self.evaluate(then if self._condition(self._conditions[condition]) else otherwise)
        if function == "Fn::GetAtt":
            return self._attribute(*(argument.split(".", 1) if isinstance(argument, str) else argument))
        if function == "Ref":
            return self._reference(argument)
        argument = self.evaluate(argument)
        if function == "Fn::Sub":
            text, given = (argument, {}) if isinstance(argument, str) else argument
            return re.sub(r"\$\{([^!}]+)\}", lambda found: self._substitute(found[1], given), text)
        if function in _ON_LISTS:
            return _ON_LISTS[function](*argument)
        raise ValueError(f"expected an intrinsic function that Stack implements, received {function}")

    def _substitute(self, name: str, given: Mapping[str, str]) -> str:
        if name in given:
            return given[name]
        return str(self._attribute(*name.split(".", 1)) if "." in name else self._reference(name))

    def _reference(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        if self.resources[name]["Type"] == "AWS::StepFunctions::StateMachine":
            region = self._values["AWS::Region"]
            return f"arn:aws:states:{region}:123456789012:stateMachine:{self._name(name)}"
        if self.resources[name]["Type"] == "AWS::SNS::Topic":
            return f"arn:aws:sns:{self._values['AWS::Region']}:123456789012:{self._name(name)}"
        return self._name(name)

    def _attribute(self, name: str, attribute: str) -> str:
        kind = self.resources[name]["Type"]
        if (kind, attribute) == ("AWS::S3::Bucket", "Arn"):
            return f"arn:aws:s3:::{self._name(name)}"
        if (kind, attribute) == ("AWS::StepFunctions::StateMachine", "Name"):
            return self._name(name)
        return f"{name}.{attribute}"

    def _name(self, name: str) -> str:
        resource = self.resources[name]
        key = _NAMES.get(resource["Type"], "")
        return str(self.evaluate(resource.get("Properties", {}).get(key, name)))

    def _condition(self, condition: Mapping[str, Any]) -> bool:
        ((function, argument),) = condition.items()
        if function == "Condition":
            return self._condition(self._conditions[argument])
        if function == "Fn::Not":
            return not self._condition(argument[0])
        if function == "Fn::Equals":
            first, second = self.evaluate(argument)
            return bool(first == second)
        raise ValueError(f"expected a condition that Stack implements, received {function}")


def _grants(statement: Mapping[str, Any]) -> Iterator[str]:
    effect = "" if statement["Effect"] == "Allow" else f"{statement['Effect']} "
    condition = f" if {json.dumps(statement['Condition'])}" if "Condition" in statement else ""
    for action in _as_list(statement["Action"]):
        for resource in _as_list(statement["Resource"]):
            yield f"{effect}{action} {resource}{condition}"


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
