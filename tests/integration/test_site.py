"""The documents as a site: built with warnings as errors, each page there, README's parts among them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for document in (ROOT / "docs").glob("*.md"):
        assert (tmp_path / "site" / document.stem / "index.html").is_file(), document
    start, aws, accuracy = (
        (tmp_path / "site" / name / "index.html").read_text() for name in ("", "deploying", "accuracy")
    )
    assert "How good it is" in accuracy
    assert "make deploy" in aws
    # Links are named by their pages, not by files that the site hasn't got.
    assert '<a href="library/">library</a>' in start
    assert "docs/library.md" not in start
    assert "make deploy" not in start.partition("Your own CSV")[0]
