"""Pictures for the local cloud's workers: with a line of text, and one that claims to be huge."""

import io
import struct
import zlib

from PIL import Image, ImageDraw, ImageFont


def drawn(text: str, *, kind: str = "PNG") -> bytes:
    """Return a picture with a line of text."""
    picture = Image.new("RGB", (480, 200), "white")
    ImageDraw.Draw(picture).text((40, 70), text, fill="black", font=ImageFont.load_default(size=44))
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """Return a PNG whose header says that it has so many pixels, and which has none."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
