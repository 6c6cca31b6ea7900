"""openvino reports its import where openvino-telemetry is installed: here a package that tells of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
READER = "from tapeline.adapters.openvino_models import OcrModels; OcrModels(threads=1)"


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Return a folder with a package in the place of openvino-telemetry."""
    package = tmp_path / "openvino_telemetry"
    package.mkdir()
    (package / "__init__.py").write_text("print('reported')\n", encoding="utf-8")
    return tmp_path


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    paths = (folder, ROOT / "layers/tapeline", ROOT)
    return subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        check=False,
        capture_output=True,
        text=True,
    )


def test_openvino_by_itself_would_report(told: Path) -> None:
    assert "reported" in run("import openvino", told).stdout


def test_the_reader_reports_nothing(told: Path) -> None:
    done = run(READER, told)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nor_does_the_converter(told: Path) -> None:
    script = (
        "from tapeline.adapters.openvino_runtime import import_openvino\n"
        "import_openvino()\n"
        "import openvino.tools.ovc as ovc\n"
        "print(type(ovc.telemetry).__module__)"
    )
    assert run(script, told).stdout == "openvino.tools.ovc.telemetry_stub\n"
