"""JSON Lines: one compact JSON document a line, UTF-8."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

CONTENT_TYPE = "application/x-ndjson"


def dump_line(document: object) -> bytes:
    """Return a document as one line, its newline included.

    Raises:
        ValueError: It holds a NaN or an infinity, which JSON doesn't have.
    """
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def load_lines(chunks: Iterable[bytes]) -> Iterator[Any]:
    """Yield the document of each line that isn't blank.

    Args:
        chunks: The bytes, split anywhere.

    Raises:
        ValueError: A line isn't UTF-8 or isn't JSON.
    """
    for line in split_lines(chunks):
        if line.strip():
            yield json.loads(line)


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
