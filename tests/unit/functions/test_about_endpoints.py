"""GET /entities and GET /health."""

from predict.models import EntityName
from tapeline import __version__
from tapeline.entities import UNITS_BY_ENTITY
from tests.unit.functions.api import Api


def test_entities_and_health_need_no_models() -> None:
    api = Api()
    assert set(EntityName) == set(UNITS_BY_ENTITY)
    listed = api.call("GET", "/entities").document["entities"]
    assert {item["name"]: set(item["units"]) for item in listed} == UNITS_BY_ENTITY
    assert api.call("GET", "/health").document == {"status": "ok", "version": __version__}
    assert api.loaded == 0
