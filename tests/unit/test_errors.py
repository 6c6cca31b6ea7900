"""The tree of errors."""

import ast
import pickle
from pathlib import Path

import pytest

from tapeline import errors
from tapeline.errors import MAX_MESSAGE_LENGTH, ErrorCode, RowError, TapelineError, TransientError

ROOT = Path(__file__).parents[2]
FOLDERS = ("functions", "infra", "layers", "benchmarks", "examples")


def test_a_row_error_survives_the_way_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(RowError(ErrorCode.TIMEOUT, "expected an answer, received none")))  # noqa: S301
    assert (type(error), error.code, error.message) == (
        RowError,
        ErrorCode.TIMEOUT,
        "expected an answer, received none",
    )


def test_the_tree_in_the_docstring_has_every_error() -> None:
    drawn = [line.split("──")[1].split()[0] for line in (errors.__doc__ or "").splitlines() if "──" in line]
    classes = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, TapelineError) and value is not TapelineError
    ]
    assert sorted(drawn) == sorted(classes)


@pytest.mark.parametrize("folder", FOLDERS)
def test_errors_are_defined_in_their_module_alone(folder: str) -> None:
    """A private subclass of one module's own is no new kind of error for anyone else."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error") and path.name != "errors.py":
                assert node.name.startswith("_"), f"{path}: move {node.name} to tapeline/errors.py"
                assert [ast.unparse(base) for base in node.bases] in (["RowError"], ["RejectedInputError"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with 'quotes', é and 你好", "plain, with 'quotes', é and 你好"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x1b[31mred\x00\x7f\x9b", r"\x1b[31mred\x00\x7f\x9b"),
        ("\u202egnp.exe\u2028", r"\u202egnp.exe\u2028"),
        ("\ud800", r"\ud800"),
        ("x" * MAX_MESSAGE_LENGTH, "x" * MAX_MESSAGE_LENGTH),
        ("x" * 10**6, "x" * (MAX_MESSAGE_LENGTH - 1) + "…"),
        ("\0" * 10**6, (r"\x00" * MAX_MESSAGE_LENGTH)[: MAX_MESSAGE_LENGTH - 1] + "…"),
    ],
)
def test_a_row_error_s_message_is_printable_and_bounded(text: str, shown: str) -> None:
    for error in (RowError(ErrorCode.INTERNAL, text), TransientError(ErrorCode.TIMEOUT, text, 1.0)):
        assert error.message == str(error) == shown
    again = pickle.loads(pickle.dumps(RowError(ErrorCode.INTERNAL, text)))  # noqa: S301 - our own
    assert again.message == shown
