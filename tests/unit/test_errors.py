"""The tree of errors."""

import ast
import pickle
from pathlib import Path

import pytest

from tapeline import errors
from tapeline.errors import ErrorCode, RowError, TapelineError

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
                assert [ast.unparse(base) for base in node.bases] == ["RowError"]
