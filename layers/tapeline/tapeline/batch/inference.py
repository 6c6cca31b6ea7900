"""A shard of pictures to a result with their answers, within the worker's time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tapeline import __version__
from tapeline.answering import Components, PictureAnswers, PictureQuery, answer_pictures
from tapeline.batch import keys
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, dump_shard_result
from tapeline.batch.shards import PictureTask, Question, dump_shard, load_shard, remainder_name
from tapeline.errors import ErrorCode, RowError
from tapeline.ports import ObjectStore
from tapeline.quantities import format_prediction

_SAFETY: Final = 3.0
"""The next picture may take this many times as long as the slowest so far."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker knows about itself.

    Attributes:
        remaining_seconds: How long it may still run.
        reserve_seconds: Time to keep for writing, and for a download that hangs until its deadline.
        memory_megabytes: Its memory size.
        cold_start: Whether this is its first shard.
    """

    remaining_seconds: Callable[[], float]
    reserve_seconds: float
    memory_megabytes: int
    cold_start: bool


def infer_shard(
    run: str, shard: str, store: ObjectStore, components: Components, worker: Worker
) -> dict[str, object]:
    """Answer a shard and write its shard result; hand back what there is no time for.

    What is left is written as a shard of its own before the shard result is: whatever happens in between,
    every picture is in a shard result or in a shard without one. The first shard result written stands.

    Args:
        run: The run's name.
        shard: The shard's name.
        store: The results bucket.
        components: The adapters.
        worker: The worker's own limits.

    Returns:
        ``{"shard", "rows", "errors", "left"}``: the state machine's payload stays small.

    Raises:
        ObjectMissingError: There is no such shard.
        CorruptObjectError: The shard can't be read.
    """
    start = time.perf_counter()
    tasks = load_shard(store.read(keys.shard_key(run, shard)))
    lines: list[bytes] = []
    rows = errors = 0
    slowest = 0.0
    before = start
    queries = (PictureQuery(task.image_link, _entities(task)) for task in tasks)
    answers = answer_pictures(queries, components)
    for task in tasks:
        # A first picture is always tried: otherwise a shard could be handed back for ever.
        if lines and worker.remaining_seconds() < worker.reserve_seconds + _SAFETY * slowest:
            break
        result = _picture_result(task, next(answers))
        lines.append(result.to_line())
        rows += len(result.rows)
        errors += sum(row.error_code is not None for row in result.rows)
        now = time.perf_counter()
        slowest = max(slowest, now - before)
        before = now
    answers.close()

    left = tasks[len(lines) :]
    if left:
        rest = remainder_name(shard, len(lines))
        store.write(keys.shard_key(run, rest), dump_shard(left), content_type=CONTENT_TYPE)
    header = ShardStats(
        shard=shard,
        pictures=len(lines),
        rows=rows,
        errors=errors,
        left=len(left),
        cold_start=worker.cold_start,
        seconds=round(time.perf_counter() - start, 3),
        memory_megabytes=worker.memory_megabytes,
        code_version=__version__,
        model_hashes=_hashes(components),
    )
    store.write_once(
        keys.shard_result_key(run, shard), dump_shard_result(header, lines), content_type=CONTENT_TYPE
    )
    return {"shard": shard, "rows": rows, "errors": errors, "left": len(left)}


def _hashes(components: Components) -> Mapping[str, str]:
    return components.classifier.model_hashes if components.classifier else {}


def _entities(task: PictureTask) -> tuple[str, ...]:
    names = (question.entity_name for question in task.questions if question.problem is None)
    return tuple(dict.fromkeys(names))


def _picture_result(task: PictureTask, result: PictureAnswers) -> PictureResult:
    return PictureResult(
        rows=tuple(_row_answer(question, result) for question in task.questions),
        labels=tuple((label.name, label.score) for label in result.labels),
        milliseconds=result.milliseconds,
    )


def _row_answer(question: Question, result: PictureAnswers) -> RowAnswer:
    if question.problem is not None:
        return RowAnswer(question.position, error_code=ErrorCode.BAD_ROW, error=question.problem)
    answer = result.answers[question.entity_name]
    if isinstance(answer, RowError):
        return RowAnswer(question.position, error_code=answer.code, error=answer.message)
    return RowAnswer(
        position=question.position,
        prediction=format_prediction(answer.quantity),
        confidence=round(answer.confidence, 4),
        text=answer.text,
        box=answer.box,
        runners_up=tuple(
            (format_prediction(runner.quantity), round(runner.confidence, 4), runner.text)
            for runner in answer.runners_up
        ),
    )
