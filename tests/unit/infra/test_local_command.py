"""The command line of the local cloud: its help, and what it refuses."""

import re

import pytest

from infra.local.command import build_parser


def help_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args([*arguments, "--help"])
    assert caught.value.code == 0
    return capsys.readouterr().out


def test_every_command_has_help_with_description_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    commands = re.findall(r"^    (\w+) ", help_of(capsys), re.MULTILINE)
    assert commands == ["run", "serve", "correct", "review", "cloud"]
    for command in commands:
        usage, description, *_ = help_of(capsys, command).split("\n\n")
        assert usage.startswith(f"usage: python -m infra.local {command} ")
        assert description.endswith(".")
        examples = re.findall(r"^  (python -m infra\.local .+)$", help_of(capsys, command), re.MULTILINE)
        assert examples
        assert all(example.split()[3] == command for example in examples)
        assert "exit codes:" in help_of(capsys, command)


def test_every_option_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "serve", "correct", "review", "cloud"):
        options = help_of(capsys, command).split("options:\n")[1].split("\n\n")[0]
        # An option without help is alone on its line, and the next one follows.
        assert not re.search(r"^  -\S+( \S+)*\n(  -|$)", options, re.MULTILINE), options


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["walk"],
        ["run", "no such file.csv"],
        ["serve", "--images", "no such folder"],
        ["correct", "no such file.csv"],
        ["review", "--out", "no such folder"],
        ["serve", "--port", "0"],
        ["serve", "--port", "65536"],
        ["serve", "--workers", "1001"],
        ["cloud", "--port", "http"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(arguments)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err
