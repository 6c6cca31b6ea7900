"""Shards: the pictures of a run cut into pieces of work, each picture with all rows that ask about it."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tapeline.batch.jsonl import dump_line, load_lines
from tapeline.batch.rows import Row
from tapeline.errors import CorruptObjectError

# A worker's cold start takes about five seconds, and so do a few pictures: fewer are not worth a worker.
SMALLEST_SHARD: Final = 4


@dataclass(frozen=True, slots=True)
class Question:
    """What one row asks of its picture.

    Attributes:
        position: The row's place in the input, from 0.
        index: The row's index as given.
        entity_name: The entity as given; it may be unknown.
        group_id: The product category as given; may be empty.
        problem: What is wrong with the row itself, or None.
    """

    position: int
    index: str
    entity_name: str
    group_id: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PictureTask:
    """One picture, and all the rows that ask about it.

    Attributes:
        image_link: The link as given; it may be unusable.
        questions: At least one.
    """

    image_link: str
    questions: tuple[Question, ...]


class RowGroups:
    """Rows grouped by picture, pictures in order of their first row.

    The challenge's 131,187 rows have 90,666 distinct links: each is to be fetched and read once.
    """

    def __init__(self) -> None:
        self._questions: dict[str, list[Question]] = {}
        self.rows = 0

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self._questions)

    def add(self, row: Row) -> None:
        """Put a row to its picture."""
        question = Question(row.position, row.index, row.entity_name, row.group_id, row.problem)
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
        largest: The most that a worker does comfortably within its time.
    """
    return max(min(math.ceil(pictures / workers), largest), min(SMALLEST_SHARD, largest))


def dump_shard(tasks: Iterable[PictureTask]) -> bytes:
    """Return a shard's JSON Lines: a picture a line."""
    return b"".join(dump_line(_task_document(task)) for task in tasks)


def load_shard(body: bytes) -> list[PictureTask]:
    """Return the pictures of a shard.

    Raises:
        CorruptObjectError: The bytes aren't a shard.
    """
    try:
        return [_load_task(document) for document in load_lines([body])]
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptObjectError(
            f"expected a shard (a picture with its questions a line), received {body[:80]!r}...: "
            f"{error!r}; drop the CSV again"
        ) from error


def shard_name(number: int) -> str:
    """The name of a shard of the first attempt, such as ``00042``."""
    return f"{number:05d}"


def remainder_name(shard: str, done: int) -> str:
    """The name of the shard that holds what a worker handed back after ``done`` pictures.

    Two workers that run the same shard hand back under different names unless what is left is the
    same, so neither can hide the other's.
    """
    return f"{shard}-{done}"


def manifest_items(shards: Sequence[str]) -> list[dict[str, str]]:
    """The items of a manifest, as the Distributed Map reads them."""
    return [{"shard": shard} for shard in shards]


def _task_document(task: PictureTask) -> dict[str, Any]:
    questions = [
        {
            "position": question.position,
            "index": question.index,
            "entity_name": question.entity_name,
            "group_id": question.group_id,
            **({"problem": question.problem} if question.problem is not None else {}),
        }
        for question in task.questions
    ]
    return {"image_link": task.image_link, "questions": questions}


def _load_task(document: dict[str, Any]) -> PictureTask:
    questions = tuple(
        Question(
            position=int(item["position"]),
            index=str(item["index"]),
            entity_name=str(item["entity_name"]),
            group_id=str(item["group_id"]),
            problem=item.get("problem"),
        )
        for item in document["questions"]
    )
    return PictureTask(str(document["image_link"]), questions)
