"""Notes: what a limit left out of a picture's reading, for the column ``notes`` of details.csv.

Adapters add notes while a picture is answered; whoever answers it collects them. A note outside of
:func:`collect_notes` is dropped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_collected: Final[ContextVar[list[str] | None]] = ContextVar("collected", default=None)


def add_note(note: str) -> None:
    """Say of the picture that is being answered what a limit left out, in one line; once where repeated."""
    notes = _collected.get()
    if notes is not None and note not in notes:
        notes.append(note)


@contextmanager
def collect_notes() -> Iterator[list[str]]:
    """Collect the notes that are added in this context, in their order."""
    notes: list[str] = []
    token = _collected.set(notes)
    try:
        yield notes
    finally:
        _collected.reset(token)
