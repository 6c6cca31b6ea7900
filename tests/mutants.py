"""Mutants of pictures: what a damaged or hostile file may look like, drawn by chance from a seed."""

import io
import random
import re
from collections.abc import Iterator
from functools import cache

from PIL import Image, ImageDraw, ImageFont

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")

# Integers at the limits of their sizes, as they stand in headers.
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def _drawn(mode: str) -> Image.Image:
    image = Image.new("RGB", (320, 200), "white")
    drawing = ImageDraw.Draw(image)
    drawing.rectangle((20, 60, 150, 180), "steelblue")
    drawing.text((20, 20), "Width 12.5 cm", "black", font=ImageFont.load_default(size=28))
    drawing.text((170, 100), "250 g", "black", font=ImageFont.load_default(size=28))
    return image.convert(mode)


def _encoded(mode: str, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    _drawn(mode).save(file, kind, **options)
    return file.getvalue()


@cache
def originals(kind: str) -> tuple[bytes, ...]:
    """Return whole pictures of one format, in several of its variants."""
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = [_drawn("RGB").rotate(angle) for angle in (90, 180)]
    animated: dict[str, object] = {"save_all": True, "append_images": frames, "duration": 100}
    variants: dict[str, list[tuple[str, dict[str, object]]]] = {
        "JPEG": [
            ("RGB", {"exif": exif.tobytes()}),
            ("RGB", {"progressive": True}),
            ("CMYK", {}),
            ("L", {"restart_marker_rows": 1}),
        ],
        "PNG": [
            ("RGB", {}),
            ("RGBA", {"exif": exif.tobytes()}),
            ("P", {"transparency": 3}),
            ("I;16", {}),
            ("1", {}),
            ("RGB", animated),
        ],
        "WEBP": [("RGB", {}), ("RGBA", {"lossless": True}), ("RGB", animated)],
        "GIF": [("P", {}), ("P", {"transparency": 3, "interlace": 0}), ("RGB", animated)],
        "BMP": [("RGB", {}), ("P", {}), ("1", {}), ("RGBA", {})],
    }
    return tuple(_encoded(mode, kind, **options) for mode, options in variants[kind])


def mutants(kind: str, count: int, seed: int = 0) -> Iterator[bytes]:
    """Yield mutants of one format's pictures, the same ones for the same seed."""
    chance = random.Random(f"{kind} {seed}")  # noqa: S311 - no secret
    wholes = originals(kind)
    for _ in range(count):
        data = bytearray(chance.choice(wholes))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            chance.choice(_MUTATIONS)(data, chance)
        yield bytes(data)


def _at(data: bytearray, chance: random.Random) -> int:
    # Half of them in the first bytes, where headers are.
    end = min(len(data), 200) if chance.random() < 0.5 else len(data)
    return chance.randrange(max(1, end))


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_at(data, chance)] ^= 1 << chance.randrange(8)


def _replace(data: bytearray, chance: random.Random) -> None:
    at = _at(data, chance)
    data[at : at + 4] = chance.randbytes(chance.randint(1, 4))


def _extreme(data: bytearray, chance: random.Random) -> None:
    at, size = _at(data, chance), chance.choice((1, 2, 4))
    value = chance.choice(_EXTREMES) & (256**size - 1)
    data[at : at + size] = value.to_bytes(size, chance.choice(("big", "little")))


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[_at(data, chance) :]


def _remove(data: bytearray, chance: random.Random) -> None:
    at = _at(data, chance)
    del data[at : at + chance.randint(1, 300)]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at = _at(data, chance)
    data[at:at] = data[at : at + chance.randint(1, 300)] * chance.randint(1, 300)


def _move(data: bytearray, chance: random.Random) -> None:
    start, at = _at(data, chance), _at(data, chance)
    piece = data[start : start + chance.randint(1, 300)]
    del data[start : start + len(piece)]
    data[at:at] = piece


def _repeat_marker(data: bytearray, chance: random.Random) -> None:
    """Repeat what is between two markers, chunks or blocks."""
    starts = [found.start() for found in re.finditer(rb"\xff[\xc0-\xfe]|IDAT|tRNS|ANMF|VP8|!\xf9|,", data)]
    if len(starts) > 1:
        index = chance.randrange(len(starts) - 1)
        piece = data[starts[index] : starts[index + 1]]
        data[starts[index] : starts[index]] = piece * chance.randint(1, 50)


_MUTATIONS = (_flip, _replace, _extreme, _cut, _remove, _repeat, _move, _repeat_marker)
