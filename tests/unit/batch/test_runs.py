"""Fan-out, inference, missing and reducer against in-memory ports: no row gets lost."""

import csv
import io
import json
import math
import tempfile
import time
from pathlib import Path

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fan_out.app import handler as fan_out_handler
from fan_out.settings import FanOutSettings
from inference.settings import InferenceSettings
from missing.settings import MissingSettings
from reducer.settings import ReducerSettings
from tapeline.answering import Components, PictureQuery, answer_pictures
from tapeline.batch import keys
from tapeline.batch.fan_out import FanOutcome, Sharding, fan_out
from tapeline.batch.inference import Worker, infer_shard
from tapeline.batch.keys import InputObject
from tapeline.batch.missing import find_missing
from tapeline.batch.reducer import reduce_run
from tapeline.batch.shard_results import load_shard_result
from tapeline.batch.shards import load_shard, shard_size
from tapeline.errors import CorruptObjectError, ErrorCode, RowError, SettingsError
from tapeline.settings import Settings, load_settings
from tests.unit.fakes import Classifier, Decoder, Executions, Fetcher, MemoryStore, Reader

SOURCE = InputObject("drop", "incoming/test.csv", "v1")
SHARDING = Sharding(workers=2, largest=4, most_rows=1000)
NEVER = Worker(lambda: math.inf, 0, 3008, cold_start=False)


def components(fetcher: Fetcher | None = None, classifier: Classifier | None = None) -> Components:
    return Components(fetcher or Fetcher(), Decoder(), Reader(), classifier, downloads=3, batch=2)


def table(links: list[str], entity: str = "item_weight") -> bytes:
    lines = [f"{number * 10},{link},{entity}" for number, link in enumerate(links)]
    return "\n".join(["index,image_link,entity_name", *lines]).encode()


def start(body: bytes) -> tuple[MemoryStore, MemoryStore, Executions, FanOutcome]:
    drop, results, executions = MemoryStore(), MemoryStore(), Executions()
    drop.objects[SOURCE.key] = body
    return drop, results, executions, fan_out(SOURCE, drop, results, executions, SHARDING)


def shards(results: MemoryStore, run: str, attempt: int = 1) -> list[str]:
    return [item["shard"] for item in json.loads(results.read(keys.manifest_key(run, attempt)))]


def output(results: MemoryStore, run: str, name: str) -> list[dict[str, str]]:
    text = results.read(f"results/test/{run}/{name}").decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_one_version_is_one_run_even_after_a_crash_before_the_start() -> None:
    drop, results, executions, outcome = start(table(["a", "b", "a"]))
    assert outcome == FanOutcome(SOURCE.run, started=True)
    written = list(results.written)
    assert not fan_out(SOURCE, drop, results, executions, SHARDING).started
    executions.payloads.clear()
    assert fan_out(SOURCE, drop, results, executions, SHARDING).started
    assert results.written == written
    assert json.loads(executions.payloads[SOURCE.run]) == {
        "run": SOURCE.run,
        "attempt": 1,
        "manifest": f"runs/{SOURCE.run}/manifest.json",
        "shards": 1,
    }
    (shard,) = shards(results, SOURCE.run)
    tasks = load_shard(results.read(keys.shard_key(SOURCE.run, shard)))
    assert [(task.image_link, [item.position for item in task.questions]) for task in tasks] == [
        ("a", [0, 2]),
        ("b", [1]),
    ]


def test_too_many_rows_are_rejected() -> None:
    _, results, executions, outcome = start(table(["a"] * 1001))
    assert outcome.rejected is not None
    assert not executions.payloads
    assert results.written == [f"results/test/{SOURCE.run}/rejected.json"]
    assert json.loads(results.read(results.written[0]))["expected"] == "at most 1000 rows"


@given(st.integers(1, 200_000), st.integers(1, 1000), st.integers(1, 1000))
def test_a_shard_is_never_larger_than_allowed_and_all_workers_get_one(
    pictures: int, workers: int, largest: int
) -> None:
    size = shard_size(pictures, workers=workers, largest=largest)
    assert 1 <= size <= largest
    assert size <= 4 or math.ceil(pictures / size) <= max(workers, math.ceil(pictures / largest))


def test_pictures_are_answered_in_order_and_fetched_a_few_ahead() -> None:
    fetcher, classifier = Fetcher(), Classifier()
    queries = (PictureQuery("l" * number, ("item_weight", "colour")) for number in range(1, 21))
    answers = answer_pictures(queries, components(fetcher, classifier))
    first = next(answers)
    time.sleep(0.05)
    assert len(fetcher.links) <= 2 + 3 + 1
    results = [first, *answers]
    assert [item.labels[0].name for item in results] == [f"shade {number}" for number in range(1, 21)]
    assert classifier.batches == [2] * 10
    weight, colour = results[0].answers["item_weight"], results[0].answers["colour"]
    assert not isinstance(weight, RowError)
    assert weight.prediction == "12.5 kilogram"
    assert isinstance(colour, RowError)
    assert colour.code is ErrorCode.UNKNOWN_ENTITY


def test_what_nobody_foresaw_costs_one_picture() -> None:
    def fail(link: str) -> None:
        if link == "b":
            raise ZeroDivisionError("surprise")

    queries = [PictureQuery(link, ("width", "item_weight")) for link in "abc"]
    a, b, c = answer_pictures(queries, components(Fetcher(fail)))
    error = b.answers["width"]
    assert isinstance(error, RowError)
    assert error.code is ErrorCode.INTERNAL
    assert "surprise" in error.message
    assert not [item for item in (*a.answers.values(), *c.answers.values()) if isinstance(item, RowError)]


def test_a_picture_without_a_known_entity_is_not_fetched() -> None:
    fetcher = Fetcher()
    list(answer_pictures([PictureQuery("a", ("colour",))], components(fetcher)))
    assert fetcher.links == []


def test_a_worker_hands_back_what_it_has_no_time_for_and_nothing_is_lost(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(list("abcd")))
    run = outcome.run
    times = iter([100.0, 1.0])
    hurried = Worker(lambda: next(times), 45, 3008, cold_start=True)
    done = infer_shard(run, "00000", results, components(), hurried)
    assert done == {"shard": "00000", "rows": 2, "errors": 0, "left": 2}
    assert results.written[-2:] == [keys.shard_key(run, "00000-2"), keys.shard_result_key(run, "00000")]
    following = find_missing(run, 1, results, attempts=2)
    assert following["shards"] == 1
    assert shards(results, run, 2) == ["00000-2"]
    infer_shard(run, "00000-2", results, components(), NEVER)
    assert find_missing(run, 2, results, attempts=2)["shards"] == 0
    assert reduce_run(run, drop, results, tmp_path).errors == 0
    assert [row["prediction"] for row in output(results, run, "test_out.csv")] == ["12.5 kilogram"] * 4


def test_a_worker_without_any_time_answers_one_picture_all_the_same() -> None:
    _, results, _, outcome = start(table(list("abc")))
    late = Worker(lambda: 0.0, 45, 3008, cold_start=False)
    assert infer_shard(outcome.run, "00000", results, components(), late)["left"] == 2


def test_the_first_part_stands() -> None:
    _, results, _, outcome = start(table(["a"]))
    infer_shard(outcome.run, "00000", results, components(), NEVER)
    before = results.read(keys.shard_result_key(outcome.run, "00000"))
    infer_shard(outcome.run, "00000", results, components(classifier=Classifier()), NEVER)
    assert results.read(keys.shard_result_key(outcome.run, "00000")) == before


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
@given(st.lists(st.sampled_from("abcdefghijkl"), max_size=30), st.data())
def test_every_row_is_there_once_in_order_whatever_is_lost(links: list[str], data: st.DataObject) -> None:
    drop, results, _, outcome = start(table(links))
    run = outcome.run
    lost = set()
    for shard in shards(results, run):
        tasks = load_shard(results.read(keys.shard_key(run, shard)))
        if data.draw(st.booleans(), label=f"lose {shard}"):
            lost |= {task.image_link for task in tasks}
        else:
            infer_shard(run, shard, results, components(), NEVER)
            if data.draw(st.booleans(), label=f"answer {shard} twice"):
                part = results.read(keys.shard_result_key(run, shard))
                results.objects[keys.shard_result_key(run, f"{shard}-0")] = part
    with tempfile.TemporaryDirectory() as folder:
        reduced = reduce_run(run, drop, results, Path(folder))
        assert not list(Path(folder).iterdir())
    rows = output(results, run, "test_out.csv")
    assert [row["index"] for row in rows] == [str(number * 10) for number in range(len(links))]
    assert [row["prediction"] == "" for row in rows] == [link in lost for link in links]
    errors = output(results, run, "errors.csv")
    assert [row["image_link"] for row in errors] == [link for link in links if link in lost]
    assert {row["error_code"] for row in errors} <= {"shard_lost"}
    assert (reduced.rows, reduced.errors) == (len(links), len(errors))
    assert results.written[-1] == reduced.output == f"results/test/{run}/test_out.csv"
    report = json.loads(results.read(f"results/test/{run}/report.json"))
    assert report["rows"] == report["answered"] + report["empty"] + report["errors"] == len(links)


def test_a_broken_part_is_said_to_be_broken() -> None:
    for body in (b"", b"{}\n", b"no json"):
        with pytest.raises(CorruptObjectError, match="expected a shard result"):
            load_shard_result([body])


SETTINGS: dict[type[Settings], dict[str, str]] = {
    FanOutSettings: {
        "RESULTS_BUCKET": "results",
        "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:batch",
        "WORKERS": "50",
        "LARGEST_SHARD": "200",
        "MAX_ROWS": "1000",
    },
    InferenceSettings: {"RESULTS_BUCKET": "results", "IMAGE_BUCKETS": "drop,", "MODELS_DIR": "/models"},
    MissingSettings: {"RESULTS_BUCKET": "results", "ATTEMPTS": "2"},
    ReducerSettings: {"RESULTS_BUCKET": "results", "DROP_BUCKET": "drop"},
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_are_checked_at_start(kind: type[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS[kind].items():
        monkeypatch.setenv(name, value)
    load_settings(kind)
    monkeypatch.setenv("RESULTS_BUCKET", "No Bucket")
    with pytest.raises(SettingsError, match=r"RESULTS_BUCKET: .* received 'No Bucket'"):
        load_settings(kind)
    for name in SETTINGS[kind]:
        monkeypatch.setenv("RESULTS_BUCKET", "results")
        monkeypatch.delenv(name)
        with pytest.raises(SettingsError, match=f"{name}: expected a value, received none"):
            load_settings(kind)
        monkeypatch.setenv(name, SETTINGS[kind][name])


def test_fan_out_decodes_a_key_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[InputObject] = []

    def remember(source: InputObject) -> FanOutcome:
        sources.append(source)
        return FanOutcome(source.run, started=True)

    monkeypatch.setattr("fan_out.app._fan_out", remember)
    event = json.loads((Path(__file__).parents[3] / "events/fan_out.json").read_text())
    other = json.loads(json.dumps(event["Records"][0]))
    other["s3"]["object"] |= {
        "key": "incoming/100%252B+a.csv",
        "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
    }
    event["Records"].append(other)

    context = LambdaContext()
    context._function_name = context._invoked_function_arn = context._aws_request_id = "local"
    context._memory_limit_in_mb = 512

    fan_out_handler(event, context)
    assert [source.key for source in sources] == [
        "examples/spring catalogue (new).csv",
        "incoming/100%2B a.csv",
    ]
    assert [source.version for source in sources] == [None, "096fKKXTRTtl3on89fVO.nfljtsv6qko"]
    assert fan_out_handler({"Event": "s3:TestEvent"}, context) == {"runs": []}
