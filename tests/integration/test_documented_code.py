"""The Python in the documents runs, and gives what it shows after ``# ->``."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    path for path in (ROOT / "README.md", ROOT / "docs/library.md") if "```python" in path.read_text()
]


def blocks(path: Path) -> str:
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL))


def test_there_is_code_to_run() -> None:
    assert len(DOCUMENTS) == 2


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documented_code_gives_what_it_shows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    source = blocks(path)
    lines = source.splitlines()
    names: dict[str, object] = {}
    shown = 0
    for node in ast.parse(source).body:
        text = ast.get_source_segment(source, node) or ""
        _, arrow, expected = lines[(node.end_lineno or 1) - 1].partition("# -> ")
        if arrow:
            assert repr(eval(text, names)) == expected, text  # noqa: S307
            shown += 1
        else:
            exec(compile(text, path.name, "exec"), names)  # noqa: S102
    assert shown
