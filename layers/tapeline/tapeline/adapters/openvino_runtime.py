"""Imports openvino, and keeps it from reporting that."""

import sys
from typing import Any, Final

# What openvino reports each import to its makers with, where it is installed. The locks leave it out, but pip
# brings it along with the distribution. Source: openvino 2026.4, tools/ovc/telemetry_utils.py.
_TELEMETRY: Final = "openvino_telemetry"


def import_openvino() -> Any:
    """Return the module, which is imported only now: a process without models shouldn't spend the time."""
    # With None in its place it can't be imported, and a stub of openvino's own does nothing.
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]
    import openvino  # noqa: PLC0415 - see above

    return openvino
