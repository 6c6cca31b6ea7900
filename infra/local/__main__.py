"""``python -m infra.local``: the commands of :mod:`infra.local.command`, and how interrupts end them."""

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
        # Only now: these imports take a second, in which an interrupt would end in a traceback.
        from infra.local.command import run_command  # noqa: PLC0415

        return run_command(arguments)
    except KeyboardInterrupt:
        # CPython remembers one that came through exec() of a text, with which dataclasses are defined, and
        # python -m then ends by SIGINT instead of with the exit code. Another exec() makes it forget.
        # Source: run_eval_code_obj() in Python/pythonrun.c.
        exec("")  # noqa: S102
        # The terminal may be what has gone.
        with suppress(OSError):
            print("tapeline: interrupted; everything that was started has been ended", file=sys.stderr)
        return EXIT_INTERRUPTED
    finally:
        interrupts.ignore()


if __name__ == "__main__":
    sys.exit(main())
