"""GET /entities and GET /health."""

import json

from tapeline import __version__
from tapeline.entities import UNITS_BY_ENTITY
from tests.unit.functions.api import Api

LINK = "https://images.example.com/a.jpg"


def test_entities_and_health_need_no_models() -> None:
    api = Api()
    listed = api.call("GET", "/entities").document["entities"]
    assert {item["name"]: set(item["units"]) for item in listed} == UNITS_BY_ENTITY
    assert api.call("GET", "/health").document == {"status": "ok", "version": __version__}
    assert api.loaded == 0


def test_own_entities_are_listed_described_and_accepted() -> None:
    api = Api(entities="products")
    listed = api.call("GET", "/entities").document["entities"]
    assert ("cable_length", ["metre"]) in [(item["name"], item["units"]) for item in listed]
    assert '"cable_length"' in json.dumps(api.call("GET", "/openapi.json").document)
    answered = api.post({"image_link": LINK, "entity_name": "battery_capacity"})
    assert answered.status == 200
    assert "battery_capacity" in answered.document["answers"]
    # Another API in the same process has its own.
    assert Api().post({"image_link": LINK, "entity_name": "battery_capacity"}).status == 422


def test_an_entity_that_is_not_known_is_refused_with_those_that_are() -> None:
    refused = Api().post({"image_link": LINK, "entity_name": "battery_capacity"})
    assert refused.status == 422
    assert "expected one of width" in json.dumps(refused.document)
