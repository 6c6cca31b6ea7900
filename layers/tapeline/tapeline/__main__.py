"""The program ``tapeline``, also as ``python -m tapeline``: finds its commands and hands over to them.

They lie beside the package, not in it, since Lambda has no use for them: in a clone's ``infra/command``, and
in ``tapeline/deployment`` where the package was installed.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

# Where an installed package has what a clone has in its root folder.
_INSTALLED: Final = Path(__file__).parent / "deployment"

# The root of the clone that this file is in, if it is.
_CLONE: Final = Path(__file__).parents[3]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: The command line after the program's name; that of the process where None.
    """
    root = _INSTALLED if _INSTALLED.is_dir() else _CLONE
    # In front: a folder of the user's own may be named alike.
    sys.path[:0] = [str(root), str(root / "functions")]
    code: int = import_module("infra.command.main").main(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
