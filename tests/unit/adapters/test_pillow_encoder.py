"""Crops and previews: their formats, sizes and limits."""

import io

import numpy as np
import pytest
from PIL import Image

from tapeline.adapters.pillow_encoder import MAX_CROP_BYTES, encode_crop, encode_preview
from tapeline.geometry import Bounds
from tapeline.picture import Picture


def noise(width: int, height: int) -> Picture:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    # As the decoder shrinks it: the original is twice as large.
    return Picture(pixels, width * 2, height * 2)


def test_a_crop_is_the_part_of_the_picture_as_webp() -> None:
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[50:, 100:] = (200, 10, 10)
    body = encode_crop(Picture(pixels, 400, 200), Bounds(200, 100, 400, 200))
    image = Image.open(io.BytesIO(body))
    assert (image.format, image.size) == ("WEBP", (100, 50))
    red, green, _ = image.convert("RGB").getpixel((50, 25))  # type: ignore[misc]
    assert red > 180
    assert green < 40


@pytest.mark.parametrize("bounds", [Bounds(0, 0, 2000, 1000), Bounds(1999, 999, 2000, 1000)])
def test_a_crop_has_at_most_24_kib_whatever_is_in_it(bounds: Bounds) -> None:
    body = encode_crop(noise(1000, 500), bounds)
    assert len(body) <= MAX_CROP_BYTES
    assert max(Image.open(io.BytesIO(body)).size) <= 360


def test_a_preview_is_a_small_jpeg() -> None:
    image = Image.open(io.BytesIO(encode_preview(noise(1500, 300).pixels)))
    assert (image.format, max(image.size)) == ("JPEG", 1024)
