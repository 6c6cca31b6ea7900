"""The progress of a run: a bar on a terminal, a line every few seconds elsewhere."""

import sys
import time
from typing import Final, Never

from tqdm import tqdm

# Seconds between two lines where there is no bar. Chosen by hand: a log stays short.
_LINE_SECONDS: Final = 10.0


class Progress:
    """Writes to standard error, without colours.

    Args:
        bar: Whether to draw a bar; where standard error is a terminal if left out.
    """

    def __init__(self, *, bar: bool | None = None) -> None:
        self._draws = sys.stderr.isatty() if bar is None else bar
        self._bar: tqdm[Never] | None = None
        self._pictures = self._done = self._errors = 0
        self._started = self._said = 0.0

    def say(self, line: str) -> None:
        """Write a line."""
        print(f"tapeline: {line}", file=sys.stderr, flush=True)

    def start(self, pictures: int, rows: int) -> None:
        """Begin to count pictures."""
        self._pictures = pictures
        self._started = self._said = time.monotonic()
        self.say(f"the run has {rows} rows on {pictures} pictures")
        if self._draws:
            self._bar = tqdm(total=pictures, unit="picture", file=sys.stderr, dynamic_ncols=True)
            self._bar.set_postfix(errors=0)

    def update(self, pictures: int, errors: int) -> None:
        """Show how many pictures are done in all, and how many of their rows have errors."""
        if (pictures, errors) == (self._done, self._errors):
            return
        self._done, self._errors = pictures, errors
        if self._bar is not None:
            self._bar.set_postfix(errors=errors, refresh=False)
            self._bar.update(pictures - self._bar.n)
        elif time.monotonic() - self._said >= _LINE_SECONDS:
            self._said = time.monotonic()
            rate = pictures / (self._said - self._started)
            left = (self._pictures - pictures) / rate if rate else 0
            self.say(
                f"{pictures} of {self._pictures} pictures, {errors} errors, "
                f"{rate:.1f} pictures/s, {left:.0f} s left"
            )

    def finish(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
