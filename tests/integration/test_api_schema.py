"""Schemathesis: requests made up from the API's description, right and wrong ones, and none breaks it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from tapeline.download.links import parse_link
from tapeline.errors import RowError
from tests.integration.conftest import ROOT, Api
from tests.integration.http_server import Reply
from tests.integration.pictures import drawn

# All operations make items of one name, which pytest-xdist takes for one test.
pytestmark = pytest.mark.alone

DESCRIPTION = schemathesis.openapi.from_dict(json.loads((ROOT / "docs/openapi.json").read_text()))
EXCLUDED = [
    # API Gateway answers 404, not 405, for a method that a path doesn't have.
    unsupported_method,
    # No text made up from a schema is a link that leads to a picture, or base64 of one.
    positive_data_acceptance,
]


class Cases:
    """Counts what was sent."""

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}

    def add(self, status: int) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest) -> Iterator[Cases]:
    capture: Any = request.config.pluginmanager.get_plugin("capturemanager")
    made = Cases()
    yield made
    # Throttled, they would have tested nothing.
    assert {200, 422} <= set(made.statuses)
    assert 429 not in made.statuses
    by_status = ", ".join(f"{count} x {status}" for status, count in sorted(made.statuses.items()))
    with capture.global_and_fixture_disabled():
        print(f"\nschemathesis: {sum(made.statuses.values())} cases: {by_status}")


@DESCRIPTION.parametrize()
@settings(
    max_examples=100,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_no_request_breaks_the_api(case: schemathesis.Case[Any], api: Api, cases: Cases) -> None:
    body: Any = case.body
    link = body.get("image_link") if isinstance(body, dict) else None
    if isinstance(link, str) and (reaches_a_server(link) or len(link) in range(1, 2048, 2)):
        # A made-up server that can't be reached is a right 502, but no question to this API. And every
        # other link of a length that is allowed leads to a picture, so that some are answered.
        body["image_link"] = api.allowed.put("/made-up.png", Reply(drawn("Net weight 12.5 kg")))
    headers = {"x-api-key": api.service.key}
    known = {parameter.name for parameter in case.operation.query}
    # Query parameters that the description doesn't have are ignored, and beside JSON all are: it has the
    # entities and the category itself. So a request that is wrong in those alone may be answered.
    is_ignored = not known.issuperset(case.query or {}) or (
        bool(case.query) and case.media_type == "application/json"
    )
    answered = case.call_and_validate(
        base_url=api.service.url,
        headers=headers,
        excluded_checks=[*EXCLUDED, negative_data_rejection] if is_ignored else EXCLUDED,
        timeout=60,
    )
    assert answered.status_code < 500
    cases.add(answered.status_code)


def reaches_a_server(link: str) -> bool:
    try:
        parse_link(link)
    except RowError:
        return False
    return True
