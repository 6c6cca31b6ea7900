"""Renews what commands print in the documents: ``make figures``.

In a block of a console, what stands below a command's line is what it printed. Commands that take seconds
and need neither AWS nor Docker are run again, and their output is put in the place of the old one; the others
stay as they are.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[1]

# The documents, and the commands in them that are run: what they begin with -> what is run in their place.
DOCUMENTS: Final = ("README.md", "docs/library.md", "docs/entities.md")
COMMANDS: Final[Mapping[str, str]] = {
    "tapeline read examples/": "tapeline read examples/",
    "tapeline estimate examples/": "tapeline estimate examples/",
    "make run\n": "tapeline run examples/test.csv --images examples/images --cloud local --replace\n",
}

# What a slow machine prints besides, where it has no terminal to draw a bar on.
_PROGRESS: Final = re.compile(r"^tapeline: [0-9]+ of [0-9]+ pictures, .*\n", re.MULTILINE)

# A block of a console.
_BLOCK: Final = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)

# A command in it with what it printed.
_CALL: Final = re.compile(r"^\$ (.+\n)((?:(?!\$ ).*\n)*)", re.MULTILINE)


def renewed(text: str, run: Callable[[str], str]) -> str:
    """Return a document with the output of its commands as it is now.

    Args:
        text: Markdown.
        run: Runs a command, and returns what it prints.
    """

    def call(match: re.Match[str]) -> str:
        command, shown = match[1], match[2]
        began = next((begin for begin in COMMANDS if command.startswith(begin)), None)
        # A command that is shown without its output stays so.
        if began is None or not shown:
            return match[0]
        return f"$ {command}{run(COMMANDS[began] + command.removeprefix(began))}"

    return _BLOCK.sub(lambda block: _CALL.sub(call, block[0]), text)


def run_here(command: str) -> str:
    """Run a call of the command in the repository, and return what it prints, as a reader sees it."""
    _, *arguments = shlex.split(command)
    paths = ("layers/tapeline", "functions", ".")
    done = subprocess.run(  # noqa: S603 - the commands of COMMANDS alone
        [sys.executable, "-m", "tapeline", *arguments],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(_ROOT / path) for path in paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return _PROGRESS.sub("", done.stdout)


def main() -> None:
    """Renew all documents."""
    for name in DOCUMENTS:
        path = _ROOT / name
        before = path.read_text(encoding="utf-8")
        after = renewed(before, run_here)
        path.write_text(after, encoding="utf-8")
        print(f"{name}: {'as before' if after == before else 'renewed'}")


if __name__ == "__main__":
    main()
