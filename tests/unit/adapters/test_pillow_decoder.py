"""Decoding: formats, what is no picture, limits, broken data."""

import re
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, PngImagePlugin

from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.errors import ErrorCode, RowError
from tests.unit.adapters.pictures import (
    BLUE,
    FORMATS,
    GREEN,
    RED,
    SAMPLES,
    WHITE,
    chunk,
    corners,
    encode,
    exif,
    failure,
    headed,
    png_header,
    quarters,
)


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
        # It is left out.
        assert PillowDecoder().decode(data[:33] + text + data[33:]).width == 80

    @settings(suppress_health_check=[HealthCheck.too_slow])
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
