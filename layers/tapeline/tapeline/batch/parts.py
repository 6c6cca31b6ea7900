"""What workers have written about a shard: which pictures are answered, and the parts still to come."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from tapeline.batch import keys
from tapeline.batch.jsonl import CONTENT_TYPE
from tapeline.batch.shard_results import PictureResult, ShardStats, dump_shard_result, load_shard_result
from tapeline.batch.shards import PictureTask
from tapeline.errors import CorruptObjectError, ObjectMissingError
from tapeline.ports import ObjectStore

# Seconds after which a worker writes what it has answered. Chosen by hand: so much is lost with a worker at
# most, for one small object every few pictures.
PART_SECONDS: Final = 15.0


@dataclass(slots=True)
class ShardObjects:
    """The objects about one shard, by their keys.

    Attributes:
        begun: How many workers have begun with it.
        parts: The keys of its parts.
        complete: Whether its last object is there.
    """

    begun: int = 0
    parts: list[str] = field(default_factory=list)
    complete: bool = False

    @property
    def next_part(self) -> int:
        """The number of the next part."""
        return 1 + max((keys.part_number(key) or 0 for key in self.parts), default=0)

    def add(self, key: str) -> None:
        """Count an object of this shard."""
        if keys.is_complete(key):
            self.complete = True
        elif keys.is_begun(key):
            self.begun += 1
        elif keys.part_number(key) is not None:
            self.parts.append(key)


def objects_of(found: Iterable[str]) -> ShardObjects:
    """Return what is there about a shard.

    Args:
        found: The keys of its objects.
    """
    objects = ShardObjects()
    for key in found:
        objects.add(key)
    return objects


def count_answered(tasks: Sequence[PictureTask], store: ObjectStore, parts: Iterable[str]) -> int:
    """Return how many pictures of a shard are answered in its parts, from its first one on.

    A part that is gone or broken is as good as none: its pictures are answered again, and the reducer takes
    each once.

    Args:
        tasks: The shard's pictures.
        store: The results bucket.
        parts: The keys of its parts.
    """
    positions: set[int] = set()
    for key in parts:
        try:
            with store.open(key) as chunks:
                _, pictures = load_shard_result(chunks)
                positions.update(row.position for picture in pictures for row in picture.rows)
        except (CorruptObjectError, ObjectMissingError):
            continue
    for index, task in enumerate(tasks):
        if not all(question.position in positions for question in task.questions):
            return index
    return len(tasks)


class PartWriter:
    """Writes a shard's result as the work goes on, in the background.

    Args:
        store: The results bucket.
        run: The run's name.
        objects: What is there about the shard.
        stats: The worker's figures; those of each object are filled in.
        seconds: Time after which a part is written.
    """

    def __init__(
        self, store: ObjectStore, run: str, objects: ShardObjects, stats: ShardStats, seconds: float
    ) -> None:
        self._store = store
        self._run = run
        self._stats = stats
        self._seconds = seconds
        self._begun = objects.begun + 1
        self._has_begun = False
        self._next = objects.next_part
        # With no parts before its own, this worker has all of the shard's answers at its end.
        self._whole = not objects.parts
        self._all: list[PictureResult] = []
        self._pending: list[PictureResult] = []
        self._written: list[tuple[Future[None], list[PictureResult]]] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="parts")
        self._start = self._last = time.perf_counter()
        self._cold_start = stats.cold_start

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Wait at the end for what is being written."""
        with self._pool:
            yield

    def begin(self, model_hashes: Mapping[str, str]) -> None:
        """Write that a worker has begun, now that its models are loaded; once, and before it goes on.

        A worker that ends between this and the shard's last object may have been ended by one of the shard's
        pictures.

        Args:
            model_hashes: For the stats.
        """
        if self._has_begun:
            return
        self._has_begun = True
        self._stats = replace(self._stats, model_hashes=model_hashes)
        key = keys.begun_key(self._run, self._stats.shard, self._begun)
        self._submit(key, [])
        # Otherwise the first picture could end the worker before.
        wait(future for future, _ in self._written)
        self._stats = replace(self._stats, cold_start=False)

    def add(self, result: PictureResult) -> None:
        """Add a picture; write a part where it is time."""
        self._all.append(result)
        self._pending.append(result)
        if time.perf_counter() - self._last >= self._seconds:
            self._submit(keys.part_key(self._run, self._stats.shard, self._next), self._take())
            self._next += 1

    def finish(self) -> None:
        """Write the last object: with all answers to the shard, so that its parts needn't be read.

        Where an earlier worker left parts, it has what is in no part.

        Raises:
            Exception: What the store raises; the shard isn't complete then.
        """
        for future, results in self._written:
            # A part that couldn't be written is made good by the last object.
            if future.exception() is not None:
                self._pending = [*results, *self._pending]
        if self._whole:
            # With the figures of the parts, too.
            self._pending, self._last = self._all, self._start
            self._stats = replace(self._stats, cold_start=self._cold_start, whole=True)
        key = keys.shard_result_key(self._run, self._stats.shard)
        self._store.write_once(key, self._dump(self._take()), content_type=CONTENT_TYPE)

    def _take(self) -> list[PictureResult]:
        taken, self._pending = self._pending, []
        return taken

    def _submit(self, key: str, results: list[PictureResult]) -> None:
        future = self._pool.submit(self._write, key, self._dump(results))
        self._written.append((future, results))

    def _write(self, key: str, body: bytes) -> None:
        if self._store.write_once(key, body, content_type=CONTENT_TYPE):
            return
        # Another worker is on this shard: its part has other pictures, maybe. Parts are read in any order,
        # so the number is of no account.
        number = keys.part_number(key)
        if number is not None:
            self._write(keys.part_key(self._run, self._stats.shard, number + 1), body)

    def _dump(self, results: list[PictureResult]) -> bytes:
        rows = [row for result in results for row in result.rows]
        now = time.perf_counter()
        stats = replace(
            self._stats,
            pictures=len(results),
            rows=len(rows),
            errors=sum(row.error_code is not None for row in rows),
            seconds=round(now - self._last, 3),
        )
        self._last = now
        return dump_shard_result(stats, results)
