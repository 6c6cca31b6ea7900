"""The command ``tapeline``.

``main`` is its entry, with interrupts; ``cli`` puts the commands together and has the exit codes;
``grammar`` has what their options share. ``reading``, ``runs``, ``estimating``, ``serving``, ``training``
and ``about`` have the commands, each of which parses, calls one function, and prints. ``help_page`` writes
docs/command.md.
"""
