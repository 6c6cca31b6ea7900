import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, PngImagePlugin

from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.errors import ErrorCode, RowError
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


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_is_decoded(kind: str) -> None:
    picture = PillowDecoder().decode(encode(quarters(), kind))
    assert (picture.width, picture.height, picture.scale) == (80, 40, 1.0)
    assert picture.pixels.shape == (40, 80, 3)
    assert picture.pixels.dtype == np.uint8
    assert corners(picture) == [RED, GREEN, BLUE, WHITE]


def test_lossless_pixels_are_unchanged() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (30, 50, 3), np.uint8)
    picture = PillowDecoder().decode(encode(Image.fromarray(pixels)))
    assert np.array_equal(picture.pixels, pixels)
    picture.pixels[0, 0] = 0  # may be drawn on
    assert not np.array_equal(picture.pixels, pixels)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    options = {"save_all": True, "append_images": [Image.new("RGB", (80, 40), BLUE)], "duration": 100}
    picture = PillowDecoder().decode(encode(quarters(), kind, **options))
    assert corners(picture) == [RED, GREEN, BLUE, WHITE]


class TestWhatIsNoPicture:
    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b"", r"nothing \(0 bytes\)"),
            (b"\n <!DOCTYPE html><html></html>", "an HTML page"),
            (b"\xef\xbb\xbf<HTML>", "an HTML page"),
            (b"<?xml version='1.0'?><Error/>", "an XML document"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
            (b'{"message": "Forbidden"}', "JSON"),
            (b"%PDF-1.7", "a PDF document"),
            (b"\x00\x00\x00\x1cftypavif\x00", "avif"),
            (b"BMW is a car maker, not a bitmap", "BMW"),
            (b"RIFF\x00\x00\x00\x00WAVEfmt ", "RIFF"),
            (b"\x00\x01\x02\x03", r"\\x00\\x01"),
        ],
    )
    def test_the_message_says_what_came(self, data: bytes, said: str) -> None:
        error = failure(data)
        assert error.code is ErrorCode.NOT_AN_IMAGE
        assert re.search(said, error.message)

    @pytest.mark.parametrize("kind", ["TIFF", "ICO", "PPM", "TGA", "PCX", "EPS", "JPEG2000", "AVIF"])
    def test_pillow_s_other_formats_are_refused(self, kind: str) -> None:
        assert failure(encode(quarters(), kind)).code is ErrorCode.NOT_AN_IMAGE


class TestPixels:
    def test_a_png_that_claims_billions_of_pixels_is_not_decoded(self) -> None:
        bomb = png_header(50_000, 50_000) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
        error = failure(bomb)
        assert error.code is ErrorCode.TOO_MANY_PIXELS
        assert "50000 x 50000" in error.message

    def test_a_size_at_which_pillow_itself_would_warn(self) -> None:
        data = png_header(10_000, 10_000) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
        assert failure(data).code is ErrorCode.TOO_MANY_PIXELS

    def test_by_default_the_limit_is_64_million_pixels(self) -> None:
        # One bit for each pixel: 8 MB of zeros, which compress to nothing.
        picture = PillowDecoder().decode(encode(Image.new("1", (8000, 8000))))
        assert (picture.width, picture.height) == (8000, 8000)
        # By the header alone: past the check of pixels, the missing data is what is wrong.
        for size in [(7100, 7100), (8000, 8000)]:
            assert failure(headed(*size)).code is ErrorCode.DECODE_FAILURE
        assert failure(headed(8001, 8000)).code is ErrorCode.TOO_MANY_PIXELS

    @pytest.mark.parametrize("kind", FORMATS)
    def test_the_limit_holds_for_each_format_and_is_exact(self, kind: str) -> None:
        data = encode(quarters(80, 40), kind)
        assert PillowDecoder(max_pixels=3200).decode(data).width == 80
        assert failure(data, PillowDecoder(max_pixels=3199)).code is ErrorCode.TOO_MANY_PIXELS

    def test_a_gif_whose_frame_is_larger_than_its_screen(self) -> None:
        data = bytearray(encode(quarters(), "GIF"))
        frame = data.index(b"\x2c")
        struct.pack_into("<HH", data, frame + 5, 60_000, 60_000)
        assert failure(bytes(data)).code is ErrorCode.TOO_MANY_PIXELS

    def test_a_webp_whose_canvas_is_of_the_greatest_size(self) -> None:
        data = bytearray(encode(quarters(), "WEBP", lossless=True, exif=exif(1)))
        assert data[12:16] == b"VP8X"
        data[24:30] = (16_382).to_bytes(3, "little") * 2
        assert failure(bytes(data)).code in {ErrorCode.TOO_MANY_PIXELS, ErrorCode.DECODE_FAILURE}

    @pytest.mark.parametrize("limits", [{"max_pixels": 0}, {"longest_side": 0}])
    def test_limits_below_one_make_no_sense(self, limits: dict[str, int]) -> None:
        with pytest.raises(ValueError, match="at least 1"):
            PillowDecoder(**limits)


class TestBrokenData:
    @pytest.mark.parametrize("kind", FORMATS)
    @pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
    def test_truncated_pictures_fail(self, kind: str, share: float) -> None:
        pixels = np.random.default_rng(1).integers(0, 256, (60, 60, 3), np.uint8)
        data = encode(Image.fromarray(pixels), kind)
        error = failure(data[: int(len(data) * share)])
        assert error.code is ErrorCode.DECODE_FAILURE
        assert "truncated" in error.message

    @pytest.mark.parametrize(
        "start", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBP"]
    )
    def test_a_start_alone_is_no_picture(self, start: bytes) -> None:
        assert failure(start).code is ErrorCode.DECODE_FAILURE

    def test_a_text_chunk_that_unpacks_to_gigabytes(self) -> None:
        text = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(PngImagePlugin.MAX_TEXT_CHUNK * 4)))
        data = encode(quarters())
        assert failure(data[:33] + text + data[33:]).code is ErrorCode.DECODE_FAILURE

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.sampled_from(FORMATS), st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=8)
    )
    def test_whatever_is_wrong_there_is_a_picture_or_a_row_error(
        self, kind: str, changes: list[tuple[int, int]]
    ) -> None:
        data = bytearray(SAMPLES[kind])
        for position, value in changes:
            data[position % len(data)] = value
        with suppress(RowError):
            picture = PillowDecoder(max_pixels=10_000).decode(bytes(data))
            assert picture.pixels.size == picture.width * picture.height * 3


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0110] = "a camera"
    block[0x0112] = orientation
    return block.tobytes()


SAMPLES = {kind: encode(quarters(), kind, exif=exif(6)) for kind in FORMATS}


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


class TestWarnings:
    @pytest.mark.parametrize("frames", [0, 0x80000001])
    def test_a_broken_animation_in_a_png_gives_none(self, frames: int) -> None:
        data = encode(quarters())
        animation = chunk(b"acTL", struct.pack(">LL", frames, 0))
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            picture = PillowDecoder().decode(data[:33] + animation + data[33:])
        assert seen == []
        assert corners(picture) == [RED, GREEN, BLUE, WHITE]

    def test_a_resolution_outside_the_exif_data_gives_none(self) -> None:
        block = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x1a\x01\x05\x00\x01\x00\x00\x00\xff\xff\x00\x00"
        data = encode(quarters(), "JPEG", exif=block)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            PillowDecoder().decode(data)
        assert seen == []


def test_threads_share_a_decoder_and_pillow_s_settings_stay() -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, ImageFile.MAXBLOCK)
    decoder = PillowDecoder(longest_side=200)
    data = {kind: encode(quarters(900, 450), kind) for kind in FORMATS}
    alone = {kind: decoder.decode(each).pixels for kind, each in data.items()}
    with ThreadPoolExecutor(4) as pool:
        for kind, picture in zip(
            FORMATS * 8, pool.map(decoder.decode, [data[kind] for kind in FORMATS * 8]), strict=True
        ):
            assert np.array_equal(picture.pixels, alone[kind])
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, ImageFile.MAXBLOCK)
