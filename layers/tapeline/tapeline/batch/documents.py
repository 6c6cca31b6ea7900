"""The documents that FanOut writes about a run: run.json and rejected.json."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal, Self

from tapeline.batch.estimate import Estimate
from tapeline.batch.keys import InputObject
from tapeline.batch.schema import Schema
from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import RejectedInputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# The media type of these documents and of manifests (RFC 8259).
JSON_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True)
class RunDocument:
    """run.json: what a run is about; written after all its shards.

    Attributes:
        run: The run's name.
        source: The object version that it answers.
        rows: Data rows in the input.
        pictures: Distinct links in the input.
        shards: Shards of the first attempt.
        origin: The run whose errors.csv the input is, and into which the answers are merged; None where the
            input is a new one.
        entities: The entities that its rows can ask for: those that the deployment, or the command, had.
        keep_columns: Whether the predictions have the input's columns beside them.
    """

    run: str
    source: InputObject
    rows: int
    pictures: int
    shards: int
    origin: str | None = None
    entities: EntitySet = EIGHT
    keep_columns: bool = False

    def dump(self) -> bytes:
        """Return the document as JSON."""
        return dump_document(self)

    @classmethod
    def load(cls, body: bytes) -> "RunDocument":
        """Return what :meth:`dump` wrote.

        Raises:
            CorruptObjectError: The bytes are something else.
        """
        return _RUN.load(body)


@dataclass(frozen=True, slots=True)
class RejectionDocument:
    """rejected.json: why an input can't be used as a whole.

    Attributes:
        error: The same for all of them.
        expected: What the file should have been.
        received: What it is.
        advice: What to do about it.
        line: The file's line (from 1) with the problem, or None where there is no such line.
        input: The rejected object version.
        estimate: What it would take, where that is the reason; else None.
    """

    error: Literal["rejected_input"]
    expected: str
    received: str
    advice: str
    line: int | None
    input: InputObject
    estimate: Estimate | None = None

    @classmethod
    def of(cls, error: RejectedInputError, source: InputObject, estimate: Estimate | None = None) -> Self:
        """Return the document for an error about an input."""
        return cls(
            "rejected_input", error.expected, error.received, error.advice, error.line, source, estimate
        )

    def to_error(self) -> RejectedInputError:
        """Return the error that the document was made of."""
        return RejectedInputError(
            expected=self.expected, received=self.received, advice=self.advice, line=self.line
        )

    def dump(self) -> bytes:
        """Return the document as JSON."""
        return dump_document(self)

    @classmethod
    def load(cls, body: bytes) -> "RejectionDocument":
        """Return what :meth:`dump` wrote.

        Raises:
            CorruptObjectError: The bytes are something else.
        """
        return _REJECTION.load(body)


_RUN: Final = Schema(RunDocument, name="a run's description", advice="drop the CSV again")
_REJECTION: Final = Schema(RejectionDocument, name="the reasons for a rejection", advice="drop the CSV again")


def dump_document(document: "DataclassInstance") -> bytes:
    """Return a dataclass as indented JSON, in ASCII; a set is a sorted list."""
    return json.dumps(asdict(document), indent=2, default=sorted).encode()
