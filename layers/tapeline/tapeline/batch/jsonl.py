"""JSON Lines: one JSON document a line, UTF-8."""

from collections.abc import Iterable, Iterator
from typing import Final

# The media type of JSON Lines in wide use; it isn't registered:
# https://spec.openapis.org/registry/media-type/sequential_json
CONTENT_TYPE: Final = "application/x-ndjson"


def record_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines that aren't blank: one record each.

    Args:
        chunks: The bytes, split anywhere.
    """
    return filter(bytes.strip, split_lines(chunks))


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    r"""Cut a stream of byte chunks after each newline.

    Args:
        chunks: The bytes, split anywhere.

    Yields:
        The lines, each with its ``\n``; the last one may lack it.
    """
    pending: list[bytes] = []
    for chunk in chunks:
        first, *rest = chunk.split(b"\n")
        pending.append(first)
        for piece in rest:
            yield b"".join(pending) + b"\n"
            pending = [piece]
    last = b"".join(pending)
    if last:
        yield last
