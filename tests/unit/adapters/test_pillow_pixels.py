"""The pixels of a decoded picture: upright, on white, shrunk."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFile

from tapeline.adapters.pillow_decoder import PillowDecoder
from tests.unit.adapters.pictures import (
    BLUE,
    FORMATS,
    GREEN,
    RED,
    WHITE,
    chunk,
    corners,
    encode,
    exif,
    png_header,
    quarters,
)


class TestOrientation:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    @pytest.mark.parametrize(
        ("orientation", "stored"),
        [
            (1, lambda image: image),
            (2, lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
            (3, lambda image: image.transpose(Image.Transpose.ROTATE_180)),
            (4, lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)),
            (5, lambda image: image.transpose(Image.Transpose.TRANSPOSE)),
            (6, lambda image: image.transpose(Image.Transpose.ROTATE_90)),
            (7, lambda image: image.transpose(Image.Transpose.TRANSVERSE)),
            (8, lambda image: image.transpose(Image.Transpose.ROTATE_270)),
        ],
    )
    def test_pictures_are_turned_upright(
        self, kind: str, orientation: int, stored: Callable[[Image.Image], Image.Image]
    ) -> None:
        data = encode(stored(quarters()), kind, exif=exif(orientation))
        picture = PillowDecoder(longest_side=40).decode(data)
        assert (picture.width, picture.height) == (80, 40)
        assert picture.pixels.shape == (20, 40, 3)
        assert corners(picture) == [RED, GREEN, BLUE, WHITE]

    @pytest.mark.parametrize(
        "block",
        [
            b"Exif\x00\x00",
            b"Exif\x00\x00II*\x00",
            b"Exif\x00\x00nonsense",
            b"Exif\x00\x00II*\x00\xff\xff\xff\x7f",
            exif(6)[:34],
            exif(0),
            exif(9),
            b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff" + bytes(12),
            # The resolution's offset leads out of the block, at which Pillow warns.
            b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x28\x01\x05\x00\x01\x00\x00\x00\xff\xff\x00\x00",
        ],
    )
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_broken_exif_data_is_no_obstacle(self, kind: str, block: bytes) -> None:
        picture = PillowDecoder().decode(encode(quarters(), kind, exif=block))
        assert corners(picture) == [RED, GREEN, BLUE, WHITE]

    def test_big_endian_exif_data_is_read_too(self) -> None:
        block = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
        picture = PillowDecoder().decode(encode(quarters(), "JPEG", exif=block + bytes(4)))
        assert (picture.width, picture.height) == (40, 80)


class TestModes:
    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    def test_what_is_transparent_becomes_white(self, kind: str) -> None:
        image = quarters().convert("RGBA")
        image.paste((0, 0, 0, 0), (40, 0, 80, 40))
        picture = PillowDecoder().decode(encode(image, kind, lossless=True))
        assert corners(picture) == [RED, WHITE, WHITE, WHITE]

    def test_what_is_half_transparent_becomes_paler(self) -> None:
        picture = PillowDecoder().decode(encode(Image.new("RGBA", (4, 4), (0, 0, 0, 51))))
        assert np.unique(picture.pixels).tolist() == [204]

    def test_edges_of_shrunk_transparency_do_not_darken(self) -> None:
        # Invisible black beside white: averaging colours before weighing them would give a grey seam.
        image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
        image.paste((255, 255, 255, 255), (0, 0, 197, 400))
        picture = PillowDecoder(longest_side=100).decode(encode(image))
        assert picture.pixels.min() >= 254

    def test_grey_with_alpha(self) -> None:
        image = Image.new("LA", (4, 4), (0, 0))
        image.putpixel((0, 0), (10, 255))
        picture = PillowDecoder().decode(encode(image))
        assert picture.pixels[0, 0].tolist() == [10, 10, 10]
        assert picture.pixels[3, 3].tolist() == [255, 255, 255]

    @pytest.mark.parametrize("kind", ["PNG", "GIF"])
    def test_a_palette_with_a_transparent_colour(self, kind: str) -> None:
        image = quarters().quantize(4)
        green = image.getpixel((60, 10))
        picture = PillowDecoder().decode(encode(image, kind, transparency=green))
        assert corners(picture) == [RED, WHITE, BLUE, WHITE]

    def test_a_palette_with_an_alpha_for_each_colour(self) -> None:
        image = quarters().quantize(4)
        alphas = bytearray(b"\xff" * 4)
        green = image.getpixel((60, 10))
        assert isinstance(green, int)
        alphas[green] = 0
        picture = PillowDecoder().decode(encode(image, transparency=bytes(alphas)))
        assert corners(picture) == [RED, WHITE, BLUE, WHITE]

    @pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
    def test_a_palette_without_transparency(self, kind: str) -> None:
        picture = PillowDecoder(longest_side=40).decode(encode(quarters().quantize(4), kind))
        assert corners(picture) == [RED, GREEN, BLUE, WHITE]

    @pytest.mark.parametrize(("mode", "colour"), [("L", 0), ("RGB", (255, 0, 0)), ("1", 0)])
    def test_a_single_transparent_colour_outside_a_palette(
        self, mode: str, colour: int | tuple[int, int, int]
    ) -> None:
        image = Image.new(mode, (8, 8), colour)
        picture = PillowDecoder().decode(encode(image, transparency=colour))
        assert np.unique(picture.pixels).tolist() == [255]

    def test_cmyk(self) -> None:
        picture = PillowDecoder(longest_side=40).decode(encode(quarters().convert("CMYK"), "JPEG"))
        assert corners(picture) == [RED, GREEN, BLUE, WHITE]

    def test_grey(self) -> None:
        picture = PillowDecoder().decode(encode(Image.new("L", (8, 8), 77), "JPEG"))
        assert np.unique(picture.pixels).tolist() == [77]

    @pytest.mark.parametrize("kind", ["PNG", "BMP"])
    def test_one_bit(self, kind: str) -> None:
        image = Image.new("1", (8, 8), 0)
        image.paste(1, (4, 0, 8, 8))
        picture = PillowDecoder().decode(encode(image, kind))
        assert picture.pixels[:, :4].max() == 0
        assert picture.pixels[:, 4:].min() == 255

    def test_sixteen_bits_of_grey_keep_their_shades(self) -> None:
        shades = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
        picture = PillowDecoder().decode(encode(Image.fromarray(shades)))
        assert picture.pixels[..., 0].ravel().tolist() == list(range(256))

    def test_sixteen_bits_of_grey_with_a_transparent_shade(self) -> None:
        rows = b"".join(b"\x00" + struct.pack(">4H", 0, 0x1234, 0x1235, 0xFFFF) for _ in range(2))
        data = png_header(4, 2, depth=16, colour=0) + chunk(b"tRNS", b"\x12\x34")
        data += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        assert PillowDecoder().decode(data).pixels[0, :, 0].tolist() == [0, 255, 0x12, 255]

    @pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)])
    def test_sixteen_bits_of_other_kinds(self, colour: int, channels: int) -> None:
        row = b"\x00" + struct.pack(
            f">{channels * 3}H", *[0x8000] * (channels - 1), 0xFFFF, *[0xFFFF] * channels * 2
        )
        data = (
            png_header(3, 1, depth=16, colour=colour)
            + chunk(b"IDAT", zlib.compress(row))
            + chunk(b"IEND", b"")
        )
        pixels = PillowDecoder().decode(data).pixels
        assert abs(int(pixels[0, 0, 0]) - 0x80) <= 1
        assert pixels[0, 2].tolist() == [255, 255, 255]


class TestShrinking:
    @pytest.mark.parametrize("kind", FORMATS)
    @pytest.mark.parametrize(
        ("size", "shape"),
        [((3300, 1650), (800, 1600, 3)), ((999, 1998), (1600, 800, 3)), ((1600, 90), (90, 1600, 3))],
    )
    def test_the_longest_side_is_kept_to(
        self, kind: str, size: tuple[int, int], shape: tuple[int, int, int]
    ) -> None:
        picture = PillowDecoder().decode(encode(quarters(*size), kind))
        assert picture.pixels.shape == shape
        assert (picture.width, picture.height) == size
        assert picture.scale == pytest.approx(size[0] / shape[1])
        assert corners(picture) == [RED, GREEN, BLUE, WHITE]

    def test_small_pictures_are_not_enlarged(self) -> None:
        assert PillowDecoder().decode(encode(quarters(3, 2))).pixels.shape == (2, 3, 3)

    @pytest.mark.parametrize(("size", "shape"), [((5000, 1), (1, 100, 3)), ((1, 5000), (100, 1, 3))])
    def test_a_line_stays_a_line(self, size: tuple[int, int], shape: tuple[int, int, int]) -> None:
        picture = PillowDecoder(longest_side=100).decode(encode(Image.new("RGB", size, RED)))
        assert picture.pixels.shape == shape

    @pytest.mark.parametrize("kind", ["JPEG", "PNG"])
    def test_fine_patterns_turn_grey_and_do_not_alias(self, kind: str) -> None:
        stripes = np.zeros((1600, 1600), np.uint8)
        stripes[:, ::2] = 255
        picture = PillowDecoder(longest_side=150).decode(encode(Image.fromarray(stripes), kind, quality=95))
        inner = picture.pixels[2:-2, 2:-2]
        assert abs(float(inner.mean()) - 127.5) < 4
        assert inner.std() < 6

    def test_much_larger_jpegs_are_decoded_at_a_part_of_their_size(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loaded: list[tuple[int, int]] = []
        load = ImageFile.ImageFile.load

        def noting(self: ImageFile.ImageFile) -> object:
            loaded.append(self.size)
            return load(self)

        data = encode(quarters(3300, 1650), "JPEG")
        monkeypatch.setattr(ImageFile.ImageFile, "load", noting)
        picture = PillowDecoder(longest_side=400).decode(data)
        assert loaded[0] == (413, 207)
        assert (picture.width, picture.height) == (3300, 1650)
