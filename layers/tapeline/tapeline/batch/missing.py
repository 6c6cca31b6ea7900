"""Which shards have no complete result yet, and the next attempt at them."""

from collections.abc import Iterable, Mapping
from typing import Final

from tapeline import __version__
from tapeline.batch import keys
from tapeline.batch.documents import JSON_TYPE
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.parallel import map_ahead
from tapeline.batch.parts import ShardObjects, count_answered
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, bad_row, dump_shard_result
from tapeline.batch.shards import PictureTask, dump_manifest, dump_shard, load_shard, range_name
from tapeline.batch.states import AttemptInput, MissingInput
from tapeline.errors import CorruptObjectError, ErrorCode, ObjectMissingError
from tapeline.ports import ObjectStore

# Workers that a single picture has to end before it is to blame: the first may have been ended by something
# else.
_TRIES: Final = 2

# Shards whose workers were lost in one attempt that answered nothing, beyond which the cause isn't sought
# among their pictures: it is the deployment's. Chosen by hand.
_LOST_TOGETHER: Final = 64

# Shards that are read and halved at the same time; chosen by hand.
_READERS: Final = 16


def find_missing(ended: MissingInput, store: ObjectStore, *, attempts: int) -> AttemptInput:
    """Compare shards with shard results, and write the manifest of the next attempt.

    The pictures that workers left for lack of time are in shards of their own, so that the same comparison
    finds them. A shard whose worker was lost on the way is halved, until the picture that ends its worker is
    alone in its shard; then it gets an error. An attempt counts only where it brought nothing: no answers
    and no halves.

    Args:
        ended: The attempt that just ended.
        store: The results bucket.
        attempts: Attempts that may bring nothing; after the last one of them, nothing is tried again.

    Returns:
        The next attempt; it has 0 shards where nothing is left to try, and then no manifest is written.
    """
    objects = _objects_by_shard(store.keys(keys.shard_results_prefix(ended.run)))
    answered = sum(len(found.parts) + found.complete for found in objects.values())
    missing = _missing(ended.run, store, objects)
    lost = [shard for shard in missing if shard in objects and objects[shard].begun]
    brought = answered > ended.answered
    if lost and (brought or len(lost) <= _LOST_TOGETHER):

        def halve(shard: str) -> bool:
            return _halve(ended.run, shard, objects[shard], store)

        if closed := sum(map_ahead(halve, lost, threads=_READERS)):
            brought = True
            answered += closed
            objects = _objects_by_shard(store.keys(keys.shard_results_prefix(ended.run)))
            missing = _missing(ended.run, store, objects)
    spent = ended.spent + (not brought)
    following = ended.attempt + 1
    tried = missing if spent < attempts else []
    manifest = keys.manifest_key(ended.run, following)
    if tried:
        store.write(manifest, dump_manifest(tried), content_type=JSON_TYPE)
    return AttemptInput(
        run=ended.run,
        attempt=following,
        manifest=manifest,
        shards=len(tried),
        spent=spent,
        answered=answered,
    )


def _objects_by_shard(found: Iterable[str]) -> dict[str, ShardObjects]:
    objects: dict[str, ShardObjects] = {}
    for key in found:
        objects.setdefault(keys.shard_of(key), ShardObjects()).add(key)
    return objects


def _missing(run: str, store: ObjectStore, objects: Mapping[str, ShardObjects]) -> list[str]:
    shards = map(keys.shard_of, store.keys(keys.shards_prefix(run)))
    return [shard for shard in shards if not (shard in objects and objects[shard].complete)]


def _halve(run: str, shard: str, objects: ShardObjects, store: ObjectStore) -> bool:
    """Put the unanswered pictures of a shard into two shards, or give a single one an error; close the shard.

    Returns:
        Whether the shard was closed: one that can't be read isn't, nor one whose single picture may have been
        in a worker that was lost for another reason.
    """
    try:
        tasks = load_shard(store.read(keys.shard_key(run, shard)))
    except (CorruptObjectError, ObjectMissingError):
        return False
    first = count_answered(tasks, store, objects.parts)
    left = tasks[first:]
    if len(left) == 1 and objects.begun < _TRIES:
        return False
    results: list[PictureResult] = []
    if len(left) == 1:
        results = [_culprit(left[0], objects.begun)]
    elif left:
        middle, end = first + (len(left) + 1) // 2, len(tasks)
        for begin, stop in ((first, middle), (middle, end)):
            key = keys.shard_key(run, range_name(shard, begin, stop))
            store.write(key, dump_shard(tasks[begin:stop]), content_type=CONTENT_TYPE)
    # Last of all: the shard is missing until its pictures are in other shards.
    body = dump_shard_result(_stats(run, shard, results), results)
    store.write_once(keys.shard_result_key(run, shard), body, content_type=CONTENT_TYPE)
    return True


def _culprit(task: PictureTask, times: int) -> PictureResult:
    message = (
        "expected a picture that can be read, received one that ended the worker that reads it, "
        f"{times} times, alone in its shard: replace the picture"
    )
    return PictureResult(
        tuple(
            RowAnswer(question.position, error_code=ErrorCode.WORKER_DIED, error=message)
            if question.problem is None
            else bad_row(question)
            for question in task.questions
        )
    )


def _stats(run: str, shard: str, results: list[PictureResult]) -> ShardStats:
    """Return figures for a shard that no worker completed."""
    rows = sum(len(result.rows) for result in results)
    return ShardStats(
        shard=shard,
        pictures=len(results),
        rows=rows,
        errors=rows,
        cold_start=False,
        seconds=0.0,
        memory_megabytes=0,
        code_version=__version__,
        run=run,
    )
