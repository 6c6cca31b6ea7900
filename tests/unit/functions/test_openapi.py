"""The API's description is the committed one, and the template serves what it describes."""

import json

from samtranslator.yaml_helper import yaml_parse

from predict.problems import PREFIX, Problem
from predict.requests import PICTURE_TYPES
from tests.unit.functions.api import ROOT, Api


def test_the_description_is_the_committed_one() -> None:
    served = Api().call("GET", "/openapi.json")
    assert served.kind == "application/json"
    committed = (ROOT / "docs/openapi.json").read_text()
    assert json.loads(committed) == served.document, "make openapi renews docs/openapi.json"


def test_the_template_takes_the_pictures_that_the_function_takes() -> None:
    properties = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["Api"]["Properties"]
    assert properties["BinaryMediaTypes"] == list(PICTURE_TYPES)


def test_predict_is_inferences_image_with_its_own_handler() -> None:
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    assert resources["PredictFunction"]["Metadata"] == resources["InferenceFunction"]["Metadata"]
    assert resources["PredictFunction"]["Properties"]["ImageConfig"] == {"Command": ["predict.app.handler"]}


def test_pictures_and_runs_need_a_key_and_nothing_else_does() -> None:
    events = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["PredictFunction"]["Properties"][
        "Events"
    ]
    secured = {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        for event in events.values()
        if event["Properties"].get("Auth") == {"ApiKeyRequired": True}
    }
    assert secured == {
        "POST /predict",
        "POST /estimate",
        "GET /runs/{run}",
        "GET /runs/{run}/rows",
        "GET /runs/{run}/rows/{row}/picture",
        "GET /runs/{run}/corrections",
        "PATCH /runs/{run}/corrections",
        "POST /runs/{run}/outputs",
    }


def test_each_endpoint_of_the_description_is_one_of_the_gateway() -> None:
    events = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["PredictFunction"]["Properties"][
        "Events"
    ]
    served = {
        (event["Properties"]["Path"], event["Properties"]["Method"].lower()) for event in events.values()
    }
    paths = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
    assert {(path, method) for path, operations in paths.items() for method in operations} <= served


def test_the_gateways_own_errors_are_problems_too() -> None:
    properties = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["Api"]["Properties"]
    responses = properties["GatewayResponses"]
    assert {"INVALID_API_KEY", "THROTTLED", "REQUEST_TOO_LARGE", "INTEGRATION_TIMEOUT"} <= set(responses)
    documented = (ROOT / "docs/api.md").read_text()
    for name, response in responses.items():
        problem = json.loads(response["ResponseTemplates"]["application/json"])
        Problem.model_validate(problem)
        assert problem.get("status") == response.get("StatusCode"), name
        assert f"`{problem['type'].removeprefix(PREFIX)}`" in documented
        assert response["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'"
