import json
from pathlib import Path
from typing import IO

import pytest

from tapeline.batch import keys
from tapeline.batch.documents import RejectionDocument, RunDocument
from tapeline.batch.fan_out import FanOutcome, fan_out
from tapeline.batch.keys import InputObject
from tapeline.batch.shards import load_shard
from tapeline.batch.states import AttemptInput
from tapeline.errors import CorruptObjectError, ObjectMissingError
from tests.unit.batch.helpers import SHARDING, SOURCE, shards, start, table
from tests.unit.fakes import Executions, MemoryStore


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
        "spent": 0,
        "answered": 0,
    }
    (shard,) = shards(results, SOURCE.run)
    tasks = load_shard(results.read(keys.shard_key(SOURCE.run, shard)))
    assert [(task.image_link, [item.position for item in task.questions]) for task in tasks] == [
        ("a", [0, 2]),
        ("b", [1]),
    ]


def test_the_execution_is_started_with_the_same_bytes_each_time() -> None:
    drop, results, executions, _ = start(table(["a"]))
    first = executions.payloads.pop(SOURCE.run)
    fan_out(SOURCE, drop, results, executions, SHARDING)
    assert executions.payloads[SOURCE.run] == first
    AttemptInput.model_validate_json(first)


def test_the_runs_description_is_written_after_the_shards_and_the_manifest() -> None:
    _, results, _, outcome = start(table(list("abcdefghi")))
    run = outcome.run
    written = {keys.shard_key(run, shard) for shard in ("00000", "00001", "00002")}
    assert set(results.written[:3]) == written
    assert results.written[3:] == [keys.manifest_key(run, 1), keys.run_document_key(run)]
    assert shards(results, run) == ["00000", "00001", "00002"]
    document = RunDocument.load(results.read(keys.run_document_key(run)))
    assert document == RunDocument(run, SOURCE, rows=9, pictures=9, shards=3)


def test_a_shard_that_cannot_be_written_fails_the_call_and_describes_no_run() -> None:
    class FullStore(MemoryStore):
        def write(self, key: str, body: bytes | IO[bytes], *, content_type: str) -> None:
            if key.endswith("/00001.jsonl"):
                raise OSError("full")
            super().write(key, body, content_type=content_type)

    drop, results, executions = MemoryStore(), FullStore(), Executions()
    drop.objects[SOURCE.key] = table(list("abcdefghi"))
    with pytest.raises(OSError, match="full"):
        fan_out(SOURCE, drop, results, executions, SHARDING)
    assert not results.exists(keys.run_document_key(SOURCE.run))
    assert not executions.payloads


def test_a_picture_with_more_questions_than_a_task_takes_has_several(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tapeline.batch.grouping.LARGEST_TASK_BYTES", 500)
    drop, results, executions = MemoryStore(), MemoryStore(), Executions()
    links = ["z" if number % 10 else f"{number}" for number in range(1000)]
    drop.objects[SOURCE.key] = table(links)
    fan_out(SOURCE, drop, results, executions, SHARDING, scratch=tmp_path)
    assert not list(tmp_path.iterdir())
    run = SOURCE.run
    tasks = [
        task
        for shard in shards(results, run)
        for task in load_shard(results.read(keys.shard_key(run, shard)))
    ]
    assert sorted(question.position for task in tasks for question in task.questions) == list(range(1000))
    assert max(len(task.questions) for task in tasks) < 15
    assert [task.questions[0].position for task in tasks] == sorted(
        task.questions[0].position for task in tasks
    )
    document = RunDocument.load(results.read(keys.run_document_key(run)))
    assert (document.rows, document.pictures) == (1000, 101)


def test_an_input_that_the_outputs_could_not_hold_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapeline.batch.lines.MAX_INPUT_BYTES", 100)
    _, results, executions, outcome = start(table(["a"] * 100))
    assert outcome.rejected is not None
    assert not executions.payloads
    assert json.loads(results.read(keys.rejection_key(SOURCE)))["expected"] == "a file of at most 100 bytes"


def test_a_file_without_rows_is_a_run_without_shards() -> None:
    _, results, executions, outcome = start(b"image_link,entity_name\n")
    assert outcome.started
    assert AttemptInput.model_validate_json(executions.payloads[outcome.run]).shards == 0
    assert shards(results, outcome.run) == []


def test_too_many_rows_are_rejected() -> None:
    _, results, executions, outcome = start(table(["a"] * 1001))
    assert outcome.rejected is not None
    assert not executions.payloads
    assert results.written == [f"results/test/{SOURCE.run}/rejected.json"]
    assert json.loads(results.read(results.written[0]))["expected"] == "at most 1000 rows"


def test_as_many_rows_as_allowed_are_not_rejected() -> None:
    assert start(table(["a"] * 1000))[-1].started


def test_a_rejection_says_what_was_wrong_with_which_object() -> None:
    _, results, executions, outcome = start(b"image_link,entity_name\nl,width\n\xff,width\n")
    assert not executions.payloads
    rejection = RejectionDocument.load(results.read(keys.rejection_key(SOURCE)))
    assert (rejection.received, rejection.line, rejection.input) == ("the byte 0xff", 3, SOURCE)
    assert outcome.rejected == str(rejection.to_error())


@pytest.mark.parametrize(
    ("key", "body", "received"),
    [
        ("incoming/...csv", b"image_link,entity_name\n", "'..'"),
        ("incoming/..csv", b"image_link,entity_name\n", "'.'"),
        # A file's name has 255 bytes at most, with the suffix _out.csv too.
        (f"incoming/{'n' * 251}.csv", b"image_link,entity_name\n", "251 bytes in UTF-8"),
        (f"incoming/{'ü' * 125}.csv", b"image_link,entity_name\n", "250 bytes in UTF-8"),
        # A key has 1,024 bytes at most.
        (f"incoming/{'n' * 1010}.csv", b"image_link,entity_name\n", "1010 bytes in UTF-8"),
        ("incoming/t.csv", b"image_link,entity_name\nl," + b"x" * 2_000_000, "a longer one"),
        ("incoming/t.csv", b'image_link,entity_name\nl,"' + b"x\n" * 200_000, "a longer one"),
        ("incoming/t.csv", b"image_link,indx,entity_name\n", "the column 'indx'"),
        (
            "incoming/t.csv",
            b"image_link,index,entity_name,Index\n",
            "index twice or more: 'index' and 'Index'",
        ),
        ("incoming/t.csv", "image_link,entity_name\n".encode("utf-16"), "the byte 0xff"),
        ("incoming/t.csv", b"PK\x03\x04\x14\x00", "the columns 'PK\\x03\\x04\\x14\\x00'"),
    ],
    ids=lambda value: value[-20:] if isinstance(value, str) else "",
)
def test_each_unusable_file_is_rejected_before_anything_else_is_written(
    key: str, body: bytes, received: str
) -> None:
    source = InputObject("drop", key, "v1")
    drop, results, executions = MemoryStore(), MemoryStore(), Executions()
    drop.objects[key] = body
    outcome = fan_out(source, drop, results, executions, SHARDING)
    assert not executions.payloads
    assert results.written == [keys.rejection_key(source)]
    written = results.read(keys.rejection_key(source))
    assert len(written) < 4096
    rejection = RejectionDocument.load(written)
    assert (rejection.received, rejection.input) == (received, source)
    assert outcome.rejected == str(rejection.to_error())


def test_an_object_that_is_gone_is_an_error() -> None:
    with pytest.raises(ObjectMissingError):
        fan_out(SOURCE, MemoryStore(), MemoryStore(), Executions(), SHARDING)


def test_a_broken_description_is_reported_and_nothing_is_started() -> None:
    drop, results, executions, _ = start(table(["a"]))
    executions.payloads.clear()
    results.objects[keys.run_document_key(SOURCE.run)] = b"{}"
    with pytest.raises(CorruptObjectError, match="a run's description: run: Field required"):
        fan_out(SOURCE, drop, results, executions, SHARDING)
    assert not executions.payloads
