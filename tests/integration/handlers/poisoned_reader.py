"""The workers' answerer, in whose process a picture does what is written behind its end."""

import math
import os
import signal
from collections.abc import Callable, Mapping

from tapeline.answerer import Answerer
from tapeline.answers import PictureAnswers, PictureQuery
from tapeline.worker.loading import load_answerer

_MARK = b"poison:"

_kept: list[bytearray] = []


def _memory() -> None:
    while True:
        _kept.append(bytearray(64 * 1024 * 1024))


def _hang() -> None:
    while True:
        pass


_DOES: dict[bytes, Callable[[], object]] = {
    b"sigkill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    b"exit": lambda: os._exit(7),
    b"memory": _memory,
    b"hang": _hang,
    # The worker itself, as where Lambda ends it: its reading process goes with it.
    b"worker": lambda: os.kill(os.getppid(), signal.SIGKILL),
}


class PoisonedAnswerer:
    """Answers as a worker does, after it did what a picture says."""

    def __init__(self, own: Answerer) -> None:
        self._own = own

    @property
    def model_hashes(self) -> Mapping[str, str]:
        return self._own.model_hashes

    def answer(self, query: PictureQuery, body: bytes, deadline: float = math.inf) -> PictureAnswers:
        _, mark, word = body.rpartition(_MARK)
        if mark:
            _DOES[word]()
        return self._own.answer(query, body, deadline)


def load() -> PoisonedAnswerer:
    return PoisonedAnswerer(load_answerer("absent", 1, 1_000_000))
