"""One picture's bytes to its answers, in this process."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tapeline.answers import Answer, Crop, PictureAnswers, PictureQuery, with_unknown
from tapeline.cropping import crop_bounds
from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import ErrorCode, RowError
from tapeline.geometry import Bounds
from tapeline.notes import collect_notes
from tapeline.picture import Label, Picture, Pixels
from tapeline.ports import PictureClassifier, PictureDecoder, ShapeFinder, TextReader
from tapeline.ranking.choosing import choose_answers
from tapeline.reading.observing import observe
from tapeline.reading.scene import Scene

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers pictures in this process; a :class:`~tapeline.answers.PictureAnswerer`.

    It can't end the work on a picture, and so has no regard to deadlines.

    Attributes:
        decoder: Turns bytes into pixels.
        reader: Reads the text.
        classifier: ResNet50, or None where its weights are absent: pictures then have no labels.
        shape_finder: Finds segments and outlines; without one, the choice goes by text alone.
        encode: Makes a small JPEG of a picture's pixels, for previews; without it there are none.
        crop: Makes a small WebP of a part of a picture; without it there are no crops.
    """

    decoder: PictureDecoder
    reader: TextReader
    classifier: PictureClassifier | None = None
    shape_finder: ShapeFinder | None = None
    encode: Callable[[Pixels], bytes] | None = None
    crop: Callable[[Picture, Bounds], bytes] | None = None

    @property
    def model_hashes(self) -> Mapping[str, str]:
        """File name -> SHA-256 of each model file in use; empty without ResNet50."""
        return self.classifier.model_hashes if self.classifier else {}

    def observe(
        self,
        picture: Picture,
        entity_names: Iterable[str],
        entities: EntitySet = EIGHT,
        *,
        second_pass: bool = True,
    ) -> Scene:
        """Observe a picture with these components; see :func:`tapeline.reading.observing.observe`."""
        return observe(
            picture, entity_names, self.reader, self.shape_finder, entities, second_pass=second_pass
        )

    def answer(self, query: PictureQuery, body: bytes, deadline: float = math.inf) -> PictureAnswers:  # noqa: ARG002
        """Answer a picture; what goes wrong with it is in its result."""
        work = _Work(query)
        with collect_notes() as notes:
            self._work(work, body)
        if work.error is not None:
            work.answers = dict.fromkeys(query.known_entities, work.error)
        return PictureAnswers(
            answers=with_unknown(query, work.answers),
            labels=work.labels,
            milliseconds=work.milliseconds,
            notes=tuple(notes),
            size=work.size,
            preview=work.preview,
            crops=work.crops,
            error=work.error,
        )

    def _work(self, work: "_Work", body: bytes) -> None:
        with work.stage("decode"):
            picture = self.decoder.decode(body)
            work.size = picture.width, picture.height
        if work.query.known_entities and work.error is None:
            self._choose(work, picture)
        if work.query.preview and self.encode is not None and work.error is None:
            work.preview = self.encode(picture.pixels)

    def _choose(self, work: "_Work", picture: Picture) -> None:
        query = work.query
        if self.classifier is not None:
            with work.stage("classify"):
                work.labels = self.classifier.classify([picture])[0].labels
        if work.error is None:
            with work.stage("read"):
                scene = self.observe(picture, query.known_entities, query.entities)
        if work.error is None:
            with work.stage("answer"):
                answers = choose_answers(scene, query.known_entities, query.entities, category=query.category)
                work.answers.update(answers)
                work.crops = self._crops(picture, answers, query.crop_below)

    def _crops(self, picture: Picture, answers: Mapping[str, Answer], crop_below: float) -> dict[str, Crop]:
        """Return the surroundings of each answer that isn't sure enough."""
        crops: dict[str, Crop] = {}
        # Entities that are answered from the same place share its crop.
        made: dict[Bounds, Crop] = {}
        for name, answer in answers.items():
            if self.crop is not None and answer.sureness < crop_below:
                bounds = crop_bounds(answer, picture.width, picture.height)
                if bounds not in made:
                    made[bounds] = Crop(bounds, self.crop(picture, bounds))
                crops[name] = made[bounds]
        return crops


@dataclass(slots=True)
class _Work:
    """A query on its way through the stages."""

    query: PictureQuery
    answers: dict[str, Answer | RowError] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    error: RowError | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    preview: bytes | None = None
    crops: Mapping[str, Crop] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, and keep what goes wrong in it as the picture's error."""
        start = time.perf_counter()
        try:
            yield
        except RowError as error:
            self.error = error
        except MemoryError as error:
            logger.warning("stage %s had too little memory for %s", name, self.query.image_link)
            self.error = RowError(
                ErrorCode.WORKER_DIED,
                f"expected a picture that can be answered within the worker's memory, {name} needed more "
                f"({error!r}): link to a smaller or simpler picture",
            )
        except Exception as error:
            # One picture must not cost its shard the others: an unexpected error becomes the row's.
            logger.exception("stage %s failed for %s", name, self.query.image_link)
            self.error = RowError(ErrorCode.INTERNAL, f"{name} failed: {error!r}; please report this picture")
        finally:
            self.milliseconds[name] = (time.perf_counter() - start) * 1000
