"""From links and entities to answers: the one call behind the batch, the API and the evaluation."""

import logging
import math
import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

from tapeline.answers import PictureAnswerer, PictureAnswers, PictureQuery, failed, with_unknown
from tapeline.download.limits import MAX_DOWNLOADS
from tapeline.errors import DeadlineError, ErrorCode, RowError
from tapeline.ports import PictureFetcher

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Components:
    """What answering works with.

    Attributes:
        fetcher: Brings the bytes behind a link.
        answerer: Answers a picture from its bytes.
        downloads: Downloads that go on at once, and bodies that wait in memory.
    """

    fetcher: PictureFetcher
    answerer: PictureAnswerer
    downloads: int = MAX_DOWNLOADS


def answer_pictures(
    queries: Iterable[PictureQuery], components: Components, deadline: float = math.inf
) -> Generator[PictureAnswers]:
    """Answer pictures one after the other, while the next ones are being downloaded.

    Memory doesn't grow with the number of queries: at most ``components.downloads`` bodies that wait, and the
    one that is answered, are held at a time.

    Args:
        queries: What is asked; consumed a few ahead of what is yielded.
        components: The adapters.
        deadline: When the caller gives up, in seconds of :func:`time.monotonic`.

    Yields:
        One result for each query, in order. What goes wrong with a picture is in its result.

    Raises:
        DeadlineError: The deadline passed before the next picture was answered; nothing goes on afterwards
            but downloads, until their own time is up.
        ModelFileError: A model file isn't what it should be.
        ReadingProcessError: The process with the models didn't start.
    """
    waiting: deque[Future[_Download]] = deque()
    remaining = iter(queries)
    pool = ThreadPoolExecutor(max_workers=components.downloads, thread_name_prefix="fetch")

    def fetch_ahead(count: int) -> None:
        waiting.extend(pool.submit(_fetch, query, components.fetcher) for query in islice(remaining, count))

    try:
        fetch_ahead(components.downloads)
        while waiting:
            download = _wait(waiting.popleft(), deadline)
            fetch_ahead(1)
            yield _answer(download, components.answerer, deadline)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Download:
    """A query with its picture's bytes, or with why there are none; neither where nothing was fetched."""

    query: PictureQuery
    body: bytes | None = None
    error: RowError | None = None
    milliseconds: float | None = None


def _fetch(query: PictureQuery, fetcher: PictureFetcher) -> _Download:
    download = _Download(query)
    if not query.known_entities and not query.preview:
        return download
    start = time.perf_counter()
    try:
        download.body = fetcher.fetch(query.image_link)
    except RowError as error:
        download.error = error
    except Exception as error:
        # One picture must not cost its shard the others: an unexpected error becomes the row's.
        logger.exception("stage fetch failed for %s", query.image_link)
        download.error = RowError(ErrorCode.INTERNAL, f"fetch failed: {error!r}; please report this picture")
    download.milliseconds = (time.perf_counter() - start) * 1000
    return download


def _wait(download: Future[_Download], deadline: float) -> _Download:
    # Not math.inf, which waiting doesn't take.
    left = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
    try:
        return download.result(left)
    except TimeoutError as error:
        raise DeadlineError("expected to download the picture before the deadline, which passed") from error


def _answer(download: _Download, answerer: PictureAnswerer, deadline: float) -> PictureAnswers:
    spent = {} if download.milliseconds is None else {"fetch": download.milliseconds}
    if download.error is not None:
        return failed(download.query, download.error, spent)
    if download.body is None:
        return PictureAnswers(with_unknown(download.query, {}))
    body, download.body = download.body, None
    found = answerer.answer(download.query, body, deadline)
    return replace(found, milliseconds={**spent, **found.milliseconds})
