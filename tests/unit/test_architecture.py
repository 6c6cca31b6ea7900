"""Data flows one way, handlers stay short, and documents name what is there."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers/tapeline/tapeline"
OUTSIDE = {
    "boto3",
    "botocore",
    "requests",
    "urllib3",
    "PIL",
    "tensorflow",
    "keras",
    "onnxruntime",
    "openvino",
    "rapidocr",
    "cv2",
    "lightgbm",
}
# The rooms of adapters, of what puts them together, and of what is built on that.
OUTER = {"adapters", "local", "worker"}
CORE = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name not in OUTER)
HANDLERS = sorted(ROOT.glob("functions/*/app.py"))
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.name)
def test_the_core_imports_nothing_from_outside(path: Path) -> None:
    named = imports(path)
    assert not {name.split(".")[0] for name in named} & OUTSIDE
    assert not [name for name in named if name.startswith("tapeline.adapters")]


# The rooms of the package, the lowest first: each imports from lower floors, and from itself.
#
# On the ground floor each module is a room, and they may import one another without a circle.
FLOORS = (
    {
        "buckets",
        "entities",
        "errors",
        "geometry",
        "model_files",
        "notes",
        "picture",
        "ports",
        "settings",
        "telemetry",
    },
    {"download", "quantities"},
    {"answers", "entity_file"},
    {"adapters", "cropping", "entity_settings", "reading"},
    {"ranking"},
    {"answerer", "answering"},
    {"batch", "predicting", "worker"},
    {"local"},
    # The program, and the names that the package exports.
    {"__main__"},
)


def modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


@cache
def dependencies() -> dict[str, set[str]]:
    """Module -> the modules of the package that it imports."""
    known = modules()
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        found[name] = set()
        # What the package exports is imported when it is asked for, or by type checkers.
        if name == PACKAGE.name:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names if alias.name in known}
            elif isinstance(node, ast.ImportFrom) and node.module in known:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                found[name] |= (inner & known.keys()) or {node.module}
    return found


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def floor(module: str) -> int:
    # The package's own __init__ has the version and names of what it exports, and lies under all floors.
    return next((level for level, rooms in enumerate(FLOORS) if room(module) in rooms), -1)


def test_each_room_is_on_a_floor() -> None:
    assert {room(module) for module in modules()} - {""} == set().union(*FLOORS)


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_lead_downwards_and_never_sideways(module: str) -> None:
    for imported in dependencies()[module]:
        inside = room(imported) == room(module)
        on_the_ground = floor(imported) == floor(module) == 0
        assert inside or on_the_ground or floor(imported) < floor(module), f"{module} imports {imported}"


def circles(graph: Mapping[str, set[str]]) -> set[str]:
    """Return the modules that lie on a circle of imports, or import one that does."""
    rest = dict(graph)
    while leaves := [name for name, imported in rest.items() if not (imported & rest.keys()) - {name}]:
        for name in leaves:
            del rest[name]
    return set(rest)


def test_no_imports_go_in_a_circle() -> None:
    assert not circles(dependencies())
    assert circles({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": set()}) == {"a", "b"}


@pytest.mark.parametrize("path", sorted((PACKAGE / "batch").glob("*.py")), ids=lambda path: path.name)
def test_the_batch_needs_no_numpy(path: Path) -> None:
    assert "numpy" not in imports(path)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_the_package_knows_no_function(path: Path) -> None:
    functions = {folder.name for folder in (ROOT / "functions").iterdir() if folder.is_dir()}
    assert not {name.split(".")[0] for name in imports(path)} & (functions | {"infra"})


def test_there_are_handlers_to_look_at() -> None:
    assert len(HANDLERS) == 7


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.parent.name)
def test_a_handler_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 60
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 30


_IMPORT_ALONE = """
import importlib, sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
allowed = set(sys.argv[2].split())
class Finder(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path)
        if name.split(".")[0] not in allowed and spec and "site-packages" in (spec.origin or ""):
            raise ModuleNotFoundError(f"{name} is neither in the layer nor in Lambda's runtime", name=name)
sys.meta_path.insert(0, Finder())
importlib.import_module(sys.argv[1])
"""


@pytest.mark.parametrize("function", ["fan_out", "correct", "missing", "notify", "reducer"])
def test_a_zip_function_imports_only_what_its_layer_and_the_runtime_have(function: str) -> None:
    lock = re.findall(
        r"^([a-z0-9-]+)==", (ROOT / "layers/tapeline/requirements.txt").read_text(), re.MULTILINE
    )
    by_distribution = {"python-dotenv": "dotenv", "aws-lambda-powertools": "aws_lambda_powertools"}
    runtime = ["boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six"]
    allowed = [by_distribution.get(name, name.replace("-", "_")) for name in lock]
    subprocess.run(
        [
            sys.executable,
            "-c",
            _IMPORT_ALONE,
            f"{function}.app",
            " ".join([*allowed, *runtime, "tapeline", function]),
        ],
        check=True,
        env={"PYTHONPATH": os.pathsep.join(map(str, [PACKAGE.parent, ROOT / "functions"]))},
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_only_targets_and_files_that_are_there(path: Path) -> None:
    text = path.read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:\$ |`)make ([a-z0-9-]+)", text))
    assert named <= targets
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / link).exists(), link


def test_the_readme_shows_the_answers_that_the_examples_have() -> None:
    shown = re.search(r"index,prediction\n(.*?)\n\.\.\. ", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown
    expected = (ROOT / "examples/expected.csv").read_text().splitlines()[1:]
    # The README says that all come out right.
    assert shown[1].splitlines() == expected[:8]
