"""Every curl line and the Python client of the documents, run, with the answers that they show."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tapeline.local.running import RunResult
from tests.integration.conftest import ROOT, Api

DOCUMENTS = (ROOT / "README.md", ROOT / "docs/api.md")
CALL = re.compile(r"```console\n\$ (curl .*?)```\n\n```json\n(.*?)```", re.DOTALL)
CALLS = [(path.name, *found) for path in DOCUMENTS for found in CALL.findall(path.read_text())]
# What differs from run to run, from machine to machine, or with and without ResNet50's weights.
VOLATILE = {"request_id", "milliseconds", "models", "labels", "run", "url", "confidence", "stated", "box"}


@pytest.fixture(scope="module")
def environment(api: Api, example_run: RunResult) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "NO_PROXY": "*",
        "TAPELINE_URL": api.service.url,
        "TAPELINE_API_KEY": api.service.key,
        "RUN": example_run.report.run,
    }


def steady(value: Any) -> Any:
    """A document with what may differ replaced by its kind."""
    if isinstance(value, dict):
        return {
            name: type(item).__name__ if name in VOLATILE else steady(item) for name, item in value.items()
        }
    return [steady(item) for item in value] if isinstance(value, list) else value


def test_each_curl_line_has_an_answer_below_it() -> None:
    # Those without the variable are of sam local, and run in tests/container.
    lines = sum(len(re.findall(r"\$ curl [^\n]*TAPELINE_URL", path.read_text())) for path in DOCUMENTS)
    assert len(CALLS) == lines >= 8


@pytest.mark.parametrize(("document", "command", "shown"), CALLS)
def test_a_curl_line_answers_as_shown(
    environment: dict[str, str], document: str, command: str, shown: str
) -> None:
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert steady(json.loads(done.stdout)) == steady(json.loads(shown)), document


def test_the_python_client_prints_what_is_shown(environment: dict[str, str], tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", DOCUMENTS[1].read_text(), re.DOTALL)
    assert found
    client = tmp_path / "client.py"
    client.write_text(found[1])
    done = subprocess.run(
        [sys.executable, client], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == found[2]
