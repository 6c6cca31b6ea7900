"""An S3 bucket as :class:`tapeline.ports.ObjectStore` and :class:`tapeline.ports.LinkSigner`."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO, TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tapeline.adapters.s3_bodies import read_chunks
from tapeline.errors import ObjectMissingError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

# S3's codes for an object that isn't there; a HEAD request has no body, and so only a status.
_MISSING_CODES: Final = frozenset({"NoSuchKey", "404"})

# The same, with the code for a version that isn't there.
_MISSING_VERSION_CODES: Final = _MISSING_CODES | {"NoSuchVersion"}

# S3's codes for a conditional write to a key that is taken: by an object (412), or by a concurrent write
# (409), whichever of the two succeeds.
# Source: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_TAKEN_CODES: Final = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})


class BucketStore:
    """The objects of one bucket.

    Args:
        client: A boto3 S3 client.
        bucket: The bucket's name.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @contextmanager
    def open(self, key: str, version: str | None = None) -> Iterator[Iterator[bytes]]:
        """Stream an object's bytes in chunks of at most 256 KiB.

        Where the connection breaks, the rest is asked for.

        Raises:
            ObjectMissingError: There is no such key, or no such version of it.
        """
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": key}
        if version is not None:
            request["VersionId"] = version
        try:
            response = self._client.get_object(**request)
        except ClientError as error:
            if _code(error) in _MISSING_VERSION_CODES:
                wanted = f"s3://{self._bucket}/{key}" + (f" (version {version})" if version else "")
                raise ObjectMissingError(
                    f"expected an object at {wanted}, found none: it was deleted or never written"
                ) from error
            raise
        with closing(response["Body"]), closing(read_chunks(self._client, request, response)) as chunks:
            yield chunks

    def read(self, key: str) -> bytes:
        """Return a whole object.

        Raises:
            ObjectMissingError: There is no such key.
        """
        with self.open(key) as chunks:
            return b"".join(chunks)

    def exists(self, key: str) -> bool:
        """Say whether there is an object under this key."""
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _MISSING_CODES:
                return False
            raise
        return True

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with ``prefix``, in ascending order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", []):
                yield item["Key"]

    def write(self, key: str, body: bytes | IO[bytes], *, content_type: str) -> None:
        """Write a whole object in a single request, in place of any other."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)

    def write_once(self, key: str, body: bytes, *, content_type: str) -> bool:
        """Write a whole object unless the key is taken.

        Returns:
            Whether this call wrote it.
        """
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
            )
        except ClientError as error:
            if _code(error) in _TAKEN_CODES:
                return False
            raise
        return True

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        """Return a whole object and its entity tag; nothing, and an empty tag, where there is none."""
        try:
            response = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _MISSING_CODES:
                return b"", ""
            raise
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": key}
        with closing(response["Body"]), closing(read_chunks(self._client, request, response)) as chunks:
            return b"".join(chunks), response["ETag"]

    def write_tagged(self, key: str, body: bytes, tag: str, *, content_type: str) -> str | None:
        """Write a whole object in place of the one with an entity tag, or of none where the tag is empty.

        Returns:
            The new object's entity tag; None where another one is there, or is being written.
        """
        try:
            if tag:
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, IfMatch=tag
                )
            else:
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
                )
        except ClientError as error:
            # An object that isn't there any more answers If-Match with 404.
            if _code(error) in _TAKEN_CODES | _MISSING_CODES:
                return None
            raise
        return answer["ETag"]

    def sign(self, key: str, seconds: int) -> str:
        """Return a presigned URL of an object, good for so many seconds.

        One that is signed with a role's temporary credentials expires with them, if that is sooner.
        """
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
