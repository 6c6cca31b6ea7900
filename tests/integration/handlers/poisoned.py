"""Inference as it is deployed, but for downloads from loopback and a reading process that obeys pictures."""

import os
from dataclasses import replace
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from inference.app import infer
from inference.settings import InferenceSettings
from tapeline.adapters.reading_process import ReadingProcess
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
    components = build_components(_settings(), AddressPolicy([("127.0.0.1", allowed)]))
    assert isinstance(components.answerer, ReadingProcess)
    components.answerer.close()
    process = ReadingProcess(
        "poisoned_reader:load", {}, memory_megabytes=1000, picture_seconds=_settings().picture_seconds
    )
    return replace(components, answerer=process)


def handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """Answer one shard of a run and write its result."""
    return infer(event, context, _settings(), _components(), cold_start=False)
