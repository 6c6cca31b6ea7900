"""Encodes pictures with Pillow, to show them."""

import io
from typing import Final

from PIL import Image

from tapeline.picture import Pixels

# Pixels of a preview's longest side. Chosen by hand: its JPEG then has at most about 300 KB.
_LONGEST_SIDE: Final = 1024

# JPEG quality of a preview, 1 to 95 as Pillow counts. Chosen by hand.
_QUALITY: Final = 80


def encode_preview(pixels: Pixels) -> bytes:
    """Return pixels as a JPEG, shrunk to 1,024 pixels on the longest side; at most about 300 KB."""
    image = Image.fromarray(pixels)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
