"""Writes the API's description: ``make openapi``."""

import os
import sys
from pathlib import Path

from predict.app import make_api
from predict.openapi import dump_description
from predict.settings import PredictSettings

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tapeline-batch"


def main() -> None:
    """Write the description to standard output."""
    # The clients want a region, though nothing is asked of them.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    settings = PredictSettings(
        results_bucket="results", image_buckets="", models_dir=Path(), state_machine_arn=MACHINE
    )
    sys.stdout.write(dump_description(make_api(settings)))


if __name__ == "__main__":
    main()
