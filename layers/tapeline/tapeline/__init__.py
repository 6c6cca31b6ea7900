"""Reads width, weight, voltage and other quantities off product pictures.

::

    from tapeline import Reader

    Reader().read("kettle.jpg", ["wattage"])

Data flows one way: the functions in ``functions/``, the command and :class:`Reader` parse what they are
given and call one function of this package; the package talks to the outside through the protocols of
:mod:`tapeline.ports`, and the adapters in :mod:`tapeline.adapters` implement them with boto3, requests,
Pillow, OpenCV and OpenVINO. Nothing outside ``adapters`` imports those libraries. The rooms ``worker`` and
``local`` put both together; docs/architecture.md has all of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapeline.answers import Answer as Answer
    from tapeline.answers import RunnerUp as RunnerUp
    from tapeline.errors import RowError as RowError
    from tapeline.errors import TapelineError as TapelineError
    from tapeline.local.reader import Reader as Reader

__version__ = "0.1.0"

# Public name -> the module that has it. Imported when it is asked for: the functions share this package, and
# none of them needs all of it.
_EXPORTS = {
    "Answer": "tapeline.answers",
    "Reader": "tapeline.local.reader",
    "RowError": "tapeline.errors",
    "RunnerUp": "tapeline.answers",
    "TapelineError": "tapeline.errors",
}

__all__ = ["Answer", "Reader", "RowError", "RunnerUp", "TapelineError", "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_EXPORTS[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
