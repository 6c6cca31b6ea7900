"""What the locks may not name, and what that leaves of openvino."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = sorted([*ROOT.glob("requirements/*.txt"), ROOT / "layers/tapeline/requirements.txt"])


def packages(lock: Path) -> set[str]:
    """Return the names of the packages that a lock has."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_no_lock_names_openvino_s_telemetry(lock: Path) -> None:
    assert packages(lock)
    assert "openvino-telemetry" not in packages(lock)


def test_openvino_reports_its_import_to_a_stub() -> None:
    assert importlib.util.find_spec("openvino_telemetry") is None
    # In a process of its own: it imports what only a conversion needs.
    script = "import openvino.tools.ovc as ovc; print(type(ovc.telemetry).__module__)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "openvino.tools.ovc.telemetry_stub\n"
