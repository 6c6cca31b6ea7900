"""Shard results: the answers to one shard, as JSON Lines: the stats, then a picture a line.

A worker writes a shard's result in several objects of this form: that it has begun, without a picture; parts,
while it goes on; and the last one, which says that the shard is complete. Together they have each picture,
those of two workers on the same shard some of them twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from tapeline.batch.jsonl import record_lines
from tapeline.batch.schema import Schema
from tapeline.batch.shards import Question
from tapeline.errors import CorruptObjectError, ErrorCode
from tapeline.picture import Box

# The stages of a picture, in the order of the flow; the keys of ``PictureResult.milliseconds``.
STAGES: Final = ("fetch", "decode", "classify", "read", "answer")

_ADVICE: Final = "delete the shard result and start the run again"

# What could have been answered instead: prediction, confidence, text.
type RunnerUpRecord = tuple[str, float, str]

# One of ResNet50's classes: name, score from 0 to 1.
type LabelRecord = tuple[str, float]


@dataclass(frozen=True, slots=True)
class ShardStats:
    """What a worker reports about its work on one shard since its last object about it.

    Attributes:
        shard: The shard's name.
        pictures: Pictures in this object.
        rows: Rows in this object.
        errors: Rows with an error code among them.
        cold_start: Whether this is the first object of the worker's first shard.
        seconds: Wall-clock time since the last object, or since the worker's start with the shard.
        memory_megabytes: The worker's memory size, on which its price depends.
        code_version: The version of this package.
        model_hashes: File name -> SHA-256 of the model files in use; empty without ResNet50.
        run: The run's name; empty in results of versions that didn't write it.
        whole: Whether this object has all answers to the shard, so that its parts needn't be read.
    """

    shard: str
    pictures: int
    rows: int
    errors: int
    cold_start: bool
    seconds: float
    memory_megabytes: int
    code_version: str
    model_hashes: Mapping[str, str] = field(default_factory=dict)
    run: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """The answer to one row.

    Attributes:
        position: The row's number in the input, from 0.
        prediction: Such as ``12.5 centimetre``; empty where the picture doesn't say.
        confidence: 0 to 1.
        stated: How probably the picture states the entity, 0 to 1; with an empty prediction too.
        text: The line of text that the prediction was read from; empty where there is none.
        box: The line's corners in pixels of the original picture.
        runners_up: What could have been answered instead, best first.
        runner_up_boxes: The corners of the lines of the runners-up, where the answer is to be reviewed; most
            answers are read by nobody, and have none.
        error_code: Why the row couldn't be answered, or None.
        error: The same in words; empty where there is no error.
    """

    position: int
    prediction: str = ""
    confidence: float = 0.0
    stated: float = 0.0
    text: str = ""
    box: Box | None = None
    runners_up: tuple[RunnerUpRecord, ...] = ()
    runner_up_boxes: tuple[Box, ...] = ()
    error_code: ErrorCode | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class PictureResult:
    """The answers to all questions about one picture.

    Attributes:
        rows: The answers, one for each question.
        labels: ResNet50's best classes, best first; empty without ResNet50.
        milliseconds: Stage -> wall-clock time.
        notes: What limits left out of the reading.
    """

    rows: tuple[RowAnswer, ...]
    labels: tuple[LabelRecord, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def bad_row(question: Question) -> RowAnswer:
    """Return the answer to a question whose row has a problem of its own."""
    return RowAnswer(question.position, error_code=ErrorCode.BAD_ROW, error=question.problem or "")


_STATS: Final = Schema(ShardStats, name="a shard result that begins with its stats", advice=_ADVICE)
_PICTURES: Final = Schema(PictureResult, name="a shard result with a picture a line", advice=_ADVICE)


def dump_shard_result(stats: ShardStats, pictures: Iterable[PictureResult]) -> bytes:
    """Return a shard result as JSON Lines.

    Raises:
        ValueError: A number is a NaN or an infinity, which JSON doesn't have.
    """
    return b"".join(chain([_STATS.dump_line(stats)], map(_PICTURES.dump_line, pictures)))


def load_shard_result(chunks: Iterable[bytes]) -> tuple[ShardStats, Iterator[PictureResult]]:
    """Stream a shard result.

    Args:
        chunks: Its bytes, split anywhere.

    Returns:
        The stats, and the pictures as they arrive.

    Raises:
        CorruptObjectError: The bytes aren't a shard result (also while the pictures are iterated).
    """
    lines = record_lines(chunks)
    first = next(lines, None)
    if first is None:
        raise CorruptObjectError(f"expected a shard result, received an empty object; {_ADVICE}")
    return _STATS.load(first), map(_PICTURES.load, lines)
