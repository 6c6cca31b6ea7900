import dataclasses
import math
from collections.abc import Iterable

import pytest

from tapeline import __version__, answerer
from tapeline.answerer import Answerer
from tapeline.answers import Answer, PictureAnswers, PictureQuery
from tapeline.batch import keys
from tapeline.batch.inference import Worker, infer_shard
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, load_shard_result
from tapeline.batch.shards import load_shard
from tapeline.batch.states import ShardOutput
from tapeline.entities import EntitySet
from tapeline.errors import CorruptObjectError, DeadlineError, ErrorCode, ObjectMissingError, RowError
from tapeline.reading.scene import Scene
from tests.unit.batch.helpers import UNHURRIED, components, start, table
from tests.unit.fakes import Classifier, Decoder, Fetcher, MemoryStore, Reader


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
        whole=True,
    )
    assert stats.seconds >= 0
    # That it has begun is written first, with the cold start.
    begun, none = load_shard_result([results.read(keys.begun_key(outcome.run, "00000", 1))])
    assert begun == dataclasses.replace(stats, pictures=0, rows=0, seconds=begun.seconds, whole=False)
    assert list(none) == []
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
    def abstain(
        scene: Scene, entity_names: Iterable[str], entities: EntitySet, *, category: str
    ) -> dict[str, Answer]:
        return {name: Answer(None, 0.0, 0.123456, "", None) for name in entity_names}

    monkeypatch.setattr(answerer, "choose_answers", abstain)
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
    times = iter([100.0, 100.0, 1.0])
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


def parts_of(results: MemoryStore, run: str, shard: str) -> list[list[int]]:
    """The positions in each part of a shard, in the order of the parts."""
    found = [key for key in results.keys(keys.shard_objects_prefix(run, shard)) if keys.part_number(key)]
    return [
        [row.position for picture in load_shard_result([results.read(key)])[1] for row in picture.rows]
        for key in found
    ]


def test_parts_are_written_as_the_work_goes_on() -> None:
    _, results, _, outcome = start(table(list("abc")))
    often = dataclasses.replace(UNHURRIED, part_seconds=0)
    infer_shard(outcome.run, "00000", results, components(), often)
    assert parts_of(results, outcome.run, "00000") == [[0], [1], [2]]
    stats, pictures = result_of(results, outcome.run, "00000")
    assert [row.position for picture in pictures for row in picture.rows] == [0, 1, 2]
    assert stats.whole
    assert results.written[-1] == keys.shard_result_key(outcome.run, "00000")


def test_what_a_lost_worker_finished_stays_finished() -> None:
    _, results, _, outcome = start(table(list("abcd")))
    run = outcome.run

    def end_at_c(link: str) -> None:
        if link == "c":
            raise KeyboardInterrupt

    often = dataclasses.replace(UNHURRIED, part_seconds=0)
    with pytest.raises(KeyboardInterrupt):
        infer_shard(run, "00000", results, components(Fetcher(end_at_c)), often)
    assert parts_of(results, run, "00000") == [[0], [1]]
    assert not results.exists(keys.shard_result_key(run, "00000"))
    fetcher = Fetcher()
    done = infer_shard(run, "00000", results, components(fetcher), often)
    assert (done.rows, sorted(fetcher.links)) == (2, ["c", "d"])
    assert parts_of(results, run, "00000") == [[0], [1], [2], [3]]
    assert results.exists(keys.begun_key(run, "00000", 2))
    # The first worker's answers are in its parts alone.
    stats, _ = result_of(results, run, "00000")
    assert not stats.whole
    assert infer_shard(run, "00000", results, components(), often).rows == 0


class FailingStore(MemoryStore):
    """Refuses parts."""

    def write_once(self, key: str, body: bytes, *, content_type: str) -> bool:
        if keys.part_number(key) or keys.is_begun(key):
            raise OSError("no room")
        return super().write_once(key, body, content_type=content_type)


def test_parts_that_cannot_be_written_are_in_the_last_object() -> None:
    _, results, _, outcome = start(table(list("abc")))
    failing = FailingStore()
    failing.objects = results.objects
    infer_shard(outcome.run, "00000", failing, components(), dataclasses.replace(UNHURRIED, part_seconds=0))
    _, pictures = result_of(results, outcome.run, "00000")
    assert sorted(row.position for picture in pictures for row in picture.rows) == [0, 1, 2]


def test_two_workers_on_one_shard_write_parts_of_their_own() -> None:
    _, results, _, outcome = start(table(list("ab")))
    run = outcome.run
    often = dataclasses.replace(UNHURRIED, part_seconds=0)

    class Other(Fetcher):
        def fetch(self, link: str) -> bytes:
            if not results.exists(keys.shard_result_key(run, "00000")) and link == "a":
                infer_shard(run, "00000", results, components(), often)
            return super().fetch(link)

    infer_shard(run, "00000", results, components(Other()), often)
    assert sorted(parts_of(results, run, "00000")) == [[0], [0], [1], [1]]


class TooLate(Answerer):
    """Answers one picture, and is then too late."""

    def answer(self, query: PictureQuery, body: bytes, deadline: float = math.inf) -> PictureAnswers:
        if body != b"a":
            raise DeadlineError("too late")
        return super().answer(query, body, deadline)


def test_a_picture_that_is_given_up_at_the_workers_end_is_left_to_the_next_one() -> None:
    _, results, _, outcome = start(table(list("abc")))
    run = outcome.run
    own = dataclasses.replace(components(), answerer=TooLate(Decoder(), Reader()))
    done = infer_shard(run, "00000", results, own, UNHURRIED)
    assert (done.rows, done.left) == (1, 2)
    # There it is the first one, has all the time that there is, and isn't tried again.
    done = infer_shard(run, "00000-1", results, own, UNHURRIED)
    assert (done.rows, done.errors, done.left) == (1, 1, 1)
    _, (picture,) = result_of(results, run, "00000-1")
    assert picture.rows[0].error_code is ErrorCode.TIMEOUT_READING
