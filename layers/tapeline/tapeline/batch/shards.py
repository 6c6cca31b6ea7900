"""Shards: a run's pictures in pieces of work, each picture with all questions about it."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Final

from tapeline.batch.jsonl import record_lines
from tapeline.batch.rows import Row
from tapeline.batch.schema import Schema

# Pictures in a shard at least, where the deployment allows that many. Measured: a worker's cold
# start takes five to seven seconds, as much as a few pictures.
SMALLEST_SHARD: Final = 4


@dataclass(frozen=True, slots=True)
class Question:
    """What one row asks of its picture.

    Attributes:
        position: The row's number in the input, from 0.
        entity_name: The entity as given; it may be unknown.
        problem: What is wrong with the row itself, or None.
    """

    position: int
    entity_name: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PictureTask:
    """One picture and all questions about it.

    Attributes:
        image_link: The link as given; it may be unusable.
        questions: At least one.
    """

    image_link: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class ManifestItem:
    """One item of a manifest, as the Distributed Map reads it.

    Attributes:
        shard: The name of a shard that is to be answered.
    """

    shard: str


_TASKS: Final = Schema(
    PictureTask, name="a picture of a shard with its questions", advice="drop the CSV again"
)


class RowGroups:
    """Rows grouped by picture, pictures in order of their first row.

    The challenge's 131,187 rows have 90,666 distinct links; each is to be fetched and read once.

    Attributes:
        rows: Rows so far.
    """

    def __init__(self) -> None:
        self._questions: dict[str, list[Question]] = {}
        self.rows = 0

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self._questions)

    def add(self, row: Row) -> None:
        """Add a row to its picture's group."""
        question = Question(row.position, row.entity_name, row.problem)
        self._questions.setdefault(row.image_link, []).append(question)
        self.rows += 1

    def __iter__(self) -> Iterator[PictureTask]:
        for link, questions in self._questions.items():
            yield PictureTask(link, tuple(questions))


def shard_size(pictures: int, *, workers: int, largest: int) -> int:
    """Pictures in each shard: few enough that all workers get some, and at most ``largest``.

    Args:
        pictures: Pictures in the run.
        workers: Workers that run at once, at least 1.
        largest: The most pictures that a worker can answer within its time.
    """
    return max(min(math.ceil(pictures / workers), largest), min(SMALLEST_SHARD, largest))


def dump_shard(tasks: Iterable[PictureTask]) -> bytes:
    """Return a shard as JSON Lines, a picture a line."""
    return b"".join(map(_TASKS.dump_line, tasks))


def load_shard(body: bytes) -> list[PictureTask]:
    """Return the pictures of a shard.

    Raises:
        CorruptObjectError: The bytes aren't a shard.
    """
    return [_TASKS.load(line) for line in record_lines([body])]


def shard_name(number: int) -> str:
    """The name of a shard of the first attempt, such as ``00042``."""
    return f"{number:05d}"


def remainder_name(shard: str, done: int) -> str:
    """The name of the shard with the pictures that a worker left after it answered ``done``.

    Two workers on the same shard use the same name only for the same pictures, so that neither
    overwrites what the other one left.
    """
    return f"{shard}-{done}"


def range_name(shard: str, first: int, end: int) -> str:
    """The name of the shard with a shard's pictures from ``first`` up to, but not including, ``end``."""
    return f"{shard}-{first}to{end}"


def dump_manifest(shards: Iterable[str]) -> bytes:
    """Return the manifest of an attempt: a JSON array of :class:`ManifestItem`."""
    return json.dumps([asdict(ManifestItem(shard)) for shard in shards]).encode()
