"""Fetches pictures from Amazon S3, and chooses the fetcher of a link."""

from collections.abc import Collection
from contextlib import closing
from typing import TYPE_CHECKING, Final

import botocore.exceptions

from tapeline.adapters.s3_bodies import read_chunks
from tapeline.download.limits import MAX_PICTURE_BYTES, BoundedBody
from tapeline.download.links import S3Link, S3Prefix, copy_name, is_s3, parse_link, show_link
from tapeline.errors import ErrorCode, RowError
from tapeline.ports import PictureFetcher

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

# S3's codes for an object that isn't there; where there is no such bucket, the code is another.
_MISSING_CODES: Final = frozenset({"NoSuchKey", "404"})


class S3Fetcher:
    """Fetches ``s3://bucket/key`` from where pictures are; a :class:`~tapeline.ports.PictureFetcher`.

    Without the list of prefixes, a row or a request could name any object that the function's role may read,
    and learn from the error whether there is one. So all else is refused before S3 is asked.

    Args:
        client: A boto3 client; its timeouts and retries are its own.
        allowed: Where pictures are.
        max_bytes: Bytes of a picture.
    """

    def __init__(
        self, client: "S3Client", allowed: Collection[S3Prefix], max_bytes: int = MAX_PICTURE_BYTES
    ) -> None:
        self._client = client
        self._allowed = frozenset(allowed)
        self._max_bytes = max_bytes

    def fetch(self, link: str) -> bytes:
        """Return the object behind a link.

        Raises:
            RowError: With the code ``bad_link``; ``blocked_address`` for a bucket or key that isn't allowed
                (the link is well-formed, and what it points at is refused); ``http_status`` with S3's status
                (404 where there is no such object, 403 without permission); ``too_large``; ``timeout``; or
                ``connect_failure``.
        """
        parsed = parse_link(link)
        if not isinstance(parsed, S3Link):
            raise RowError(
                ErrorCode.BAD_LINK, f"expected a link of the form s3://bucket/key, received {show_link(link)}"
            )
        if not any(prefix.covers(parsed) for prefix in self._allowed):
            # Which buckets there are, and their names, is nothing that a caller of the API should learn.
            raise RowError(
                ErrorCode.BLOCKED_ADDRESS,
                f"expected a link to where pictures are, received {show_link(link)}: copy the picture under "
                "ImagePrefix of the drop bucket, or have its bucket named in the template's ImageBuckets",
            )
        body = _read_object(self._client, parsed, self._max_bytes)
        if body is None:
            raise RowError(
                ErrorCode.HTTP_STATUS,
                f"expected an object at {show_link(link)}, received HTTP status 404 from S3: check its key",
            )
        return body


class MirrorFetcher:
    """Fetches the copy of a picture in S3 if there is one, else from the origin.

    The copy of ``https://host/path/NAME`` is ``s3://bucket/prefixNAME``, with NAME as
    :func:`~tapeline.download.links.copy_name` defines it; hosts and folders don't matter. A link without a
    file name has no copy. A link is parsed before its copy is looked up, so that a malformed one fails with
    or without a copy; one without a scheme is nothing but the name of a copy.

    The role needs ``s3:ListBucket`` on the bucket: without it, S3's status for an object that isn't there is
    403 and not 404, and 403 is an error of the set-up rather than a missing copy.

    Args:
        client: A boto3 client.
        mirror: The mirror's bucket, and what stands before each name there.
        origin: Fetches what has no copy.
        max_bytes: Bytes of a picture.
        extra_ports: Ports to accept in links besides 80 and 443; for tests.
    """

    def __init__(
        self,
        client: "S3Client",
        mirror: S3Prefix,
        origin: PictureFetcher,
        *,
        max_bytes: int = MAX_PICTURE_BYTES,
        extra_ports: Collection[int] = (),
    ) -> None:
        self._client = client
        self._mirror = mirror
        self._origin = origin
        self._max_bytes = max_bytes
        self._extra_ports = extra_ports

    def fetch(self, link: str) -> bytes:
        """Return the copy's bytes, or the origin's.

        Raises:
            RowError: As :meth:`S3Fetcher.fetch` for the copy, or as the origin's ``fetch``.
        """
        name = copy_name(link, extra_ports=self._extra_ports)
        if name:
            copy = S3Link(self._mirror.bucket, self._mirror.prefix + name)
            body = _read_object(self._client, copy, self._max_bytes)
            if body is not None:
                return body
        return self._origin.fetch(link)


class LinkFetcher:
    """Passes ``s3://`` links to one fetcher and all others to another, which refuses unknown schemes.

    Args:
        http: For ``http`` and ``https`` links, and for malformed ones.
        s3: For ``s3`` links.
    """

    def __init__(self, http: PictureFetcher, s3: PictureFetcher) -> None:
        self._http = http
        self._s3 = s3

    def fetch(self, link: str) -> bytes:
        """Return the body behind a link.

        Raises:
            RowError: As the fetcher for its scheme does.
        """
        return (self._s3 if is_s3(link) else self._http).fetch(link)


def _read_object(client: "S3Client", link: S3Link, max_bytes: int) -> bytes | None:
    """Return an object's bytes; None where there is no such key."""
    where = show_link(f"s3://{link.bucket}/{link.key}")
    request: GetObjectRequestTypeDef = {"Bucket": link.bucket, "Key": link.key}
    try:
        response = client.get_object(**request)
        with closing(response["Body"]), closing(read_chunks(client, request, response)) as chunks:
            body = BoundedBody(max_bytes, f"s3://{link.bucket}/{link.key}")
            body.check_length(response["ContentLength"])
            # Servers other than S3 (of tests, of a local run) may declare one length and send another.
            for chunk in chunks:
                body.append(chunk)
            return bytes(body)
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in _MISSING_CODES:
            return None
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        advice = "let the role read it (s3:GetObject, s3:ListBucket)" if status == 403 else "check the link"
        raise RowError(
            ErrorCode.HTTP_STATUS,
            f"expected the object {where}, received HTTP status {status} from S3 "
            f"({error.response['Error']['Code']}): {advice}",
        ) from error
    except (botocore.exceptions.ConnectTimeoutError, botocore.exceptions.ReadTimeoutError) as error:
        raise RowError(
            ErrorCode.TIMEOUT, f"expected the object {where} in time, received: {error}: try again later"
        ) from error
    except (botocore.exceptions.BotoCoreError, OSError) as error:
        raise RowError(
            ErrorCode.CONNECT_FAILURE, f"expected the object {where}, received: {error}: try again later"
        ) from error
