"""Encodes pictures with Pillow, to show them."""

import io
from typing import Final

from PIL import Image

from tapeline.geometry import Bounds
from tapeline.picture import Picture, Pixels

# Pixels of a preview's longest side. Chosen by hand: its JPEG then has at most about 300 KB.
_LONGEST_SIDE: Final = 1024

# JPEG quality of a preview, 1 to 95 as Pillow counts. Chosen by hand.
_QUALITY: Final = 80

# Bytes of a crop's WebP at most. Chosen by hand: with base64 around it, two dozen are below a megabyte.
MAX_CROP_BYTES: Final = 24 * 1024

# Pixels of a crop's longest side. Chosen by hand: text that is read at the decoder's size stays legible.
_CROP_SIDE: Final = 360

# WebP qualities of a crop, the first that makes it small enough. Chosen by hand; the last one makes 24 KB of
# nothing but noise.
_CROP_QUALITIES: Final = (60, 30, 5)

# Effort of the WebP encoder, 0 to 6. Chosen by hand: 0 takes four fifths of the time of 2, for files half as
# large again.
_CROP_EFFORT: Final = 0


def encode_preview(pixels: Pixels) -> bytes:
    """Return pixels as a JPEG, shrunk to 1,024 pixels on the longest side; at most about 300 KB."""
    image = Image.fromarray(pixels)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def encode_crop(picture: Picture, bounds: Bounds) -> bytes:
    """Return a part of a picture as a WebP of at most 24 KiB, 360 pixels on its longest side.

    Args:
        picture: The decoded picture.
        bounds: The part, in pixels of the original picture, within it and not empty.
    """
    scale = picture.scale
    left, top = int(bounds.left / scale), int(bounds.top / scale)
    right, bottom = max(left + 1, int(bounds.right / scale)), max(top + 1, int(bounds.bottom / scale))
    image = Image.fromarray(picture.pixels[top:bottom, left:right])
    image.thumbnail((_CROP_SIDE, _CROP_SIDE), Image.Resampling.BILINEAR, reducing_gap=None)
    body = b""
    for quality in _CROP_QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=_CROP_EFFORT)
        body = buffer.getvalue()
        if len(body) <= MAX_CROP_BYTES:
            break
    return body
