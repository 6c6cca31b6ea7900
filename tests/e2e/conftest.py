"""One deployment for all tests, and the report that they print at their end."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.target import ROOT, Target, aws_target, local_target

REPORT: Final = ROOT / "build/e2e/report.md"


@dataclass
class Facts:
    """What the tests found out, as lines of the report."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        self.lines.append(line)


_FACTS: Final = pytest.StashKey[Facts]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FACTS] = Facts()


@pytest.fixture(scope="session")
def facts(pytestconfig: pytest.Config) -> Facts:
    return pytestconfig.stash[_FACTS]


@pytest.fixture(scope="session")
def target(facts: Facts) -> Iterator[Target]:
    """The deployment: of the account of the credentials where TAPELINE_E2E is aws, else local."""
    is_aws = os.environ.get("TAPELINE_E2E") == "aws"
    start = time.monotonic()
    with aws_target() if is_aws else local_target() as deployed:
        where = "an AWS account" if is_aws else "the local cloud"
        facts.add(f"- deployed {deployed.stack} to {where} in {time.monotonic() - start:.0f} s")
        yield deployed
    facts.add(f"- all of it took {time.monotonic() - start:.0f} s")


@pytest.fixture
def only_on_aws(target: Target, request: pytest.FixtureRequest) -> None:
    """Skip what the local cloud can't show; the marker names why."""
    marker = request.node.get_closest_marker("only_on_aws")
    if not target.is_aws:
        pytest.skip(f"the local cloud can't show it: {marker.args[0]}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if item.get_closest_marker("only_on_aws"):
                item.fixturenames.append("only_on_aws")  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    facts = config.stash[_FACTS]
    if not facts.lines:
        return
    outcomes = [
        f"- {outcome}: {item.nodeid.split('::')[-1]}{_reason(item)}"
        for outcome in ("passed", "failed", "skipped")
        for item in terminalreporter.stats.get(outcome, [])
        if "tests/e2e/" in item.nodeid
    ]
    text = "\n".join(["# Tapeline, end to end", "", *facts.lines, "", *outcomes, ""])
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(text)
    terminalreporter.section("end to end: build/e2e/report.md")
    terminalreporter.write_line(text)


def _reason(item: Any) -> str:
    # Of a skipped test: path, line, and "Skipped: reason".
    return f" ({item.longrepr[2].removeprefix('Skipped: ')})" if item.skipped else ""
