"""One boto3 client for each service and process: making one takes longer than most calls."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

# "standard" retries throttling and broken connections with jitter; clients are safe between threads.
# Signed links are of the fourth version, which every region takes.
_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=32, signature_version="v4"
)


@cache
def s3_client() -> "S3Client":
    """Return the S3 client, configured by the environment as always with boto3."""
    return boto3.client("s3", config=_CONFIG)


@cache
def step_functions_client() -> "SFNClient":
    """Return the Step Functions client, configured by the environment as always with boto3."""
    return boto3.client("stepfunctions", config=_CONFIG)
