"""Interrupts of the commands: Ctrl-C, SIGTERM, and SIGHUP, which a closed terminal sends.

The first one becomes a KeyboardInterrupt, whose way up ends everything that was started. Further ones must
not break into that; so they are ignored for as long as it can take. Where something is started or ended,
:func:`held` puts an interrupt off, so that nothing is started without being known, or left half ended.

It imports the standard library alone, and quickly: an interrupt should find it in place.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Seconds from an interrupt until another one counts. Chosen by hand: twice what ending everything can take.
_ENDING_SECONDS: Final = 30.0


@dataclass(slots=True)
class _State:
    """The process's interrupts.

    Attributes:
        raised: When one was raised last, in seconds of :func:`time.monotonic`; None where none was.
        waiting: Whether one was put off.
        holders: How many hold interrupts.
    """

    raised: float | None = None
    waiting: bool = False
    holders: int = 0


_STATE: Final = _State()


def install() -> None:
    """Let the signals raise KeyboardInterrupt, in the main thread."""
    for number in _SIGNALS:
        # nohup lets a command ignore SIGHUP, and means it. SIGINT is another matter: a shell lets everything
        # ignore it that it starts in the background.
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue
        signal.signal(number, _interrupt)


def ignore() -> None:
    """Ignore the signals from now on: nothing is left to end but the interpreter."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def held() -> Iterator[None]:
    """Put an interrupt off until the end of the block, which has to be of bounded duration.

    Without :func:`install`, as in tests, it does nothing.

    Raises:
        KeyboardInterrupt: At the end of the block, where an interrupt came.
    """
    _STATE.holders += 1
    try:
        yield
    finally:
        _STATE.holders -= 1
        if _STATE.waiting and not _STATE.holders:
            _raise()


def _interrupt(*_: object) -> None:
    now = time.monotonic()
    if _STATE.raised is not None and now - _STATE.raised < _ENDING_SECONDS:
        return
    if _STATE.holders:
        _STATE.waiting = True
    else:
        _raise()


def _raise() -> None:
    _STATE.waiting = False
    _STATE.raised = time.monotonic()
    raise KeyboardInterrupt
