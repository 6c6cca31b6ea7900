"""Inference as it is deployed, but for downloads from the test's own servers on loopback.

The permission is an argument in this file, which no template and no setting reaches.
"""

import os
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from inference.app import infer
from inference.settings import InferenceSettings
from tapeline.answering import Components
from tapeline.download.addresses import AddressPolicy
from tapeline.settings import load_settings
from tapeline.worker.assembly import build_components


@cache
def _settings() -> InferenceSettings:
    return load_settings(InferenceSettings)


@cache
def _components() -> Components:
    allowed = int(os.environ["TEST_ALLOWED_PORT"])
    # The other server's port passes as a port only: on 127.0.0.1, where it listens, it is refused.
    refused = int(os.environ["TEST_REFUSED_PORT"])
    return build_components(_settings(), AddressPolicy([("127.0.0.1", allowed), ("127.0.0.2", refused)]))


def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one shard of a run and write its result."""
    cold_start = _components.cache_info().currsize == 0
    return infer(event, context, _settings(), _components(), cold_start=cold_start)
