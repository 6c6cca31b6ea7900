import threading
from collections.abc import Iterator

import pytest

from tapeline.batch.parallel import map_ahead


def test_results_come_in_the_order_of_the_items() -> None:
    second_ended = threading.Event()

    def slow_first(item: int) -> int:
        if item == 0:
            assert second_ended.wait(10)
        if item == 1:
            second_ended.set()
        return item * 10

    assert list(map_ahead(slow_first, range(9), threads=2)) == [number * 10 for number in range(9)]


def test_items_are_consumed_only_so_far_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = map_ahead(str, items(), threads=4)
    assert [next(results) for _ in range(3)] == ["0", "1", "2"]
    assert len(taken) <= 3 + 4
    results.close()  # type: ignore[attr-defined]


def test_the_first_error_ends_it() -> None:
    def fail(item: int) -> int:
        if item % 2:
            raise ValueError(str(item))
        return item

    results = map_ahead(fail, range(10), threads=3)
    assert next(results) == 0
    with pytest.raises(ValueError, match=r"^1$"):
        next(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("store")]
