"""An S3 client whose answers the test gives."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def client() -> "S3Client":
    return boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")


@pytest.fixture
def stub(client: "S3Client") -> Iterator[Stubber]:
    """Answers in order, and fails on a request that wasn't expected or didn't come."""
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()
