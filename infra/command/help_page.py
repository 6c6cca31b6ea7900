"""Writes docs/command.md from the command's own help: ``make command-help``; a test compares the two."""

from collections.abc import Iterator
from typing import Final

import click

from infra.command.cli import PROGRAM, cli
from infra.command.grammar import HELP_WIDTH

_INTRODUCTION: Final = """\
# The command

`pip install 'tapeline[read]'` brings the command `tapeline`; in a clone it is
`PYTHONPATH=layers/tapeline:functions:. .venv/bin/python -m tapeline`, which the Makefile calls. This page is
written by `make command-help`.

Results go to standard output, progress and errors to standard error. There are no colours, with `NO_COLOR` or
without. `tapeline completion` prints the completion for a shell.
"""


def help_page() -> str:
    """Return the page."""
    sections = [f"## {title}\n\n```text\n{text}\n```\n" for title, text in help_texts()]
    return "\n".join([_INTRODUCTION, *sections])


def help_texts() -> Iterator[tuple[str, str]]:
    """Yield how each command is called, and its help."""
    root = click.Context(cli, info_name=PROGRAM, terminal_width=HELP_WIDTH, **cli.context_settings)
    yield PROGRAM, cli.get_help(root)
    for name, command in cli.commands.items():
        context = click.Context(command, info_name=name, parent=root, terminal_width=HELP_WIDTH)
        yield f"{PROGRAM} {name}", command.get_help(context)


if __name__ == "__main__":
    print(help_page(), end="")
