"""Pictures made to take long: files of the size that a download may have, with very much in them."""

import re
import struct
from collections.abc import Callable, Mapping

from PIL import Image

from tests.unit.adapters.pictures import RED, SAMPLES, chunk, encode


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_with(*segments: bytes) -> bytes:
    data = SAMPLES["JPEG"]
    return data[:2] + b"".join(segments) + data[2:]


def png_with(*chunks: bytes) -> bytes:
    data = SAMPLES["PNG"]
    # After the header: the start of 8 bytes, and a chunk of 13 with 12 around them.
    return data[:33] + b"".join(chunks) + data[33:]


def gif_with(blocks: bytes) -> bytes:
    data = SAMPLES["GIF"]
    start = 13 + 3 * (2 << (data[10] & 7))
    return data[:start] + blocks + data[start:]


def scans(data: bytes) -> list[bytes]:
    """The scans of a JPEG, each up to the next."""
    starts = [found.start() for found in re.finditer(rb"\xff\xda", data)]
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data) - 2], strict=True)]


def progressive(size: tuple[int, int], more: int) -> bytes:
    """A JPEG whose smallest scan comes so many times more."""
    data = encode(Image.new("RGB", size, RED), "JPEG", progressive=True)
    return data[:-2] + min(scans(data), key=len) * more + data[-2:]


# What it is -> makes it. Each is refused before it is decoded.
BOMBS: Mapping[str, Callable[[], bytes]] = {
    "a progressive JPEG with hundreds of scans": lambda: progressive((3000, 3000), 400),
    "EXIF in 200,000 pieces": lambda: jpeg_with(segment(0xE1, b"Exif\0\0" + bytes(84)) * 200_000),
    "an ICC profile in 200,000 pieces": lambda: jpeg_with(
        segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(80)) * 200_000
    ),
    "2,000,000 comments": lambda: jpeg_with(segment(0xFE, b"no") * 2_000_000),
    "1,400,000 PNG chunks": lambda: png_with(chunk(b"abCd", b"") * 1_400_000),
    "100,000 PNG texts": lambda: png_with(chunk(b"tEXt", b"a\0" + bytes(100)) * 100_000),
    "a GIF comment of 8,000,000 blocks": lambda: gif_with(b"!\xfe" + b"\1A" * 8_000_000 + b"\0"),
    "2,000,000 GIF extensions": lambda: gif_with(b"!\xf9\4\0\0\0\0\0" * 2_000_000),
    "2,000,000 WebP chunks": lambda: SAMPLES["WEBP"] + b"abcd\0\0\0\0" * 2_000_000,
}
