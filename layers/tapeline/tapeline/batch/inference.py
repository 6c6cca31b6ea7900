"""A shard of pictures to a shard result with their answers, within the worker's time."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final

from tapeline import __version__
from tapeline.answering import Components, answer_pictures
from tapeline.answers import PictureAnswerer, PictureAnswers, PictureQuery, failed
from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.metrics import shard_metrics
from tapeline.batch.parts import PART_SECONDS, PartWriter, count_answered, objects_of
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, bad_row
from tapeline.batch.shards import PictureTask, Question, dump_shard, load_shard, remainder_name
from tapeline.batch.states import ShardOutput
from tapeline.batch.thumbnails import Reviewing, ThumbnailKeeper, shard_share
from tapeline.entities import EntitySet
from tapeline.errors import DeadlineError, ErrorCode, RowError
from tapeline.ports import ObjectStore
from tapeline.quantities import format_prediction
from tapeline.telemetry import SILENT, Telemetry, side_by_side

# How many times as long as the slowest picture so far the next one may take; chosen by hand.
_SAFETY_FACTOR: Final = 3.0

# Seconds before its own end at which a worker gives up a picture: time to write what it has. Chosen by hand.
_WRITING_SECONDS: Final = 10.0

# The error of a picture for which a worker's whole time isn't enough.
_TOO_SLOW: Final = RowError(
    ErrorCode.TIMEOUT_READING,
    "expected a picture that can be read within a worker's time, which wasn't enough: "
    "link to a smaller or simpler picture, or raise InferenceTimeout",
)


def _ignore(_: PictureResult) -> None:
    """Do nothing with an answered picture."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker knows about itself.

    Attributes:
        remaining_seconds: Returns how long it may still run.
        reserve_seconds: Time to keep for writing, and for a download that lasts until its deadline.
        memory_megabytes: Its memory size.
        cold_start: Whether this is its first shard.
        part_seconds: Time after which it writes what it has answered.
        answered: Called with each picture that it has answered.
        reviewing: What it keeps for those who review the run.
    """

    remaining_seconds: Callable[[], float]
    reserve_seconds: float
    memory_megabytes: int
    cold_start: bool
    part_seconds: float = PART_SECONDS
    answered: Callable[[PictureResult], None] = _ignore
    reviewing: Reviewing = field(default_factory=Reviewing)


def infer_shard(
    run: str,
    shard: str,
    store: ObjectStore,
    components: Components,
    worker: Worker,
    *,
    telemetry: Telemetry = SILENT,
) -> ShardOutput:
    """Answer a shard's pictures and write the shard result, in parts as the work goes on.

    Pictures that an earlier worker answered before it was lost are skipped. Those that there is no time for
    are written as a shard of their own, before the last object of this shard's result: if the worker ends at
    any point, every picture is in a shard result or in a shard without one. A shard result that is complete
    is kept.

    Args:
        run: The run's name.
        shard: The shard's name.
        store: The results bucket.
        components: The adapters.
        worker: The worker's own limits.
        telemetry: Is told what this worker answered, once that is written.

    Returns:
        What this worker answered.

    Raises:
        ObjectMissingError: There is no such run or shard.
        CorruptObjectError: The run's description or the shard can't be read.
        ModelFileError: A model file isn't what it should be.
        ReadingProcessError: The process that answers pictures didn't start.
    """
    begin = time.time()
    entities = RunDocument.load(store.read(keys.run_document_key(run))).entities
    tasks = load_shard(store.read(keys.shard_key(run, shard)))
    objects = objects_of(store.keys(keys.shard_objects_prefix(run, shard)))
    if objects.complete:
        return ShardOutput(shard=shard, rows=0, errors=0, left=0)
    first = count_answered(tasks, store, objects.parts)
    stats = ShardStats(
        shard=shard,
        pictures=0,
        rows=0,
        errors=0,
        cold_start=worker.cold_start,
        seconds=0.0,
        memory_megabytes=worker.memory_megabytes,
        code_version=__version__,
        run=run,
    )
    writer = PartWriter(store, run, objects, stats, worker.part_seconds)
    thumbnails = ThumbnailKeeper(shard_share(run, store, len(tasks), worker.reviewing))
    with writer.opened():
        crop_below = worker.reviewing.threshold if thumbnails.most else 0.0
        asked = [(task, _query(task, entities, crop_below)) for task in tasks[first:]]
        results = _answer_in_time(asked, components, worker, writer, thumbnails)
        thumbnails.write(run, store)
        done = first + len(results)
        if left := tasks[done:]:
            remainder = keys.shard_key(run, remainder_name(shard, done))
            store.write(remainder, dump_shard(left), content_type=CONTENT_TYPE)
        writer.finish()
    telemetry.emit(shard_metrics(results, cold_start=worker.cold_start))
    telemetry.trace(side_by_side((result.milliseconds for result in results), begin))
    answers = [row for result in results for row in result.rows]
    errors = sum(row.error_code is not None for row in answers)
    return ShardOutput(shard=shard, rows=len(answers), errors=errors, left=len(left))


def _answer_in_time(
    asked: Sequence[tuple[PictureTask, PictureQuery]],
    components: Components,
    worker: Worker,
    writer: PartWriter,
    thumbnails: ThumbnailKeeper,
) -> list[PictureResult]:
    """Answer pictures, in order, until none is left or another one could take too long."""
    results: list[PictureResult] = []
    slowest = 0.0
    before = time.monotonic()
    deadline = before + worker.remaining_seconds() - _WRITING_SECONDS
    own = replace(components, answerer=_Announced(components.answerer, writer))
    with closing(answer_pictures((query for _, query in asked), own, deadline)) as answers:
        for task, query in asked:
            # The first picture is answered in any case: otherwise no attempt would get any further.
            if results and worker.remaining_seconds() < worker.reserve_seconds + _SAFETY_FACTOR * slowest:
                break
            try:
                answered = next(answers)
            except DeadlineError:
                # There is no more time. A first picture had all that there is: it has an error, or no attempt
                # would get any further.
                if not results:
                    results.append(_picture_result(task, failed(query, _TOO_SLOW)))
                    writer.add(results[0])
                break
            result = _picture_result(task, answered, worker.reviewing.threshold)
            thumbnails.add(task, answered)
            results.append(result)
            writer.add(result)
            worker.answered(result)
            now = time.monotonic()
            slowest = max(slowest, now - before)
            before = now
    writer.begin(components.answerer.model_hashes)
    return results


class _Announced:
    """An answerer that writes that the worker has begun, before the first picture."""

    def __init__(self, answerer: PictureAnswerer, writer: PartWriter) -> None:
        self._answerer = answerer
        self._writer = writer

    @property
    def model_hashes(self) -> Mapping[str, str]:
        return self._answerer.model_hashes

    def answer(self, query: PictureQuery, body: bytes, deadline: float = math.inf) -> PictureAnswers:
        self._writer.begin(self.model_hashes)
        return self._answerer.answer(query, body, deadline)


def _query(task: PictureTask, entities: EntitySet, crop_below: float) -> PictureQuery:
    names = (question.entity_name for question in task.questions if question.problem is None)
    return PictureQuery(
        task.image_link,
        tuple(dict.fromkeys(names)),
        crop_below=crop_below,
        entities=entities,
        category=task.category,
    )


def _picture_result(task: PictureTask, answers: PictureAnswers, threshold: float = 0.0) -> PictureResult:
    return PictureResult(
        rows=tuple(_row_answer(question, answers, threshold) for question in task.questions),
        labels=tuple((label.name, round(label.score, 4)) for label in answers.labels),
        milliseconds={stage: round(spent, 1) for stage, spent in answers.milliseconds.items()},
        notes=answers.notes,
    )


def _row_answer(question: Question, answers: PictureAnswers, threshold: float) -> RowAnswer:
    if question.problem is not None:
        return bad_row(question)
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
        runner_up_boxes=tuple(r.box for r in answer.runners_up) if answer.sureness < threshold else (),
    )
