"""The bodies of S3's objects, read to their end: boto3 retries a call, but not the reading of its answer."""

from collections.abc import Generator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Final

from botocore.exceptions import IncompleteReadError, ResponseStreamingError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef

# Bytes of an object that are read at once. Chosen by hand.
_CHUNK_BYTES: Final = 256 * 1024

# Times that an object is asked for at most; chosen by hand, as the attempts of a call are.
_REQUESTS: Final = 5

# What reading a body raises where its connection is closed or reset before its end.
_BROKEN: Final = (ResponseStreamingError, IncompleteReadError)


def read_chunks(
    client: "S3Client", request: "GetObjectRequestTypeDef", response: "GetObjectOutputTypeDef"
) -> Generator[bytes]:
    """Yield the body of a ``get_object`` in chunks of at most 256 KiB, and ask for the rest of a broken one.

    The rest is of the same object: where it was replaced meanwhile, S3 refuses (``PreconditionFailed``).

    Args:
        client: A boto3 client.
        request: The answered request.
        response: The answer. Its body is the caller's to close.

    Raises:
        ResponseStreamingError: The connection was reset, again and again.
        IncompleteReadError: It was closed before the body's end, again and again.
        ClientError: S3 refuses the rest.
    """
    received = 0
    with ExitStack() as rests:
        for left in reversed(range(_REQUESTS)):
            body = response["Body"]
            try:
                while chunk := body.read(_CHUNK_BYTES):
                    received += len(chunk)
                    yield chunk
            except _BROKEN:
                if not left:
                    raise
            else:
                return
            rest: GetObjectRequestTypeDef = {
                **request,
                "Range": f"bytes={received}-",
                "IfMatch": response["ETag"],
            }
            response = client.get_object(**rest)
            rests.enter_context(closing(response["Body"]))
