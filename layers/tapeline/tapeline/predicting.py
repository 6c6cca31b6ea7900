"""One picture for a caller who waits: the same core call as the batch, within a deadline."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tapeline.answering import Components, PictureAnswers, PictureQuery, answer_pictures
from tapeline.errors import DeadlineError
from tapeline.picture import Picture, Pixels
from tapeline.ports import PictureDecoder, PictureFetcher

# In place of the link of a picture that came with the request.
POSTED = "the posted picture"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one picture says, and what it was read with.

    Attributes:
        result: The answers, labels and times.
        picture: The decoded picture; None where it couldn't be had.
        model_hashes: File name -> SHA-256 of the model files in use; empty without ResNet50.
        preview: The decoded picture as a small JPEG, where it was asked for and could be had.
    """

    result: PictureAnswers
    picture: Picture | None
    model_hashes: Mapping[str, str]
    preview: bytes | None = None


class Predictor:
    """Answers one picture at a time.

    The components are loaded at the first picture and not before: what needs no models, such as the page or
    the list of entities, is then answered by a cold worker in tenths of a second.

    Args:
        load_components: Loads the models and connects the fetchers; called once.
        encode: Makes a small JPEG of a picture's pixels, for previews.
    """

    def __init__(self, load_components: Callable[[], Components], encode: Callable[[Pixels], bytes]) -> None:
        self._load_components = load_components
        self._encode = encode
        self._components: Components | None = None
        # One thread: a picture that missed its deadline is finished before the next is begun, so that
        # no two share the models and the memory.
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")

    def predict(
        self, query: PictureQuery, body: bytes | None, seconds: float, *, preview: bool = False
    ) -> Prediction:
        """Answer a picture.

        Args:
            query: What is asked; its link is not followed where there is a ``body``.
            body: The picture's bytes, or None to download it.
            seconds: How long to wait.
            preview: Whether to encode the picture too.

        Returns:
            The answers; what went wrong with the picture is in them.

        Raises:
            DeadlineError: It takes longer than ``seconds``; the work goes on in the background, and its
                result is dropped.
        """
        future = self._pool.submit(self._predict, query, body, preview)
        try:
            return future.result(timeout=seconds)
        except TimeoutError as error:
            if future.done():
                raise
            future.cancel()
            raise DeadlineError(
                f"expected to answer the picture within {seconds:.0f} seconds, which wasn't enough: "
                "try again in a minute, send a smaller picture, or use the batch"
            ) from error

    def _predict(self, query: PictureQuery, body: bytes | None, preview: bool) -> Prediction:
        components = self._loaded()
        decoder = _RecordingDecoder(components.decoder)
        fetcher: PictureFetcher = components.fetcher if body is None else _PostedPicture(body)
        (result,) = answer_pictures(
            [query], replace(components, decoder=decoder, fetcher=fetcher, downloads=1)
        )
        hashes = components.classifier.model_hashes if components.classifier else {}
        picture = decoder.picture
        encoded = self._encode(picture.pixels) if preview and picture is not None else None
        return Prediction(result, picture, hashes, encoded)

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


class _RecordingDecoder:
    """A picture decoder that records what it decoded."""

    def __init__(self, decoder: PictureDecoder) -> None:
        self._decoder = decoder
        self.picture: Picture | None = None

    def decode(self, data: bytes) -> Picture:
        self.picture = self._decoder.decode(data)
        return self.picture
