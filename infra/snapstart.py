"""Writes the template with SnapStart for Predict to standard output: ``make deploy SNAPSTART=1``.

It is no parameter. A snapshot is of a published version, which the API has to call by an alias; SAM makes
both always or never, and publishes no version where only a parameter has changed. So each of these templates
has a ``RELEASE`` of its own, with which every deployment publishes a version, and deletes the one before.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

TEMPLATE: Final = Path(__file__).resolve().parents[1] / "template.yaml"

# The line of the template that the properties come after, and the one that the variable comes after.
_PROPERTIES_MARK: Final = "      # SnapStart: infra/snapstart.py puts its properties here.\n"
_VARIABLES_MARK: Final = "          STATE_MACHINE_ARN: !Ref BatchStateMachine\n"

_PROPERTIES: Final = """\
      AutoPublishAlias: live
      AutoPublishAliasAllProperties: true
      VersionDeletionPolicy: Delete
      SnapStart: {ApplyOn: PublishedVersions}
"""


def with_snapstart(template: str, release: str) -> str:
    """Return a template in which Predict starts from snapshots.

    Args:
        template: The text of template.yaml.
        release: A text that no other deployment has.

    Raises:
        ValueError: The template has no place for it, or more than one.
    """
    for mark in (_PROPERTIES_MARK, _VARIABLES_MARK):
        if template.count(mark) != 1:
            raise ValueError(
                f"expected one line {mark.strip()!r} in the template, found {template.count(mark)}"
            )
    variable = f"          # Nothing reads it.\n          RELEASE: '{release}'\n"
    return template.replace(_PROPERTIES_MARK, _PROPERTIES_MARK + _PROPERTIES).replace(
        _VARIABLES_MARK, _VARIABLES_MARK + variable
    )


def main() -> None:
    """Write the template."""
    release = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sys.stdout.write(with_snapstart(TEMPLATE.read_text(encoding="utf-8"), release))


if __name__ == "__main__":
    main()
