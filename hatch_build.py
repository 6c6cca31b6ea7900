"""Makes the distribution's extras of the dependency groups: a version stands once, in pyproject.toml."""

import tomllib
from pathlib import Path
from typing import Any, Final

from hatchling.metadata.plugin.interface import MetadataHookInterface

# What importing the package and its command takes.
_BASE: Final = "command"

# Extra -> the group that it installs.
_EXTRAS: Final = {
    "read": "inference",
    "parquet": "parquet",
    "local": "local",
    "train": "train",
    "convert": "convert",
}

# Packages of the groups that only the functions' handlers import, which the extras for reading leave out.
_HANDLERS_ONLY: Final = frozenset({"aws-lambda-powertools"})


class GroupsHook(MetadataHookInterface):  # type: ignore[misc]
    """Fills ``dependencies`` and ``optional-dependencies``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill the project's metadata in."""
        project = tomllib.loads((Path(self.root) / "pyproject.toml").read_text(encoding="utf-8"))
        groups: dict[str, list[Any]] = project["dependency-groups"]
        metadata["dependencies"] = _requirements(groups, _BASE)
        metadata["optional-dependencies"] = {
            extra: [
                requirement
                for requirement in _requirements(groups, group)
                if extra == "local" or _name(requirement) not in _HANDLERS_ONLY
            ]
            for extra, group in _EXTRAS.items()
            if group in groups
        }


def _requirements(groups: dict[str, list[Any]], name: str) -> list[str]:
    """Return a group's requirements, with those of the groups that it includes."""
    found: dict[str, None] = {}
    for item in groups[name]:
        inner = _requirements(groups, item["include-group"]) if isinstance(item, dict) else [item]
        found |= dict.fromkeys(inner)
    return list(found)


def _name(requirement: str) -> str:
    return requirement.split(">", maxsplit=1)[0].split("=", maxsplit=1)[0].split("[", maxsplit=1)[0].strip()
