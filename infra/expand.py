"""Writes a packaged template without SAM: ``python -m infra.expand packaged.yaml > tapeline.json``.

CloudFormation applies SAM's transform itself. Other tools read the template before that, and miss what only
the transform makes, such as the functions' roles: for them it is applied here, by the same library as AWS's.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# AWS's managed policies that SAM attaches to roles.
_MANAGED: Final = (
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
    "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess",
)


class _ManagedPolicies:
    """Stands in for IAM, which the translator asks for the ARNs of managed policies."""

    def load(self) -> dict[str, str]:
        return {name.split("/")[-1]: f"arn:aws:iam::aws:policy/{name}" for name in _MANAGED}


def expand(document: dict[str, Any], parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a template with SAM's transform applied.

    Args:
        document: The template, without local paths; it is changed.
        parameters: Values of parameters that the transform itself reads.
    """
    # The transform asks boto3 for a region, for the partition in some ARNs, and nothing else.
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1")}):
        expanded: dict[str, Any] = transform(document, dict(parameters or {}), _ManagedPolicies())
    return expanded


def main() -> None:
    """Write the template."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("template", type=Path, help="what sam package wrote")
    options = parser.parse_args()
    document = yaml_parse(options.template.read_text(encoding="utf-8"))
    json.dump(expand(document), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
