"""Predict in a snapshot, as far as a machine without one shows it: the hooks run, and then a request comes.

What copies of a machine share is its memory: so the same state of memory is continued twice.
"""

import base64
import importlib
import json
import os
import random
import signal
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import snapshot_restore_py
from aws_lambda_powertools.utilities.typing import LambdaContext

import predict.app
from tapeline.adapters.reading_process import ReadingProcess
from tests.integration.conftest import ROOT

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    # Nothing answers there: a connection before the first request would fail the hooks.
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
    "RESULTS_BUCKET": "results",
    "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:batch",
    "IMAGE_BUCKETS": "",
    "MODELS_DIR": "no-models",
    "WORKERS": "1",
    "LARGEST_SHARD": "1",
    "INFERENCE_MEMORY": "3008",
    "SECONDS_PER_PICTURE": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
}


class Context(LambdaContext):
    """Lambda's context with half a minute left."""

    def __init__(self) -> None:
        self._function_name = self._invoked_function_arn = self._aws_request_id = "snapshot"
        self._memory_limit_in_mb = 3008

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 30_000


@pytest.fixture(scope="module")
def app() -> Iterator[ModuleType]:
    """Predict's module, loaded as for a snapshot, with the hooks before it done."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        started = [*snapshot_restore_py.get_before_snapshot(), *snapshot_restore_py.get_after_restore()]
        assert started == []
        yield importlib.reload(predict.app)
    importlib.reload(predict.app)


@pytest.fixture(scope="module")
def processes(app: ModuleType) -> Iterator[list[ReadingProcess]]:
    """The reading processes that the hooks before the snapshot started."""
    made: list[ReadingProcess] = []
    start = ReadingProcess.__init__

    def remember(self: ReadingProcess, *args: Any, **options: Any) -> None:
        start(self, *args, **options)
        made.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReadingProcess, "__init__", remember)
        for hook, args, options in reversed(list(snapshot_restore_py.get_before_snapshot())):
            hook(*args, **options)
        yield made
    for process in made:
        process.close()


def restore() -> None:
    for hook, args, options in snapshot_restore_py.get_after_restore():
        hook(*args, **options)


def ask(app: ModuleType) -> dict[str, Any]:
    event = json.loads((ROOT / "events/predict.json").read_text())
    picture = base64.b64encode((ROOT / "examples/images/kettle.jpg").read_bytes()).decode()
    event["body"] = json.dumps({"image_base64": picture, "entity_names": ["wattage", "item_volume"]})
    answered = app.handler(event, Context())
    assert answered["statusCode"] == 200, answered
    document: dict[str, Any] = json.loads(answered["body"])
    return document


def test_the_models_are_in_the_snapshot_and_the_restored_worker_answers_right(
    app: ModuleType, processes: list[ReadingProcess]
) -> None:
    (process,) = processes
    pid = process.pid
    assert pid is not None
    # A machine that is kept stands still.
    os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGCONT)
    restore()
    answers = ask(app)["answers"]
    assert {name: answer["prediction"] for name, answer in answers.items()} == {
        "wattage": "2200 watt",
        "item_volume": "1.7 litre",
    }
    # The same process answered: its models weren't loaded again.
    assert process.pid == pid
    assert len(processes) == 1


def test_two_copies_draw_other_random_numbers(processes: list[ReadingProcess]) -> None:
    state = random.getstate()
    drawn = []
    for _ in range(2):
        random.setstate(state)
        restore()
        drawn.append(random.random())  # noqa: S311 - whether they differ is the question
    assert len(set(drawn)) == 2


def test_a_copy_whose_process_is_gone_starts_another(
    app: ModuleType, processes: list[ReadingProcess]
) -> None:
    (process,) = processes
    before = process.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    restore()
    assert ask(app)["answers"]["wattage"]["prediction"] == "2200 watt"
    assert process.pid != before
