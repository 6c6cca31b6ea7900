"""Predict as it is deployed, but for downloads from the test's own servers on loopback.

The permission is an argument in this file, which no template and no setting reaches.
"""

import os
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from predict.app import answer, make_api
from predict.settings import PredictSettings
from tapeline.download.addresses import AddressPolicy
from tapeline.settings import load_settings


@cache
def _api() -> APIGatewayRestResolver:
    allowed = int(os.environ["TEST_ALLOWED_PORT"])
    # The other server's port passes as a port only: on 127.0.0.1, where it listens, it is refused.
    refused = int(os.environ["TEST_REFUSED_PORT"])
    policy = AddressPolicy([("127.0.0.1", allowed), ("127.0.0.2", refused)])
    return make_api(load_settings(PredictSettings), policy)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the API."""
    return answer(_api(), event, context)
