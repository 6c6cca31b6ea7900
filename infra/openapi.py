"""Writes the API's description to standard output: ``make openapi``."""

import os
import sys
from pathlib import Path
from typing import Final

from predict.app import make_api
from predict.openapi import dump_description
from predict.settings import PredictSettings

# A state machine's ARN for the settings, which need one. The description doesn't depend on it.
_STATE_MACHINE_ARN: Final = "arn:aws:states:us-east-1:123456789012:stateMachine:tapeline-batch"


def main() -> None:
    """Write the description."""
    # boto3's clients need a region, although they send no request.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    settings = PredictSettings(
        results_bucket="results",
        image_buckets="",
        models_dir=Path(),
        state_machine_arn=_STATE_MACHINE_ARN,
        workers=1,
        largest_shard=1,
        inference_memory=1769,
        seconds_per_picture=1,
    )
    sys.stdout.write(dump_description(make_api(settings), settings.entities))


if __name__ == "__main__":
    main()
