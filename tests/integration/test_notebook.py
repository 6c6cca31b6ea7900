"""The notebook in the examples runs from its first cell to its last, and its answers show themselves."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]

# Seconds that a cell may take. Chosen by hand: the models are loaded twice on a busy machine.
CELL_SECONDS = 300


# Of the kernel's own packages: IPython's history, and a socket that jupyter_client leaves to the interpreter.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "layers/tapeline"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    notebook = nbformat.read(ROOT / "examples/notebook.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env={**os.environ})
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    pages = [output["data"]["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert sum("data:image/jpeg;base64," in page and "<polygon" in page for page in pages) == 3
    assert any("26.5 centimetre" in page for page in pages)
    assert any("rows are right" in output.get("text", "") for output in shown)
    assert not [output for output in shown if output.get("name") == "stderr"]
    assert (tmp_path / "checked.csv").is_file()
