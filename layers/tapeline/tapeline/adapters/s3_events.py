"""S3's announcements of new objects."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.data_classes import S3Event


class DroppedObject(NamedTuple):
    """A new object version.

    Attributes:
        bucket: Its bucket.
        key: Its decoded key.
        version: Its version; None in a bucket without versioning.
        etag: Its entity tag.
    """

    bucket: str
    key: str
    version: str | None
    etag: str


def dropped_objects(event: Mapping[str, Any]) -> Iterator[DroppedObject]:
    """Yield the objects that an event announces; none for the one with which S3 tries a notification."""
    for record in S3Event(dict(event)).records if "Records" in event else ():
        dropped = record.s3.get_object
        # S3 encodes keys as a query string does.
        yield DroppedObject(
            record.s3.bucket.name, unquote_plus(dropped.key), dropped.version_id, dropped.etag
        )
