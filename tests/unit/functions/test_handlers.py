"""The handlers of the batch's functions, on in-memory buckets."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

import correct.app
import inference.app
import missing.app
import notify.app
import reducer.app
from correct.settings import CorrectSettings
from fan_out.app import handler as fan_out_handler
from inference.settings import InferenceSettings
from missing.settings import MissingSettings
from notify.settings import NotifySettings
from reducer.settings import ReducerSettings
from tapeline.batch import keys
from tapeline.batch.corrections import start_reducing
from tapeline.batch.fan_out import FanOutcome
from tapeline.batch.keys import InputObject
from tapeline.batch.shard_results import load_shard_result
from tapeline.errors import StateInputError
from tests.unit.batch.helpers import SOURCE, components, start, table
from tests.unit.fakes import MemoryStore, Notices

ROOT = Path(__file__).parents[3]


@pytest.fixture
def context() -> LambdaContext:
    context = LambdaContext()
    context._function_name = context._invoked_function_arn = context._aws_request_id = "local"
    context._memory_limit_in_mb = 512
    return context


def put_buckets(monkeypatch: pytest.MonkeyPatch, app: Any, **buckets: MemoryStore) -> None:
    """Give a handler's module in-memory buckets under their names."""
    monkeypatch.setattr(app, "BucketStore", lambda client, name: buckets[name])
    monkeypatch.setattr(app, "s3_client", lambda: None)


def test_fan_out_decodes_a_key_once(monkeypatch: pytest.MonkeyPatch, context: LambdaContext) -> None:
    sources: list[InputObject] = []

    def remember(source: InputObject) -> FanOutcome:
        sources.append(source)
        return FanOutcome(source.run, started=True)

    monkeypatch.setattr("fan_out.app._fan_out", remember)
    event = json.loads((ROOT / "events/fan_out.json").read_text())
    other = json.loads(json.dumps(event["Records"][0]))
    other["s3"]["object"] |= {
        "key": "incoming/100%252B+a.csv",
        "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
    }
    event["Records"].append(other)

    fan_out_handler(event, context)
    assert [source.key for source in sources] == [
        "examples/spring catalogue (new).csv",
        "incoming/100%2B a.csv",
    ]
    assert [source.version for source in sources] == [None, "096fKKXTRTtl3on89fVO.nfljtsv6qko"]
    assert fan_out_handler({"Event": "s3:TestEvent"}, context) == {"runs": []}


def test_inference_answers_the_shard_of_its_event(
    monkeypatch: pytest.MonkeyPatch, context: LambdaContext
) -> None:
    _, results, _, outcome = start(table(["a", "b"]))
    put_buckets(monkeypatch, inference.app, results=results)
    monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda self: 100_000)
    settings = InferenceSettings(results_bucket="results", image_buckets="", models_dir=Path("models"))
    event: dict[str, object] = {"run": outcome.run, "shard": "00000"}
    done = inference.app.infer(event, context, settings, components(), cold_start=True)
    assert json.dumps(done) == '{"shard": "00000", "rows": 2, "errors": 0, "left": 0}'
    stats, _ = load_shard_result([results.read(keys.begun_key(outcome.run, "00000", 1))])
    assert results.exists(keys.shard_result_key(outcome.run, "00000"))
    assert (stats.cold_start, stats.memory_megabytes) == (True, settings.aws_lambda_function_memory_size)


def test_missing_returns_the_next_attempt(monkeypatch: pytest.MonkeyPatch, context: LambdaContext) -> None:
    _, results, executions, outcome = start(table(["a"]))
    put_buckets(monkeypatch, missing.app, results=results)
    monkeypatch.setattr(
        missing.app, "_settings", lambda: MissingSettings(results_bucket="results", attempts=2)
    )
    first = json.loads(executions.payloads[outcome.run])
    second = missing.app.handler(first, context)
    assert list(second.items()) == [
        ("run", outcome.run),
        ("attempt", 2),
        ("manifest", f"runs/{outcome.run}/manifest-2.json"),
        ("shards", 1),
        ("spent", 1),
        ("answered", 0),
    ]
    assert missing.app.handler(second, context)["shards"] == 0


def test_reducer_returns_where_the_predictions_are(
    monkeypatch: pytest.MonkeyPatch, context: LambdaContext
) -> None:
    drop, results, executions, outcome = start(table(["a"]))
    put_buckets(monkeypatch, reducer.app, drop=drop, results=results)
    monkeypatch.setattr(
        reducer.app, "_settings", lambda: ReducerSettings(results_bucket="results", drop_bucket="drop")
    )
    done = reducer.app.handler(json.loads(executions.payloads[outcome.run]), context)
    assert list(done.items()) == [
        ("rows", 1),
        ("errors", 1),
        ("output", keys.predictions_key(SOURCE)),
        ("origin", None),
    ]


@pytest.mark.parametrize(
    ("detail", "state"),
    [
        ({"status": "FAILED", "error": "States.Runtime", "cause": "out of memory"}, "failed"),
        ({"status": "ABORTED", "error": None}, "failed"),
        ({"status": "TIMED_OUT"}, "failed"),
    ],
)
def test_notify_tells_of_the_run_of_its_event(
    monkeypatch: pytest.MonkeyPatch, context: LambdaContext, detail: dict[str, object], state: str
) -> None:
    _, results, _, outcome = start(table(["a"]))
    put_buckets(monkeypatch, notify.app, results=results)
    notices = Notices()
    settings = NotifySettings(results_bucket="results", notification_topic_arn="arn:aws:sns:r:123456789012:t")
    monkeypatch.setattr(notify.app, "_settings", lambda: settings)
    for client in ("events_client", "sns_client"):
        monkeypatch.setattr(notify.app, client, lambda: None)
    monkeypatch.setattr(notify.app, "TopicNotifier", lambda *_: notices)
    event = json.loads((ROOT / "events/notify.json").read_text())
    event["detail"] |= {"name": outcome.run, **detail}
    assert notify.app.handler(event, context) == {"run": outcome.run, "state": state}
    ((_, sent, _, _),) = notices.sent
    assert json.loads(sent)["reason"] == ": ".join(str(value) for value in detail.values() if value)


def test_notify_tells_nobody_of_outputs_made_anew(context: LambdaContext) -> None:
    *_, executions, outcome = start(table(["a"]))
    name = start_reducing(outcome.run, executions)
    event = json.loads((ROOT / "events/notify.json").read_text())
    event["detail"]["name"] = name
    # It would need settings and clients for any other.
    assert notify.app.handler(event, context) == {}


def test_notify_refuses_another_event(context: LambdaContext) -> None:
    with pytest.raises(StateInputError, match="name: Field required"):
        notify.app.handler({"source": "aws.s3"}, context)


@pytest.mark.parametrize("app", [missing.app, reducer.app], ids=lambda app: app.__name__)
def test_a_handler_reports_an_event_without_a_run(app: Any, context: LambdaContext) -> None:
    with pytest.raises(StateInputError, match="run: Field required, received nothing"):
        app.handler({"attempt": 1}, context)


def test_correct_takes_what_s3_announces(monkeypatch: pytest.MonkeyPatch, context: LambdaContext) -> None:
    drop, results, executions, outcome = start(table(["a"]))
    put_buckets(monkeypatch, correct.app, drop=drop, results=results)
    monkeypatch.setattr(correct.app, "step_functions_client", lambda: None)
    monkeypatch.setattr(correct.app, "StateMachine", lambda client, arn: executions)
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
    monkeypatch.setattr(
        correct.app, "_settings", lambda: CorrectSettings(results_bucket="results", state_machine_arn=machine)
    )
    results.objects[keys.output_key(SOURCE, keys.DETAILS)] = b"index,prediction\n0,\n"
    drop.objects["corrections/my review.csv"] = f"run,row,answer\n{outcome.run},0,5 kg\n".encode()
    record = {
        "s3": {
            "bucket": {"name": "drop"},
            "object": {"key": "corrections/my+review.csv", "versionId": "v", "eTag": "e"},
        }
    }
    done = correct.app.handler({"Records": [record]}, context)
    assert done == {"outcomes": [{"taken": {outcome.run: 1}, "refused": 0, "rejected": None}]}
    assert len(executions.payloads) == 2
    assert correct.app.handler({"Event": "s3:TestEvent"}, context) == {"outcomes": []}
