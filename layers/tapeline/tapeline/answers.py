"""What is asked of a picture and what it says, as plain values, and the port between the two."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import RowError
from tapeline.geometry import Bounds
from tapeline.picture import Box, Label
from tapeline.quantities import Quantity, format_prediction


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """A quantity that wasn't answered, but could have been.

    Attributes:
        quantity: Other than the answer's and every other runner-up's; rounded as it is written.
        confidence: From 0 to 1, like :attr:`Answer.confidence`.
        text: The line that it was read from.
        box: That line's corners, in pixels of the original picture.
    """

    quantity: Quantity
    confidence: float
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered for one entity of one picture.

    Attributes:
        quantity: Rounded as it is written; None where the picture doesn't say.
        confidence: How probably it is right, from 0 to 1; 0 where there is none. Calibrated on pictures that
            neither the trees nor the assignment were trained on.
        stated: How probably the picture states the entity, from 0 to 1, at least the confidence; calibrated
            likewise. It comes without a quantity too.
        text: The line that it was read from; empty where there is no quantity.
        box: That line's corners, in pixels of the original picture; None where the text is empty.
        runners_up: The next best, best first; at most :data:`tapeline.ranking.choosing.RUNNERS_UP`. They
            come without an answer too.
    """

    quantity: Quantity | None
    confidence: float
    stated: float
    text: str
    box: Box | None
    runners_up: tuple[RunnerUp, ...] = ()

    @property
    def prediction(self) -> str:
        """The quantity as the outputs write it, such as ``2200 watt``; empty where there is none."""
        return format_prediction(self.quantity)

    @property
    def value(self) -> float | None:
        """The quantity's number; None where there is none."""
        return None if self.quantity is None else float(self.quantity.value)

    @property
    def unit(self) -> str | None:
        """The full name of the quantity's unit; None where there is none."""
        return None if self.quantity is None else self.quantity.unit

    @property
    def sureness(self) -> float:
        """How probably the answer is right as it is; see :func:`sureness`."""
        return sureness(answered=self.quantity is not None, confidence=self.confidence, stated=self.stated)


def sureness(*, answered: bool, confidence: float, stated: float) -> float:
    """Return how probably an answer is right as it is, from 0 to 1: silence is right where nothing is stated.

    Args:
        answered: Whether it has a quantity.
        confidence: As in :class:`Answer`.
        stated: As in :class:`Answer`.
    """
    return confidence if answered else 1.0 - stated


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture, to look at.

    Attributes:
        bounds: Where it is, in pixels of the original picture.
        webp: What is there, shrunk, as a WebP file.
    """

    bounds: Bounds
    webp: bytes


@dataclass(frozen=True, slots=True)
class PictureQuery:
    """One picture and what is asked of it.

    Attributes:
        image_link: Where the picture is.
        entity_names: The entities; unknown ones are answered with an error.
        preview: Whether to encode the decoded picture as a small JPEG too. With no entities, that is all that
            is done.
        crop_below: How sure an answer has to be, from 0 to 1, to come without a crop of the picture; see
            :func:`sureness`.
        entities: The entities that can be asked for: what the names mean.
        category: The product's category, the input's ``group_id``; empty where it isn't known.
    """

    image_link: str
    entity_names: tuple[str, ...]
    preview: bool = False
    crop_below: float = 0.0
    entities: EntitySet = EIGHT
    category: str = ""

    @property
    def known_entities(self) -> tuple[str, ...]:
        """The entities that can be asked for."""
        return tuple(name for name in self.entity_names if name in self.entities)


@dataclass(frozen=True, slots=True)
class PictureAnswers:
    """What one picture says.

    Attributes:
        answers: Entity as asked -> its answer, or why there is none.
        labels: ResNet50's five most probable classes; empty where it is absent.
        milliseconds: Stage -> wall-clock time; stages that weren't reached are left out.
        notes: What limits left out of the reading; see :mod:`tapeline.notes`.
        size: The picture's width and height in pixels, after its EXIF rotation; None where it wasn't decoded.
        preview: The decoded picture as a small JPEG, where it was asked for and decoded.
        crops: Entity -> the surroundings of its answer, where that is less sure than the query asks for.
        error: Why the picture couldn't be answered; it is each entity's too.
    """

    answers: Mapping[str, Answer | RowError]
    labels: tuple[Label, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    preview: bytes | None = None
    crops: Mapping[str, Crop] = field(default_factory=dict)
    error: RowError | None = None


def with_unknown(
    query: PictureQuery, answers: Mapping[str, Answer | RowError]
) -> dict[str, Answer | RowError]:
    """Return the answers to a query's known entities, and an error for each unknown one."""
    entities = query.entities
    unknown = {name: entities.unknown(name) for name in query.entity_names if name not in entities}
    return {**answers, **unknown}


def failed(
    query: PictureQuery, error: RowError, milliseconds: Mapping[str, float] | None = None
) -> PictureAnswers:
    """Return an error as the answer to all that a query asks of its picture."""
    answers = with_unknown(query, dict.fromkeys(query.known_entities, error))
    return PictureAnswers(answers, milliseconds=milliseconds or {}, error=error)


class PictureAnswerer(Protocol):
    """Answers one picture at a time, from its bytes."""

    @property
    def model_hashes(self) -> Mapping[str, str]:
        """File name -> SHA-256 of each model file in use; waits until they are loaded.

        Raises:
            ModelFileError: A model file isn't what it should be.
            ReadingProcessError: The process with the models didn't start.
        """
        ...

    def answer(self, query: PictureQuery, body: bytes, deadline: float = math.inf) -> PictureAnswers:
        """Answer a picture.

        Args:
            query: What is asked.
            body: The picture's file.
            deadline: When its caller gives up, in seconds of :func:`time.monotonic`.

        Returns:
            The answers; what goes wrong with the picture is in them.

        Raises:
            DeadlineError: The deadline passed; the work on the picture has ended, too.
            ModelFileError: A model file isn't what it should be.
            ReadingProcessError: The process with the models didn't start.
        """
        ...
