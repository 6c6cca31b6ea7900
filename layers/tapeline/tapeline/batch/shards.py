"""Shards: a run's pictures in pieces of work, each picture with all questions about it."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Final

from tapeline.batch.jsonl import record_lines
from tapeline.batch.schema import Schema

# Pictures in a shard at least, where the deployment allows that many. Measured: a worker's cold
# start takes five to seven seconds, as much as a few pictures.
SMALLEST_SHARD: Final = 4

# Bytes of a shard's pictures and questions at which it takes no more of them: about 12,000 questions.
# Measured: the challenge's pictures come to 147 bytes each with their questions, so that shards of even 1,000
# pictures stay below it.
LARGEST_SHARD_BYTES: Final = 512 * 1024


# An empty text as JSON.
NO_TEXT: Final = b'""'


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
        category: The product's category, the input's ``group_id``; empty where it isn't known.
    """

    image_link: str
    questions: tuple[Question, ...]
    category: str = ""


@dataclass(frozen=True, slots=True)
class ManifestItem:
    """One item of a manifest, as the Distributed Map reads it.

    Attributes:
        shard: The name of a shard that is to be answered.
    """

    shard: str


_QUESTIONS: Final = Schema(
    Question, name="a question about a picture of a shard", advice="drop the CSV again"
)
_TASKS: Final = Schema(
    PictureTask, name="a picture of a shard with its questions", advice="drop the CSV again"
)


def shard_size(pictures: int, *, workers: int, largest: int) -> int:
    """Pictures in each shard: few enough that all workers get some, and at most ``largest``.

    Args:
        pictures: Pictures in the run.
        workers: Workers that run at once, at least 1.
        largest: The most pictures that a worker can answer within its time.
    """
    return max(min(math.ceil(pictures / workers), largest), min(SMALLEST_SHARD, largest))


def cut_shards(tasks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Cut tasks into shards.

    Args:
        tasks: Tasks as lines of JSON.
        size: Tasks in a shard at most.

    Yields:
        Shards of ``size`` tasks, or of fewer tasks with :data:`LARGEST_SHARD_BYTES` or more.
    """
    lines: list[bytes] = []
    filled = 0
    for line in tasks:
        lines.append(line)
        filled += len(line)
        if len(lines) == size or filled >= LARGEST_SHARD_BYTES:
            yield b"".join(lines)
            lines.clear()
            filled = 0
    if lines:
        yield b"".join(lines)


def dump_text(text: str) -> bytes:
    """Return a link or a category as JSON, for :func:`join_task`."""
    return json.dumps(text, ensure_ascii=False).encode()


def dump_question(question: Question) -> bytes:
    """Return a question as JSON, for :func:`join_task`."""
    return _QUESTIONS.dump_line(question).rstrip()


def join_task(link: bytes, questions: Iterable[bytes], category: bytes = NO_TEXT) -> bytes:
    """Return a task as a line of a shard, the same bytes as :func:`dump_shard` makes of the task.

    Args:
        link: The picture's link as JSON.
        questions: The questions as JSON.
        category: The product's category as JSON.
    """
    more = b"" if category == NO_TEXT else b',"category":%b' % category
    return b'{"image_link":%b,"questions":[%b]%b}\n' % (link, b",".join(questions), more)


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
