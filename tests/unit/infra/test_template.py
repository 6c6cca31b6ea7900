"""What ``sam validate`` passes and AWS doesn't: cycles after the transform, and broken state machines."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from samtranslator.yaml_helper import yaml_parse

from inference.settings import InferenceSettings
from infra.local.package import definition_as_json
from tests.unit.infra.stack import Stack, expand

ROOT = Path(__file__).parents[3]
TEMPLATE = (ROOT / "template.yaml").read_text()
MACHINE = (ROOT / "infra/batch.asl.yaml").read_text()

CYCLIC = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Drop:
    Type: AWS::S3::Bucket
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: s3://code/code.zip
      Handler: app.handler
      Runtime: python3.12
      Policies:
        - Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Action: s3:GetObject, Resource: !Sub "${Drop.Arn}/*"}
      Events:
        Dropped:
          Type: S3
          Properties: {Bucket: !Ref Drop, Events: s3:ObjectCreated:*}
"""


def references(value: object) -> Iterator[str]:
    """Names that a part of a template refers to."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "Ref":
                yield str(item)
            elif key == "Fn::GetAtt":
                yield str(item[0] if isinstance(item, list) else item).split(".")[0]
            elif key == "DependsOn":
                yield from [item] if isinstance(item, str) else item
            elif key == "Fn::Sub":
                text, given = (item, {}) if isinstance(item, str) else item
                yield from (
                    name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text) if name not in given
                )
                yield from references(given)
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def cycle(template: Mapping[str, Any]) -> list[str]:
    """Resources that can't be created, as each waits for another of them."""
    resources = template["Resources"]
    waits = {name: {to for to in references(item) if to in resources} for name, item in resources.items()}
    while ready := [name for name, needed in waits.items() if not needed]:
        for name in ready:
            del waits[name]
        for needed in waits.values():
            needed.difference_update(ready)
    return sorted(waits)


def test_the_search_finds_the_cycle_that_sam_makes() -> None:
    assert cycle(expand(CYCLIC)) == ["Drop", "Reader", "ReaderDroppedPermission", "ReaderRole"]


def test_the_template_has_no_cycle_after_the_transform() -> None:
    assert cycle(expand(TEMPLATE)) == []


def machine_errors(text: str) -> list[str]:
    document = yaml_parse(TEMPLATE)
    substitutions = document["Resources"]["BatchStateMachine"]["Properties"]["DefinitionSubstitutions"]
    numbers = {"RunConcurrency": "50", "LimitDays": "7"}
    definition = definition_as_json(text, numbers)
    for name in substitutions:
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        value = numbers.get(name) or (arn if name.endswith("Arn") else "results-bucket")
        definition = definition.replace(f"${{{name}}}", value)
    assert "${" not in definition
    template = {
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": "arn:aws:iam::123456789012:role/machine",
                    "Definition": json.loads(definition),
                },
            }
        }
    }
    found = lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"]))
    return [str(match) for match in found]


def test_the_rendered_state_machine_lints() -> None:
    assert machine_errors(MACHINE) == []


def test_the_lint_sees_a_broken_state_machine() -> None:
    assert machine_errors(MACHINE.replace("Type: Choice", "Type: Coice"))


@pytest.mark.parametrize("text", [TEMPLATE, MACHINE])
def test_no_yaml_alias_which_cloudformation_does_not_take(text: str) -> None:
    assert not [event for event in yaml.parse(text) if isinstance(event, yaml.AliasEvent)]


@pytest.mark.parametrize("name", ["Inference", "Missing", "Reducer"])
def test_a_state_its_function_and_its_folder_have_one_name(name: str) -> None:
    states = yaml.safe_load(MACHINE)["States"]
    states |= states["Infer"]["ItemProcessor"]["States"]
    function = f"${{{name}FunctionArn}}"
    assert states[name]["Parameters"]["FunctionName"] == function
    assert f"{name}Function" in yaml_parse(TEMPLATE)["Resources"]
    assert (ROOT / "functions" / name.lower() / "app.py").is_file()


@pytest.mark.parametrize("name", ["Inference", "Missing", "Reducer"])
def test_throttling_is_retried_for_hours_apart_from_other_errors(name: str) -> None:
    states = yaml.safe_load(MACHINE)["States"]
    states |= states["Infer"]["ItemProcessor"]["States"]
    first, *others = states[name]["Retry"]
    assert first["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
    # With full jitter, a wait is half of its limit in the mean.
    assert first["MaxAttempts"] * first["MaxDelaySeconds"] / 2 > 12 * 3600
    # An execution has 25,000 events at most; a retry makes three.
    assert first["MaxAttempts"] * 3 < 25_000 / 2
    assert not [retry for retry in others if "Lambda.TooManyRequestsException" in retry["ErrorEquals"]]
    assert others[-1]["ErrorEquals"] == ["States.ALL"]


def test_a_run_leaves_workers_to_another_one_and_its_objects_outlive_it() -> None:
    parameters = yaml_parse(TEMPLATE)["Parameters"]
    assert parameters["RunConcurrency"]["Default"] < parameters["MaxConcurrency"]["Default"]
    assert parameters["LimitDays"]["Default"] < parameters["RunDays"]["Default"]


def resources(kind: str) -> dict[str, dict[str, Any]]:
    found = yaml_parse(TEMPLATE)["Resources"].items()
    return {name: item["Properties"] for name, item in found if item["Type"] == kind}


def test_all_functions_and_their_layer_are_for_the_processors_that_are_asked_for() -> None:
    found = expand(TEMPLATE, {"Architecture": "arm64"})["Resources"].values()
    functions = [item["Properties"] for item in found if item["Type"] == "AWS::Lambda::Function"]
    layers = [item["Properties"] for item in found if item["Type"] == "AWS::Lambda::LayerVersion"]
    asked = [{"Ref": "Architecture"}]
    assert len(functions) >= 5
    assert [item["Architectures"] for item in functions] == [asked] * len(functions)
    assert [item["CompatibleArchitectures"] for item in layers] == [asked]


def test_every_function_has_a_log_group_that_forgets() -> None:
    groups = resources("AWS::Logs::LogGroup")
    for name, properties in resources("AWS::Serverless::Function").items():
        group = groups[properties["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["RetentionInDays"] == {"Ref": "LogDays"}, name


def test_buckets_are_private_encrypted_and_take_tls_only() -> None:
    policies = {item["Bucket"]["Ref"]: item for item in resources("AWS::S3::BucketPolicy").values()}
    for name, properties in resources("AWS::S3::Bucket").items():
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert properties["BucketEncryption"]
        statement = policies[name]["PolicyDocument"]["Statement"][0]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def environment(stack: Stack, function: str) -> Mapping[str, str]:
    variables: Mapping[str, str] = stack.evaluate(stack.resources[function]["Properties"]["Environment"])[
        "Variables"
    ]
    return variables


def test_fan_out_starts_the_state_machine_of_the_stack() -> None:
    stack = Stack(TEMPLATE)
    machine = stack.evaluate({"Ref": "BatchStateMachine"})
    assert environment(stack, "FanOutFunction")["STATE_MACHINE_ARN"] == machine


@pytest.mark.parametrize("function", ["InferenceFunction", "PredictFunction"])
@pytest.mark.parametrize("named", ["", "shop", "shop,archive"])
def test_pictures_are_read_from_the_drop_bucket_and_named_buckets(function: str, named: str) -> None:
    stack = Stack(TEMPLATE, {"ImageBuckets": named})
    drop = stack.evaluate({"Ref": "DropBucket"})
    assert environment(stack, function)["IMAGE_BUCKETS"] == f"{drop}/images/,{named}"


def test_every_function_works_in_the_results_bucket() -> None:
    stack = Stack(TEMPLATE)
    for name in resources("AWS::Serverless::Function"):
        assert environment(stack, name)["RESULTS_BUCKET"] == stack.evaluate({"Ref": "ResultsBucket"}), name


@pytest.mark.parametrize("origin", ["", "*", "https://shop.example.com"])
def test_every_gateway_response_has_the_same_type_and_origin(origin: str) -> None:
    stack = Stack(TEMPLATE, {"CorsOrigin": origin})
    body = stack.evaluate(stack.resources["Api"]["Properties"]["Body"])
    shared = {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
    if origin:
        shared["gatewayresponse.header.Access-Control-Allow-Origin"] = f"'{origin}'"
    for name, response in body["x-amazon-apigateway-gateway-responses"].items():
        headers = response["responseParameters"]
        headers.pop("gatewayresponse.header.Retry-After", None)
        assert headers == shared, name


def test_no_setting_lets_a_download_go_to_other_than_public_addresses() -> None:
    assert not [name for name in InferenceSettings.model_fields if "address" in name or "loopback" in name]
    assert "allowed_port" not in TEMPLATE.lower()
    assert "loopback" not in TEMPLATE.lower()


def test_local_calls_have_the_numbers_that_the_sam_cli_leaves_empty() -> None:
    template = yaml_parse(TEMPLATE)
    numbers = {name for name, item in template["Parameters"].items() if item["Type"] == "Number"}
    taken = {
        variable
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for variable, value in resource["Properties"].get("Environment", {}).get("Variables", {}).items()
        if isinstance(value, dict) and value.get("Ref") in numbers
    }
    given = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    assert "REVIEW_THRESHOLD" in taken
    assert taken <= given.keys()
