"""All limits of getting a picture: time, redirects, retries, bytes and pixels.

What a link may look like is in :mod:`tapeline.download.links`, and which addresses may be connected to in
:mod:`tapeline.download.addresses`.
"""

from dataclasses import dataclass
from typing import Final

from tapeline.download.links import show_link
from tapeline.errors import ErrorCode, RowError

# Bytes of a picture's file, from the web (after decompression) or from S3. Chosen by hand.
MAX_PICTURE_BYTES: Final = 20 * 1024 * 1024

# Width times height of a picture, read from its header before it is decoded. Chosen by hand, to bound the
# memory of a decoder. Measured at 64 million pixels: 35 MB for a JPEG, 385 MB for a progressive JPEG (4:4:4),
# 405 MB for a palette (PNG, GIF), and 600 MB for a PNG with transparency, which is held twice while it is
# shrunk.
MAX_PICTURE_PIXELS: Final = 64_000_000

# Downloads that a worker runs at once, and bodies that it holds. Chosen by hand: enough to hide the download
# behind the reading, and 180 MiB of bodies at most.
MAX_DOWNLOADS: Final = 8

# Seconds for one download, with its redirects, its retries and the waits between them. Chosen by hand.
MAX_FETCH_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The limits of one download over HTTP; the defaults are chosen by hand.

    Attributes:
        connect: Seconds to resolve a name, and seconds to connect to each of its addresses.
        read: Seconds without a byte.
        total: Seconds for everything: redirects, retries and the waits between them.
        max_bytes: Bytes of a body, after decompression.
        redirects: Redirects to follow.
        retries: Retries after a timeout, a 429 or a 5xx.
        backoff: Longest wait in seconds before the first retry; it doubles with each further one, and a
            server's Retry-After is added.
    """

    connect: float = 5.0
    read: float = 10.0
    total: float = MAX_FETCH_SECONDS
    max_bytes: int = MAX_PICTURE_BYTES
    redirects: int = 3
    retries: int = 2
    backoff: float = 0.5


class BoundedBody:
    """The bytes of a picture's file as they arrive, from the web or from S3: at most ``max_bytes``.

    Args:
        max_bytes: Bytes of the body.
        link: Where the body comes from, for the message.
    """

    def __init__(self, max_bytes: int, link: str) -> None:
        self._max_bytes = max_bytes
        self._link = link
        self._received = bytearray()

    def __len__(self) -> int:
        return len(self._received)

    def __bytes__(self) -> bytes:
        return bytes(self._received)

    def check_length(self, declared: int) -> None:
        """Check the length that the server declares, before the body is read.

        Raises:
            RowError: ``too_large``.
        """
        if declared > self._max_bytes:
            raise RowError(
                ErrorCode.TOO_LARGE,
                f"expected at most {self._max_bytes} bytes, received more from {show_link(self._link)}: "
                "link to a smaller picture",
            )

    def append(self, chunk: bytes) -> None:
        """Add the next bytes; whatever length was declared, they are counted.

        Raises:
            RowError: ``too_large``; the chunk isn't kept.
        """
        self.check_length(len(self._received) + len(chunk))
        self._received += chunk
