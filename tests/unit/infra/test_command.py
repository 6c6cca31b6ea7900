"""The command's grammar: its help, its examples, what it refuses, and what it prints without reading."""

import gzip
import json
import re
import shlex
from pathlib import Path

import click
import pytest
import requests

from infra.command.about import COMPLETION
from infra.command.cli import cli, run_command
from infra.command.help_page import help_page, help_texts
from tapeline import __version__
from tapeline.entities import UNITS_BY_ENTITY

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = sorted(cli.commands)


def documented() -> list[list[str]]:
    """Return the words of each call of the command in a document."""
    texts = [path.read_text() for path in DOCUMENTS]
    lines = [line for text in texts for line in re.findall(r"^\$ (tapeline .+)$", text, re.MULTILINE)]
    return [shlex.split(re.split(" [>|] ", line)[0], comments=True) for line in lines]


@pytest.mark.parametrize(
    "path", [*DOCUMENTS, *sorted((ROOT / "docs/decisions").glob("*.md"))], ids=lambda path: path.name
)
def test_a_document_has_no_placeholder_left(path: Path) -> None:
    # A word in capitals, alone at a line's or a paragraph's end, stands for figures that are yet to come.
    assert not re.findall(r"(?m)^[A-Z]{2,}$|[.:] [A-Z]{2,}$", path.read_text())


def parse(words: list[str], folder: Path) -> None:
    """Parse a call as click does, with a file or folder at each of its paths."""
    for word in words[1:]:
        if re.fullmatch(r"[\w/.-]+\.(csv|json|toml|csv\.gz|parquet|jsonl)", word):
            (folder / word).parent.mkdir(parents=True, exist_ok=True)
            (folder / word).touch()
        elif re.fullmatch(r"[\w/.~-]+", word) and not word.startswith(("-", "~")):
            (folder / word).mkdir(parents=True, exist_ok=True)
    command = cli.commands[words[1]]
    command.make_context(words[1], words[2:], parent=click.Context(cli, info_name=words[0]))


def test_the_golden_help_is_what_the_command_says() -> None:
    # make command-help renews it.
    assert (ROOT / "docs/command.md").read_text() == help_page()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_a_description_and_examples_that_parse(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = dict(help_texts())[f"tapeline {name}"]
    assert re.search(r"^  [A-Z].+?\.$", text, re.MULTILINE | re.DOTALL)
    examples = re.findall(rf"^    (tapeline {name}\b.*)$", text, re.MULTILINE)
    assert examples
    for example in examples:
        parse(shlex.split(example.partition(" > ")[0]), tmp_path)
    for option in cli.commands[name].params:
        assert not isinstance(option, click.Option) or option.help, option.name


@pytest.mark.parametrize("words", documented(), ids=" ".join)
def test_calls_in_documents_parse(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parse(words, tmp_path)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_called_in_a_document(name: str) -> None:
    assert name in {words[1] for words in documented()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["walk"],
        ["run"],
        ["run", "no such file.csv"],
        ["run", "pyproject.toml", "--engine", "docker"],
        ["run", "pyproject.toml", "--out", "pyproject.toml/out"],
        ["read"],
        ["serve", "--images", "no such folder"],
        ["serve", "--port", "0"],
        ["serve", "--port", "65536"],
        ["serve", "--workers", "1001"],
        ["correct", "no such file.csv"],
        ["review", "--out", "no such folder"],
        ["cloud", "--port", "http"],
        ["completion", "cmd"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert run_command(arguments) == 2
    printed = capsys.readouterr()
    assert "Error: " in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("arguments", [["--help"], ["run", "-h"], ["--version"]], ids=" ".join)
def test_what_only_tells_exits_with_0(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(arguments) == 0
    assert capsys.readouterr().out.startswith(("Usage: tapeline", f"tapeline {__version__}"))


def test_entities_are_listed_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["entities"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(UNITS_BY_ENTITY)
    assert run_command(["entities", "--json"]) == 0
    assert {entry["name"] for entry in json.loads(capsys.readouterr().out)} == set(UNITS_BY_ENTITY)


def test_a_shell_is_told_the_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["completion", "bash"]) == 0
    assert COMPLETION in capsys.readouterr().out
    monkeypatch.setenv(COMPLETION, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "tapeline re")
    monkeypatch.setenv("COMP_CWORD", "1")
    with pytest.raises(SystemExit):
        run_command([])
    assert capsys.readouterr().out.split() == ["plain,read", "plain,resume", "plain,review"]


def test_weights_that_cannot_be_had_are_one_line_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(url: str, **_: object) -> None:
        raise requests.ConnectionError("no route")

    monkeypatch.setattr(requests, "get", unreachable)
    arguments = ["models", "--models", str(tmp_path / "models"), "--optional"]
    assert run_command(arguments) == 0
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "label columns stay empty" in said
    assert run_command(arguments) == 0
    assert capsys.readouterr().err == ""
    assert run_command(arguments[:-1]) == 1
    assert "tapeline: expected resnet50_weights" in capsys.readouterr().err
    assert run_command([*arguments[:-1], "--status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["resnet50"] is False


def test_a_table_that_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "broken.csv.gz"
    table.write_bytes(gzip.compress(b"image_link,entity_name\n" * 1000)[:20])
    assert run_command(["run", str(table), "--images", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "tapeline: expected a whole gzip file, received the beginning of one: compress the table again"
    ]
