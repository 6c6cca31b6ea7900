"""Small pictures, whole and broken, as bytes."""

import io
import struct
import zlib

import pytest
from PIL import Image

from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.errors import RowError
from tapeline.picture import Picture

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def quarters(width: int = 80, height: int = 40) -> Image.Image:
    """A picture that is red, green, blue and white, clockwise from the top left."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (width // 2, height // 2, width, height))
    return image


def corners(picture: Picture) -> list[tuple[int, ...]]:
    """The colours in the middle of the quarters, clockwise from the top left, rounded to 0 or 255."""
    height, width, _ = picture.pixels.shape
    left, right, top, bottom = width // 4, width - width // 4 - 1, height // 4, height - height // 4 - 1
    at = ((top, left), (top, right), (bottom, right), (bottom, left))
    return [tuple(255 * int(value > 127) for value in picture.pixels[y, x]) for y, x in at]


def failure(data: bytes, decoder: PillowDecoder | None = None) -> RowError:
    with pytest.raises(RowError) as caught:
        (decoder or PillowDecoder()).decode(data)
    return caught.value


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def png_header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">LLBBBBB", width, height, depth, colour, 0, 0, 0)
    )


def headed(width: int, height: int) -> bytes:
    """A PNG in black and white whose header claims a size that its data doesn't have."""
    data = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return png_header(width, height, depth=1, colour=0) + data


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0110] = "a camera"
    block[0x0112] = orientation
    return block.tobytes()


SAMPLES = {kind: encode(quarters(), kind, exif=exif(6)) for kind in FORMATS}
