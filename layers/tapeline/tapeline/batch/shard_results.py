"""Parts: the answers of one shard, as JSON Lines: a header, then a picture a line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any, Final, Self

from tapeline.batch.jsonl import dump_line, load_lines
from tapeline.errors import CorruptObjectError, ErrorCode
from tapeline.picture import Box

STAGES: Final = ("fetch", "decode", "classify", "read", "answer")
"""The stages of a picture, in the order of the flow; the keys of ``milliseconds``."""


@dataclass(frozen=True, slots=True)
class ShardStats:
    """What a worker says about its work on one shard.

    Attributes:
        shard: The shard's name.
        pictures: Pictures in this part.
        rows: Rows in this part.
        errors: Rows with an error code among them.
        left: Pictures that were handed back as a shard of their own.
        cold_start: Whether this was the worker's first shard.
        seconds: Wall-clock time of the shard.
        memory_megabytes: The worker's memory size, which its price goes by.
        code_version: The version of this package.
        model_hashes: File name -> SHA-256 of the model files in use; empty without ResNet50.
    """

    shard: str
    pictures: int
    rows: int
    errors: int
    left: int
    cold_start: bool
    seconds: float
    memory_megabytes: int
    code_version: str
    model_hashes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """The answer to one row, as a shard result holds it.

    Attributes:
        position: The row's place in the input, from 0.
        prediction: Such as ``12.5 centimetre``; empty where the picture doesn't say.
        confidence: 0 to 1.
        text: The line of text that the prediction was read from; empty where there is none.
        box: The line's corners in pixels of the original picture.
        runners_up: What could have been answered instead, best first, as (prediction, confidence, text).
        error_code: Why the row couldn't be answered, or None.
        error: The same in words; empty where there is no error.
    """

    position: int
    prediction: str = ""
    confidence: float = 0.0
    text: str = ""
    box: Box | None = None
    runners_up: tuple[tuple[str, float, str], ...] = ()
    error_code: ErrorCode | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class PictureResult:
    """The answers of one picture.

    Attributes:
        rows: The answers to the rows that ask about it.
        labels: ResNet50's best classes as (name, probability), best first.
        milliseconds: Stage -> wall-clock time.
    """

    rows: tuple[RowAnswer, ...]
    labels: tuple[tuple[str, float], ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)

    def to_line(self) -> bytes:
        """Return the picture's line of the part."""
        document = asdict(self)
        document["milliseconds"] = {stage: round(spent, 1) for stage, spent in self.milliseconds.items()}
        document["labels"] = [(name, round(score, 4)) for name, score in self.labels]
        return dump_line(document)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_line` wrote."""
        return cls(
            rows=tuple(_load_row(row) for row in document["rows"]),
            labels=tuple((str(name), float(score)) for name, score in document["labels"]),
            milliseconds={str(stage): float(spent) for stage, spent in document["milliseconds"].items()},
        )


def dump_shard_result(header: ShardStats, pictures: Iterable[bytes]) -> bytes:
    """Return a whole part.

    Args:
        header: Its first line.
        pictures: The lines of :meth:`PictureResult.to_line`.
    """
    return b"".join(chain([dump_line(asdict(header))], pictures))


def load_shard_result(chunks: Iterable[bytes]) -> tuple[ShardStats, Iterator[PictureResult]]:
    """Stream a part.

    Args:
        chunks: Its bytes, split anywhere.

    Returns:
        The header, and the pictures as they come.

    Raises:
        CorruptObjectError: The bytes aren't a shard result (also while the pictures are iterated).
    """
    documents = load_lines(chunks)
    try:
        header = ShardStats(**next(documents))
    except (StopIteration, ValueError, TypeError) as error:
        raise _corrupt(error) from error
    return header, _pictures(documents)


def _pictures(documents: Iterator[Any]) -> Iterator[PictureResult]:
    while True:
        try:
            yield PictureResult.from_document(next(documents))
        except StopIteration:
            return
        except (ValueError, KeyError, TypeError) as error:
            raise _corrupt(error) from error


def _corrupt(error: Exception) -> CorruptObjectError:
    return CorruptObjectError(
        f"expected a shard result (a header, then a picture a line), received something else: {error!r}; "
        "delete the shard result and start the run again"
    )


def _load_row(row: Mapping[str, Any]) -> RowAnswer:
    box = row["box"]
    code = row["error_code"]
    return RowAnswer(
        position=int(row["position"]),
        prediction=str(row["prediction"]),
        confidence=float(row["confidence"]),
        text=str(row["text"]),
        box=None if box is None else _load_box(box),
        runners_up=tuple(
            (str(prediction), float(confidence), str(text))
            # Parts of earlier versions have none.
            for prediction, confidence, text in row.get("runners_up", ())
        ),
        error_code=None if code is None else ErrorCode(code),
        error=str(row["error"]),
    )


def _load_box(corners: list[list[float]]) -> Box:
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    return a, b, c, d
