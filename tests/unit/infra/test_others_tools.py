"""The examples for other tools, and the workflows: what they name is there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import hcl2
import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from tests.unit.infra.stack import packaged

ROOT: Final = Path(__file__).parents[3]
TEMPLATE: Final = yaml_parse((ROOT / "template.yaml").read_text())
WORKFLOWS: Final = sorted((ROOT / ".github/workflows").glob("*.yml"))


def terraform() -> dict[str, Any]:
    parsed: dict[str, Any] = hcl2.loads((ROOT / "examples/terraform/main.tf").read_text())
    return parsed


def blocks(kind: str) -> dict[str, Any]:
    """Name -> body of the blocks of a kind; names come in quotes."""
    found: dict[str, Any] = {}
    for block in terraform()[kind]:
        for name, body in block.items():
            found[name.strip('"')] = body
    return found


def test_terraform_s_example_names_parameters_and_outputs_of_the_template() -> None:
    (stack,) = blocks("resource")["aws_cloudformation_stack"].values()
    assert set(stack["parameters"]) <= set(TEMPLATE["Parameters"])
    assert stack["capabilities"] == ['"CAPABILITY_IAM"']
    named = re.findall(r'outputs\["(\w+)"\]', (ROOT / "examples/terraform/main.tf").read_text())
    assert named
    assert set(named) <= set(TEMPLATE["Outputs"])


def test_terraform_s_example_uses_the_variables_that_it_declares() -> None:
    used = set(re.findall(r"\bvar\.(\w+)", (ROOT / "examples/terraform/main.tf").read_text()))
    assert used == set(blocks("variable"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_calls_targets_that_are_there_with_little_permission(path: Path) -> None:
    # "on" is a boolean to YAML 1.1.
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    targets = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 60, name
        for step in job["steps"]:
            if "run" in step:
                assert set(re.findall(r"\bmake ([a-z0-9-]+)", step["run"])) <= targets
                # What a caller chose reaches the shell as a variable, and never as its text.
                assert "${{" not in step["run"]
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}


def test_only_the_deployment_asks_for_a_token() -> None:
    texts = {path.stem: path.read_text() for path in WORKFLOWS}
    assert [name for name, text in texts.items() if "id-token: write" in text] == ["deploy"]
    environments = yaml.safe_load(texts["deploy"])[True]["workflow_dispatch"]["inputs"]["environment"][
        "options"
    ]
    configured = re.findall(
        r"^\[(\w+)\.global\.parameters\]$", (ROOT / "samconfig.toml").read_text(), re.MULTILINE
    )
    assert environments == configured


@pytest.mark.skipif(shutil.which("node") is None, reason="the CDK needs node: apt-get install nodejs")
def test_the_cdk_s_example_synthesises_the_template(tmp_path: Path) -> None:
    pytest.importorskip("aws_cdk", reason="the CDK isn't installed: it is in the group examples")
    template = _expanded(tmp_path)
    done = subprocess.run(
        [sys.executable, ROOT / "examples/cdk/app.py", template],
        cwd=tmp_path,
        env={
            **os.environ,
            "CDK_OUTDIR": str(tmp_path / "out"),
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    synthesised = yaml.safe_load((tmp_path / "out/tapeline-cdk.template.json").read_text())
    given = yaml.safe_load(template.read_text())
    assert set(synthesised["Resources"]) >= set(given["Resources"])
    assert "MaxRunCost" not in synthesised["Parameters"]


def _expanded(folder: Path) -> Path:
    """Return the template as sam package and infra.expand write it."""
    plain, expanded = folder / "packaged.yaml", folder / "tapeline.json"
    plain.write_text(yaml.safe_dump(packaged((ROOT / "template.yaml").read_text())))
    with expanded.open("w") as file:
        subprocess.run(
            [sys.executable, "-m", "infra.expand", plain],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=file,
            check=True,
        )
    return expanded
