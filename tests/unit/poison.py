"""An answerer in a reading process whose pictures say what they do to it: factories for its tests."""

import ctypes
import math
import mmap
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tapeline.adapters.precision import choose_precision
from tapeline.answerer import Answerer
from tapeline.answers import PictureAnswers, PictureQuery
from tapeline.errors import ModelFileError
from tests.unit.fakes import Classifier, Decoder, Reader

# What pictures that end the process begin with.
KILLS = ("sigkill", "segfault", "exit", "memory")

_kept: list[bytearray] = []
_mapped: list[mmap.mmap] = []


def _memory(_: str) -> None:
    while True:
        _kept.append(bytearray(64 * 1024 * 1024))


def _keep(megabytes: str) -> None:
    """Write to memory, and keep it."""
    _kept.append(bytearray(b"kept") * (int(megabytes) * 1024 * 1024 // 4))


def _map(megabytes: str) -> None:
    """Map memory and keep it, but write nothing to it."""
    _mapped.append(mmap.mmap(-1, int(megabytes) * 1024 * 1024, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def _hang(_: str) -> None:
    while True:
        pass


def _once(path: str) -> None:
    """End the first process that meets it, and no other."""
    if not Path(path).exists():
        Path(path).touch()
        os._exit(7)


def _raise(_: str) -> None:
    raise ZeroDivisionError("surprise")


# A picture's first word -> what it does with the rest.
_DOES: dict[str, Callable[[str], object]] = {
    "sigkill": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "stop": lambda _: os.kill(os.getpid(), signal.SIGSTOP),
    "segfault": lambda _: ctypes.string_at(0),
    "exit": lambda _: os._exit(7),
    "memory": _memory,
    "keep": _keep,
    "map": _map,
    "hang": _hang,
    "once": _once,
    "raise": _raise,
}


class PoisonedAnswerer:
    """Answers as the fakes do, unless the picture's bytes name something else."""

    def __init__(self) -> None:
        self._own = Answerer(Decoder(), Reader(), Classifier())

    @property
    def model_hashes(self) -> Mapping[str, str]:
        return self._own.model_hashes

    def answer(self, query: PictureQuery, body: bytes, deadline: float = math.inf) -> PictureAnswers:
        word, _, rest = body.decode("latin-1").partition(" ")
        if word in _DOES:
            _DOES[word](rest)
        return self._own.answer(query, body, deadline)


def load() -> PoisonedAnswerer:
    return PoisonedAnswerer()


def load_slowly(seconds_to_load: float) -> PoisonedAnswerer:
    time.sleep(seconds_to_load)
    return PoisonedAnswerer()


def load_nothing() -> PoisonedAnswerer:
    raise ModelFileError("expected a model, received nothing")


def end_while_loading() -> PoisonedAnswerer:
    os._exit(3)


def lack_bf16() -> PoisonedAnswerer:
    """Fail as a reader does whose CPU lacks the precision that is set."""
    choose_precision("bf16", ["FP32", "INT8"], {"avx2"})
    raise AssertionError
