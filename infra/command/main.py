"""The entry of the command ``tapeline``, and how interrupts end it."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from infra.local import interrupts

# What shells report for a process that SIGINT ended: 128 + 2.
EXIT_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: The command line after the program's name; that of the process where None.
    """
    try:
        interrupts.install()
        # Only now: these imports take a while, in which an interrupt would end in a traceback.
        from infra.command.cli import run_command  # noqa: PLC0415

        return run_command(arguments)
    except KeyboardInterrupt as interrupt:
        # CPython remembers one that came through exec() of a text, with which dataclasses are defined, and
        # python -m then ends by SIGINT instead of with the exit code. Another exec() makes it forget.
        # Source: run_eval_code_obj() in Python/pythonrun.c.
        exec("")  # noqa: S102
        # The terminal may be what has gone.
        with suppress(OSError):
            said = str(interrupt) or "everything that was started has been ended"
            print(f"tapeline: interrupted; {said}", file=sys.stderr)
        return EXIT_INTERRUPTED
    finally:
        interrupts.ignore()
