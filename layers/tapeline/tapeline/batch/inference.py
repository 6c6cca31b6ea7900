"""A shard of pictures to a shard result with their answers, within the worker's time."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from tapeline import __version__
from tapeline.answering import Components, answer_pictures
from tapeline.answers import PictureAnswers, PictureQuery
from tapeline.batch import keys
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, dump_shard_result
from tapeline.batch.shards import PictureTask, Question, dump_shard, load_shard, remainder_name
from tapeline.batch.states import ShardOutput
from tapeline.errors import ErrorCode, RowError
from tapeline.ports import ObjectStore
from tapeline.quantities import format_prediction

# How many times as long as the slowest picture so far the next one may take; chosen by hand.
_SAFETY_FACTOR: Final = 3.0


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker knows about itself.

    Attributes:
        remaining_seconds: Returns how long it may still run.
        reserve_seconds: Time to keep for writing, and for a download that lasts until its deadline.
        memory_megabytes: Its memory size.
        cold_start: Whether this is its first shard.
    """

    remaining_seconds: Callable[[], float]
    reserve_seconds: float
    memory_megabytes: int
    cold_start: bool


def infer_shard(
    run: str, shard: str, store: ObjectStore, components: Components, worker: Worker
) -> ShardOutput:
    """Answer a shard's pictures and write the shard result.

    The pictures that there is no time for are written first, as a shard of their own: if the worker
    ends at any point, every picture is in a shard result or in a shard without one. A shard result
    that exists already is kept.

    Args:
        run: The run's name.
        shard: The shard's name.
        store: The results bucket.
        components: The adapters.
        worker: The worker's own limits.

    Returns:
        The shard's counts.

    Raises:
        ObjectMissingError: There is no such shard.
        CorruptObjectError: The shard can't be read.
    """
    start = time.perf_counter()
    tasks = load_shard(store.read(keys.shard_key(run, shard)))
    results = _answer_in_time(tasks, components, worker)
    left = tasks[len(results) :]
    if left:
        remainder = keys.shard_key(run, remainder_name(shard, len(results)))
        store.write(remainder, dump_shard(left), content_type=CONTENT_TYPE)
    answers = [row for result in results for row in result.rows]
    stats = ShardStats(
        shard=shard,
        pictures=len(results),
        rows=len(answers),
        errors=sum(row.error_code is not None for row in answers),
        cold_start=worker.cold_start,
        seconds=round(time.perf_counter() - start, 3),
        memory_megabytes=worker.memory_megabytes,
        code_version=__version__,
        model_hashes=_hashes(components),
    )
    body = dump_shard_result(stats, results)
    store.write_once(keys.shard_result_key(run, shard), body, content_type=CONTENT_TYPE)
    return ShardOutput(shard=shard, rows=stats.rows, errors=stats.errors, left=len(left))


def _answer_in_time(
    tasks: Sequence[PictureTask], components: Components, worker: Worker
) -> list[PictureResult]:
    """Answer pictures, in order, until none is left or another one could take too long."""
    results: list[PictureResult] = []
    slowest = 0.0
    before = time.perf_counter()
    queries = (PictureQuery(task.image_link, _entities(task)) for task in tasks)
    with closing(answer_pictures(queries, components)) as answers:
        for task in tasks:
            # The first picture is answered in any case: otherwise no attempt would get any further.
            if results and worker.remaining_seconds() < worker.reserve_seconds + _SAFETY_FACTOR * slowest:
                break
            results.append(_picture_result(task, next(answers)))
            now = time.perf_counter()
            slowest = max(slowest, now - before)
            before = now
    return results


def _hashes(components: Components) -> Mapping[str, str]:
    return components.answerer.model_hashes


def _entities(task: PictureTask) -> tuple[str, ...]:
    names = (question.entity_name for question in task.questions if question.problem is None)
    return tuple(dict.fromkeys(names))


def _picture_result(task: PictureTask, answers: PictureAnswers) -> PictureResult:
    return PictureResult(
        rows=tuple(_row_answer(question, answers) for question in task.questions),
        labels=tuple((label.name, round(label.score, 4)) for label in answers.labels),
        milliseconds={stage: round(spent, 1) for stage, spent in answers.milliseconds.items()},
    )


def _row_answer(question: Question, answers: PictureAnswers) -> RowAnswer:
    if question.problem is not None:
        return RowAnswer(question.position, error_code=ErrorCode.BAD_ROW, error=question.problem)
    answer = answers.answers[question.entity_name]
    if isinstance(answer, RowError):
        return RowAnswer(question.position, error_code=answer.code, error=answer.message)
    return RowAnswer(
        position=question.position,
        prediction=format_prediction(answer.quantity),
        confidence=round(answer.confidence, 4),
        stated=round(answer.stated, 4),
        text=answer.text,
        box=answer.box,
        runners_up=tuple(
            (format_prediction(runner.quantity), round(runner.confidence, 4), runner.text)
            for runner in answer.runners_up
        ),
    )
