"""Calls that mostly wait for the store, side by side."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice


def map_ahead[T, R](function: Callable[[T], R], items: Iterable[T], *, threads: int) -> Iterator[R]:
    """Apply a function to items in threads, and yield the results in the items' order.

    Memory doesn't grow with the items: at most ``threads`` results wait to be taken.

    Args:
        function: Safe to call from several threads.
        items: Consumed in the caller's thread, ``threads`` ahead of what is yielded.
        threads: Calls at once.

    Raises:
        Exception: The first one that the function raised, in the items' order; what waits is given up.
    """
    waiting: deque[Future[R]] = deque()
    remaining = iter(items)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="store")
    try:
        waiting.extend(pool.submit(function, item) for item in islice(remaining, threads))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(remaining, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)
