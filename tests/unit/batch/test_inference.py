import dataclasses
from collections.abc import Iterable

import pytest

from tapeline import __version__, answering
from tapeline.batch import keys
from tapeline.batch.inference import Worker, infer_shard
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, load_shard_result
from tapeline.batch.shards import load_shard
from tapeline.batch.states import ShardOutput
from tapeline.errors import CorruptObjectError, ErrorCode, ObjectMissingError, RowError
from tapeline.ranking.choosing import Answer
from tapeline.reading.scene import Scene
from tests.unit.batch.helpers import UNHURRIED, components, start, table
from tests.unit.fakes import Classifier, Fetcher, MemoryStore


def result_of(results: MemoryStore, run: str, shard: str) -> tuple[ShardStats, list[PictureResult]]:
    stats, pictures = load_shard_result([results.read(keys.shard_result_key(run, shard))])
    return stats, list(pictures)


def test_a_shard_result_has_the_answers_and_the_workers_figures() -> None:
    _, results, _, outcome = start(table(["a", "b", "a"]))
    worker = dataclasses.replace(UNHURRIED, cold_start=True)
    done = infer_shard(outcome.run, "00000", results, components(classifier=Classifier()), worker)
    assert done == ShardOutput(shard="00000", rows=3, errors=0, left=0)
    stats, pictures = result_of(results, outcome.run, "00000")
    assert stats == ShardStats(
        shard="00000",
        pictures=2,
        rows=3,
        errors=0,
        cold_start=True,
        seconds=stats.seconds,
        memory_megabytes=3008,
        code_version=__version__,
        model_hashes=Classifier.model_hashes,
        run=outcome.run,
    )
    assert stats.seconds >= 0
    assert [[row.position for row in picture.rows] for picture in pictures] == [[0, 2], [1]]
    row = pictures[0].rows[0]
    assert (row.prediction, row.text) == ("12.5 kilogram", "12.5 kg")
    assert row.confidence == round(row.confidence, 4) > 0
    assert 1 >= row.stated == round(row.stated, 4) >= row.confidence
    assert row.box == ((0, 0), (100, 0), (100, 20), (0, 20))
    assert pictures[0].labels == (("shade 1", 0.5),)
    assert set(pictures[0].milliseconds) == {"fetch", "decode", "classify", "read", "answer"}
    assert all(spent == round(spent, 1) for spent in pictures[0].milliseconds.values())


def test_an_empty_answer_has_how_probably_it_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    def abstain(scene: Scene, entity_names: Iterable[str]) -> dict[str, Answer]:
        return {name: Answer(None, 0.0, 0.123456, "", None) for name in entity_names}

    monkeypatch.setattr(answering, "choose_answers", abstain)
    _, results, _, outcome = start(table(["a"]))
    infer_shard(outcome.run, "00000", results, components(), UNHURRIED)
    _, (picture,) = result_of(results, outcome.run, "00000")
    assert picture.rows == (RowAnswer(0, confidence=0.0, stated=0.1235),)


def test_a_bad_row_is_not_asked_and_an_error_is_its_rows_answer() -> None:
    def fail(link: str) -> None:
        raise RowError(ErrorCode.HTTP_STATUS, f"expected 200 for {link}, received 404")

    body = b"image_link,entity_name\nb,width\na\na,colour\nb,width,more\n"
    _, results, _, outcome = start(body)
    fetcher = Fetcher(fail)
    done = infer_shard(outcome.run, "00000", results, components(fetcher), UNHURRIED)
    assert (done.rows, done.errors) == (4, 4)
    _, pictures = result_of(results, outcome.run, "00000")
    answers = {row.position: row for picture in pictures for row in picture.rows}
    assert {position: answer.error_code for position, answer in answers.items()} == {
        0: ErrorCode.HTTP_STATUS,
        1: ErrorCode.BAD_ROW,
        2: ErrorCode.UNKNOWN_ENTITY,
        3: ErrorCode.BAD_ROW,
    }
    assert answers[0].error == "expected 200 for b, received 404"
    assert "received 1" in answers[1].error
    assert fetcher.links == ["b"]


def test_a_worker_writes_what_is_left_before_its_result() -> None:
    _, results, _, outcome = start(table(list("abcd")))
    times = iter([100.0, 1.0])
    hurried = Worker(lambda: next(times), 45, 3008, cold_start=True)
    done = infer_shard(outcome.run, "00000", results, components(), hurried)
    assert done == ShardOutput(shard="00000", rows=2, errors=0, left=2)
    remainder = keys.shard_key(outcome.run, "00000-2")
    assert results.written[-2:] == [remainder, keys.shard_result_key(outcome.run, "00000")]
    assert [task.image_link for task in load_shard(results.read(remainder))] == ["c", "d"]


def test_a_worker_without_any_time_answers_one_picture_all_the_same() -> None:
    _, results, _, outcome = start(table(list("abc")))
    late = Worker(lambda: 0.0, 45, 3008, cold_start=False)
    assert infer_shard(outcome.run, "00000", results, components(), late).left == 2


def test_the_first_result_is_kept() -> None:
    _, results, _, outcome = start(table(["a"]))
    infer_shard(outcome.run, "00000", results, components(), UNHURRIED)
    before = results.read(keys.shard_result_key(outcome.run, "00000"))
    infer_shard(outcome.run, "00000", results, components(classifier=Classifier()), UNHURRIED)
    assert results.read(keys.shard_result_key(outcome.run, "00000")) == before


def test_a_shard_that_is_missing_or_broken_is_an_error() -> None:
    _, results, _, outcome = start(table(["a"]))
    with pytest.raises(ObjectMissingError):
        infer_shard(outcome.run, "00001", results, components(), UNHURRIED)
    results.objects[keys.shard_key(outcome.run, "00000")] = b"{}\n"
    with pytest.raises(CorruptObjectError, match="image_link: Field required"):
        infer_shard(outcome.run, "00000", results, components(), UNHURRIED)
    assert not results.exists(keys.shard_result_key(outcome.run, "00000"))
