"""One boto3 client for each service and process: creating one takes longer than most calls."""

from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

# Attempts of a call, with the first one; "standard" retries throttling and broken connections, with jitter.
# Chosen by hand.
_MAX_ATTEMPTS: Final = 5

# Connections that a client keeps for its threads. Chosen by hand: more than a worker's downloads at once,
# which are 8 by default.
_MAX_CONNECTIONS: Final = 32

# The version of signatures, for presigned URLs too; all regions accept it.
# Source: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
_SIGNATURE_VERSION: Final = "v4"

_CONFIG: Final = Config(
    retries={"mode": "standard", "max_attempts": _MAX_ATTEMPTS},
    max_pool_connections=_MAX_CONNECTIONS,
    signature_version=_SIGNATURE_VERSION,
)


@cache
def s3_client() -> "S3Client":
    """Return the S3 client, configured by the environment as always with boto3."""
    return boto3.client("s3", config=_CONFIG)


@cache
def events_client() -> "EventBridgeClient":
    """Return the EventBridge client, configured by the environment as always with boto3."""
    return boto3.client("events", config=_CONFIG)


@cache
def sns_client() -> "SNSClient":
    """Return the SNS client, configured by the environment as always with boto3."""
    return boto3.client("sns", config=_CONFIG)


@cache
def step_functions_client() -> "SFNClient":
    """Return the Step Functions client, configured by the environment as always with boto3."""
    return boto3.client("stepfunctions", config=_CONFIG)
