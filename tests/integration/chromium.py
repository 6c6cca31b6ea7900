"""What the tests in a real Chromium share. Screenshots go to ``build/screenshots``."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.conftest import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SHOTS = ROOT / "build/screenshots"
WIDE = (1280, 900)

NEEDS_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

# axe-core in one file, as the package brings it along.
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


@contextmanager
def started_chromium() -> Iterator[Browser]:
    SHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # Without a sandbox of its own: Chromium has none for root, as which CI runs.
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


def serious_problems(page: Page) -> list[str]:
    """Return what axe-core finds on a page that is serious or worse, as rule and element."""
    # Through the debugger, which the page's policy doesn't bind.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    assert found["passes"]
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]
