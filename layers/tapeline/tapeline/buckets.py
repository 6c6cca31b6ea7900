"""The names of S3 buckets; apart from the settings, so that whoever checks a link needs no pydantic."""

from typing import Final

# The name of an S3 bucket, as a regular expression of the whole name.
# Source: docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_NAME: Final = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
