"""From links and entities to answers: the one call behind the batch, the API and the evaluation."""

import logging
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import batched, islice
from typing import Final

from tapeline.download.limits import MAX_DOWNLOADS
from tapeline.entities import is_known, unknown_entity
from tapeline.errors import ErrorCode, RowError
from tapeline.picture import Label, Picture
from tapeline.ports import PictureClassifier, PictureDecoder, PictureFetcher, ShapeFinder, TextReader
from tapeline.ranking.choosing import Answer, choose_answers
from tapeline.reading.observing import observe
from tapeline.reading.scene import Scene

logger = logging.getLogger(__name__)

# Pictures that are classified together. Measured: ResNet50's throughput doesn't grow from 8 on.
_CLASSIFY_BATCH: Final = 8


@dataclass(frozen=True, slots=True)
class Components:
    """The adapters that answering works with.

    Attributes:
        fetcher: Brings the bytes behind a link.
        decoder: Turns them into pixels.
        reader: Reads the text.
        classifier: ResNet50, or None where its weights are absent: pictures then have no labels.
        shape_finder: Finds segments and outlines; without one, the choice goes by text alone.
        downloads: Downloads that go on at once, and bodies that wait in memory.
        classify_batch: Pictures that are classified together, and are held decoded.
    """

    fetcher: PictureFetcher
    decoder: PictureDecoder
    reader: TextReader
    classifier: PictureClassifier | None
    shape_finder: ShapeFinder | None = None
    downloads: int = MAX_DOWNLOADS
    classify_batch: int = _CLASSIFY_BATCH

    def observe(self, picture: Picture, entity_names: Iterable[str], *, second_pass: bool = True) -> Scene:
        """Observe a picture with these components; see :func:`tapeline.reading.observing.observe`."""
        return observe(picture, entity_names, self.reader, self.shape_finder, second_pass=second_pass)


@dataclass(frozen=True, slots=True)
class PictureQuery:
    """One picture and the entities asked of it; unknown entities are answered with an error."""

    image_link: str
    entity_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureAnswers:
    """What one picture says.

    Attributes:
        answers: Entity as asked -> its answer, or why there is none.
        labels: ResNet50's five most probable classes; empty where it is absent.
        milliseconds: Stage -> wall-clock time; stages that weren't reached are left out.
    """

    answers: Mapping[str, Answer | RowError]
    labels: tuple[Label, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)


def answer_pictures(queries: Iterable[PictureQuery], components: Components) -> Generator[PictureAnswers]:
    """Answer pictures one after the other, while the next ones are being downloaded.

    Memory doesn't grow with the number of queries: at most ``components.downloads`` bodies that wait, the one
    that is decoded, and ``components.classify_batch`` decoded pictures are held at a time.

    Args:
        queries: What is asked; consumed a few ahead of what is yielded.
        components: The adapters.

    Yields:
        One result for each query, in order. What goes wrong with a picture is in its result.
    """
    for batch in batched(_decode_ahead(queries, components), components.classify_batch):
        _classify(batch, components.classifier)
        for work in batch:
            yield _answer(work, components)


@dataclass(slots=True)
class _Work:
    """A query on its way through the stages."""

    query: PictureQuery
    picture: Picture | None = None
    labels: tuple[Label, ...] = ()
    error: RowError | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)

    @property
    def known_entities(self) -> tuple[str, ...]:
        """The entities of the query that can be asked for."""
        return tuple(name for name in self.query.entity_names if is_known(name))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, and keep what goes wrong in it as the picture's error."""
        start = time.perf_counter()
        try:
            yield
        except RowError as error:
            self.error = error
        except Exception as error:
            # One picture must not cost its shard the others: an unexpected error becomes the row's.
            logger.exception("stage %s failed for %s", name, self.query.image_link)
            self.error = RowError(ErrorCode.INTERNAL, f"{name} failed: {error!r}; please report this picture")
        finally:
            self.milliseconds[name] = (time.perf_counter() - start) * 1000


def _decode_ahead(queries: Iterable[PictureQuery], components: Components) -> Iterator[_Work]:
    """Fetch ahead in threads; decode here, one at a time, as a decoder's peak is many times its result."""

    def fetch(query: PictureQuery) -> tuple[_Work, bytes]:
        work, body = _Work(query), b""
        if work.known_entities:
            with work.stage("fetch"):
                body = components.fetcher.fetch(query.image_link)
        return work, body

    waiting: deque[Future[tuple[_Work, bytes]]] = deque()
    remaining = iter(queries)
    pool = ThreadPoolExecutor(max_workers=components.downloads, thread_name_prefix="fetch")
    try:
        waiting.extend(pool.submit(fetch, query) for query in islice(remaining, components.downloads))
        while waiting:
            work, body = waiting.popleft().result()
            waiting.extend(pool.submit(fetch, query) for query in islice(remaining, 1))
            if work.error is None and "fetch" in work.milliseconds:
                with work.stage("decode"):
                    work.picture = components.decoder.decode(body)
            yield work
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _classify(batch: Sequence[_Work], classifier: PictureClassifier | None) -> None:
    """Put labels to the decoded pictures of a batch."""
    decoded = [(work, work.picture) for work in batch if work.picture is not None]
    if classifier is None or not decoded:
        return
    start = time.perf_counter()
    try:
        found = classifier.classify([picture for _, picture in decoded])
    except Exception:
        # Which picture it was isn't known: each is tried alone, and only what fails again has an error.
        logger.exception("classifying %d pictures together failed", len(decoded))
        for work, picture in decoded:
            with work.stage("classify"):
                work.labels = classifier.classify([picture])[0].labels
        return
    each = (time.perf_counter() - start) * 1000 / len(decoded)
    for (work, _), result in zip(decoded, found, strict=True):
        work.labels = result.labels
        work.milliseconds["classify"] = each


def _answer(work: _Work, components: Components) -> PictureAnswers:
    known = work.known_entities
    answers: dict[str, Answer | RowError] = {}
    if work.picture is not None and work.error is None:
        with work.stage("read"):
            scene = components.observe(work.picture, known)
        if work.error is None:
            with work.stage("answer"):
                answers.update(choose_answers(scene, known))
    if work.error is not None:
        answers = dict.fromkeys(known, work.error)
    answers.update({name: unknown_entity(name) for name in work.query.entity_names if not is_known(name)})
    # The pixels go while the next batch is decoded: only one batch of pictures is in memory.
    work.picture = None
    return PictureAnswers(answers, work.labels, work.milliseconds)
