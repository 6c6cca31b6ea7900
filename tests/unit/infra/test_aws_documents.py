"""The commands of docs/aws.md: those of the AWS CLI name operations and options that AWS's own models have.

No account can be asked here, so that nothing more of them is proven; ``make`` targets are checked with those
of all documents.
"""

import re
import shlex
from pathlib import Path
from typing import Final

import botocore.session
import pytest
from botocore import xform_name

ROOT: Final = Path(__file__).parents[3]
DOCUMENT: Final = (ROOT / "docs/aws.md").read_text()

# Commands that the CLI itself makes of several operations -> options of those that the document names.
# Source: docs.aws.amazon.com/cli/latest/reference/.
OWN_COMMANDS: Final = {
    ("s3", "cp"): {"recursive", "metadata-directive"},
    ("logs", "tail"): {"since", "filter-pattern"},
}
# Options that the CLI calls otherwise than the model, as its own have the name. Source: the same.
RENAMED: Final = {("sns", "subscribe"): {"notification-endpoint": "endpoint"}}
# Options of every command, and those of paging. Source: the same.
GLOBAL: Final = {"query", "output", "max-items", "region", "profile"}


def commands() -> list[str]:
    """The AWS CLI's command lines in the document, in blocks and in sentences."""
    blocks = re.findall(r"^\$ (aws .+)$", DOCUMENT, re.MULTILINE)
    sentences = re.findall(r"`(aws [^`]+)`", DOCUMENT)
    return sorted(set(blocks + sentences))


def test_there_are_commands_to_check() -> None:
    assert len(commands()) > 15


@pytest.mark.parametrize("line", commands())
def test_a_command_names_an_operation_and_options_that_aws_has(line: str) -> None:
    _, service, operation, *rest = shlex.split(line)
    renamed = RENAMED.get((service, operation), {})
    given = {word.removeprefix("--").split("=")[0] for word in rest if word.startswith("--")} - GLOBAL
    options = {renamed.get(option, option) for option in given}
    if (service, operation) in OWN_COMMANDS:
        assert options <= OWN_COMMANDS[service, operation]
        return
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in operations, line
    shape = model.operation_model(operations[operation]).input_shape
    assert shape is not None
    members = {xform_name(name, "-") for name in shape.members}
    assert options <= members, line
    required = {xform_name(name, "-") for name in shape.required_members}
    assert required <= options, line


def test_commands_that_no_account_is_needed_for_run(tmp_path: Path) -> None:
    """The key's policy, filled in as the document says."""
    found = re.search(r'^\$ sed "(.+)" infra/aws/key-policy.json > key-policy.json$', DOCUMENT, re.MULTILINE)
    assert found
    text = (ROOT / "infra/aws/key-policy.json").read_text()
    for part in found[1].split("; "):
        _, old, new, flags = part.split("/")
        # Without the flag, sed replaces one in a line.
        assert flags == "g" or all(line.count(old) <= 1 for line in text.splitlines()), part
        text = text.replace(old, new)
    assert not re.search(r"ACCOUNT|REGION|STACK", text)
