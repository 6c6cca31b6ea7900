"""One picture for a caller who waits: the same core call as the batch, within a deadline."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tapeline.answering import Components, answer_pictures
from tapeline.answers import PictureAnswers, PictureQuery
from tapeline.errors import DeadlineError, ReadingProcessError, RowError
from tapeline.ports import PictureFetcher
from tapeline.telemetry import SILENT, Telemetry, consecutive, count, stage_seconds

# A drawn "12 kg": a picture of 160 by 48 pixels, to be answered before anybody asks.
_FIRST_PICTURE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAKAAAAAwAQAAAAC+0kzDAAAArUlEQVR42u2SPQ7CMAyFX6zwI6hQRwYGjsKV2JFgY+UIPQojh2BAgoGN"
    "onRIqjRmolR2dxjw+OlZfn62Yegi/OFXIe8kvDW5VhbRa3gIZwV5STl4O+lQZnbOpY033BYBQAY0oZSWKtSkfF5QlWMJT7hbpcxxVGty"
    "Aa9gWmERIXx6TuvrU/gMwGgm2x8Wdj/XIZPtxGfeP+9pqM8Re29Uf2C73WAatdJmPYN+58Fe6wBJxcISAKMAAAAASUVORK5CYII="
)

# Seconds that it may take to load the models and answer that picture. Lambda gives a function's start that is
# kept as a snapshot 130 s: docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
_PREPARE_SECONDS: Final = 120.0

# In place of the link of a picture that came with the request.
POSTED = "the posted picture"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one picture says, and what it was read with.

    Attributes:
        result: The answers, labels and times, and the decoded picture's size.
        model_hashes: File name -> SHA-256 of the model files in use; empty without ResNet50, and where the
            picture couldn't be decoded.
    """

    result: PictureAnswers
    model_hashes: Mapping[str, str]


class Predictor:
    """Answers one picture at a time.

    The components are loaded at the first picture and not before: what needs no models, such as the page or
    the list of entities, is then answered by a cold worker in tenths of a second.

    Args:
        load_components: Connects the fetchers and starts loading the models; called once.
        telemetry: Is told of each picture.
    """

    def __init__(self, load_components: Callable[[], Components], telemetry: Telemetry = SILENT) -> None:
        self._load_components = load_components
        self._telemetry = telemetry
        self._components: Components | None = None

    def predict(self, query: PictureQuery, body: bytes | None, seconds: float) -> Prediction:
        """Answer a picture.

        Args:
            query: What is asked; its link is not followed where there is a ``body``.
            body: The picture's bytes, or None to download it.
            seconds: How long to wait.

        Returns:
            The answers; what went wrong with the picture is in them.

        Raises:
            DeadlineError: It takes longer than ``seconds``; the work on the picture has ended.
        """
        deadline = time.monotonic() + seconds
        cold = self._components is None
        components = self._loaded()
        fetcher: PictureFetcher = components.fetcher if body is None else _PostedPicture(body)
        own = replace(components, fetcher=fetcher, downloads=1)
        try:
            (result,) = answer_pictures([query], own, deadline)
        except DeadlineError as error:
            raise DeadlineError(
                f"expected to answer the picture within {seconds:.0f} seconds, which wasn't enough: "
                "try again in a minute, send a smaller picture, or use the batch"
            ) from error
        self._observe(result, cold=cold)
        # Where the picture has errors, the models may not be loaded yet.
        return Prediction(result, components.answerer.model_hashes if result.size else {})

    def prepare(self) -> None:
        """Load the models and answer a picture, so that the first one that is asked for is like the others.

        Raises:
            DeadlineError: It took too long.
            ReadingProcessError: The process that answers pictures didn't start, or answered nothing.
        """
        query = PictureQuery(POSTED, ("item_weight",))
        answered = self.predict(query, _FIRST_PICTURE, _PREPARE_SECONDS).result.answers["item_weight"]
        if isinstance(answered, RowError):
            raise ReadingProcessError(
                f"expected an answer to a drawn picture, received {answered.message}: see the worker's log"
            )

    def _observe(self, result: PictureAnswers, *, cold: bool) -> None:
        counts = [
            count("Predictions", 1),
            count("ColdStarts", int(cold), function="predict"),
            *stage_seconds([result.milliseconds], "predict"),
        ]
        self._telemetry.emit(counts)
        self._telemetry.trace(consecutive(result.milliseconds, time.time()))

    def _loaded(self) -> Components:
        if self._components is None:
            self._components = self._load_components()
        return self._components


class _PostedPicture:
    """A picture fetcher that has the bytes already."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def fetch(self, link: str) -> bytes:  # noqa: ARG002 - the port's signature
        return self._body
