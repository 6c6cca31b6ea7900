"""Pictures answered by several answerers at once, in this process's threads."""

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from tapeline.answering import Components, answer_pictures
from tapeline.answers import PictureAnswers, PictureQuery


def answer_side_by_side(
    queries: Sequence[PictureQuery], workers: Sequence[Components], answered: Callable[[], object]
) -> list[PictureAnswers]:
    """Answer pictures with as many threads as there are workers; each takes the next one when it is free.

    Args:
        queries: What is asked.
        workers: The components of each thread; an answerer is for one thread at a time.
        answered: Called in the caller's thread, once for each answered picture.

    Returns:
        The results in the queries' order.

    Raises:
        Exception: As :func:`tapeline.answering.answer_pictures`.
    """
    work = _Work(queries)
    # Daemons: an interrupt in the caller's thread leaves them in a picture.
    threads = [threading.Thread(target=work.run, args=(worker,), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        for _ in queries:
            error = work.events.get()
            if error is not None:
                raise error
            answered()
    finally:
        work.stopped = True
    return [work.results[index] for index in range(len(queries))]


class _Work:
    """Queries, and what has become of them."""

    def __init__(self, queries: Sequence[PictureQuery]) -> None:
        self._next = iter(enumerate(queries))
        self._lock = threading.Lock()
        self.results: dict[int, PictureAnswers] = {}
        # None for an answered picture, or what ended a worker.
        self.events: SimpleQueue[Exception | None] = SimpleQueue()
        self.stopped = False

    def run(self, components: Components) -> None:
        taken: list[int] = []
        try:
            # The results come in the order in which this worker took the queries.
            for count, result in enumerate(answer_pictures(self._take(taken), components)):
                self.results[taken[count]] = result
                self.events.put(None)
        except Exception as error:  # noqa: BLE001 - the caller's thread raises it
            self.events.put(error)

    def _take(self, taken: list[int]) -> Iterator[PictureQuery]:
        while not self.stopped:
            with self._lock:
                index, query = next(self._next, (-1, None))
            if query is None:
                return
            taken.append(index)
            yield query
