"""Pictures made to take long: what is left out of them, what is refused, and what stays as it was."""

import io
import re
import time
from collections.abc import Callable

import pytest
from PIL import Image

from tapeline.adapters import picture_structure
from tapeline.adapters.picture_structure import MAX_PIECES, bound_gif, bound_jpeg, bound_png
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.errors import ErrorCode, RowError
from tapeline.notes import collect_notes
from tests.bombs import BOMBS, gif_with, jpeg_with, png_with, scans, segment
from tests.unit.adapters.pictures import (
    BLUE,
    GREEN,
    RED,
    SAMPLES,
    WHITE,
    chunk,
    corners,
    encode,
    exif,
    failure,
    quarters,
)

# Seconds of CPU that refusing or decoding a hostile picture may take here; each took 1 to 30 before.
SECONDS = 1.0


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_would_take_too_long_is_refused_at_once(name: str) -> None:
    data = BOMBS[name]()
    start = time.process_time()
    error = failure(data)
    assert time.process_time() - start < SECONDS
    assert error.code is ErrorCode.TOO_COMPLEX
    assert re.match(r"expected at most \d+ (segments|scans|chunks|blocks)", error.message)


def test_large_pieces_of_metadata_are_left_out() -> None:
    # 19 MB, for which Pillow takes seconds.
    pieces = [segment(0xE1, b"Exif\0\0" + exif(1)[6:] + bytes(6200)) for _ in range(3000)]
    data = jpeg_with(*pieces)
    start = time.process_time()
    with collect_notes() as notes:
        picture = PillowDecoder().decode(data)
    assert time.process_time() - start < SECONDS
    assert corners(picture) == [RED, GREEN, BLUE, WHITE]
    assert notes == ["only the first of several EXIF segments was read"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_what_decoding_needs_is_all_that_stays(kind: str) -> None:
    bounds: dict[str, Callable[[bytes], bytes]] = {"JPEG": bound_jpeg, "PNG": bound_png, "GIF": bound_gif}
    bound = bounds[kind]
    plain = SAMPLES[kind]
    assert bound(plain) == plain
    fuller: dict[str, Callable[..., bytes]] = {
        "JPEG": jpeg_with,
        "PNG": png_with,
        "GIF": lambda *blocks: gif_with(b"".join(blocks)),
    }
    more = {
        "JPEG": [
            segment(0xFE, b"words"),
            segment(0xE2, b"ICC_PROFILE\0\1\1"),
            segment(0xE1, b"http://ns.adobe"),
        ],
        "PNG": [chunk(b"tEXt", b"a\0b"), chunk(b"acTL", bytes(8)), chunk(b"iCCP", b"a\0\0")],
        "GIF": [b"!\xfe\5words\0", b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0"],
    }[kind]
    data = fuller[kind](*more)
    assert bound(data) == plain
    with collect_notes() as notes:
        PillowDecoder().decode(data)
    assert notes == []


@pytest.mark.parametrize("junk", [b"\0\1\2", b"\xff\xff\xff", b"\xff\x01", b"\xff\xd8"])
def test_junk_between_segments_is_left_out(junk: bytes) -> None:
    whole = SAMPLES["JPEG"]
    # After the first segment.
    at = 4 + int.from_bytes(whole[4:6])
    assert bound_jpeg(whole[:at] + junk + whole[at:]) == whole


def test_the_last_transparency_before_a_gifs_frame_is_its_own() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (1, 0, 2, 1))
    data = encode(image, "GIF", transparency=1)
    at = data.index(b"!\xf9")
    # One that makes the first colour transparent, and junk.
    other = data[:at] + b"!\xf9\4\1\0\0\0\0junk" + data[at:]
    assert bound_gif(other) == data
    assert PillowDecoder().decode(other).pixels.tolist() == [[[255, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_file_cut_anywhere_is_broken_and_nothing_else(kind: str) -> None:
    data = SAMPLES[kind]
    for length in range(20, len(data) - 1, 7):
        try:
            PillowDecoder().decode(data[:length])
        except RowError as error:
            assert error.code is ErrorCode.DECODE_FAILURE  # noqa: PT017


def test_as_many_scans_as_encoders_write_are_decoded() -> None:
    data = encode(Image.new("RGB", (8000, 8000), RED), "JPEG", progressive=True, quality=30)
    assert len(scans(data)) == 10
    assert PillowDecoder().decode(data).width == 8000


def test_as_many_pieces_as_allowed_are_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    few = segment(0xFE, b"no") * (MAX_PIECES - 50)
    assert PillowDecoder().decode(jpeg_with(few)).width
    monkeypatch.setattr(picture_structure, "MAX_PIECES", 100)
    assert failure(jpeg_with(few)).code is ErrorCode.TOO_COMPLEX


def test_a_png_keeps_its_data_in_many_chunks() -> None:
    buffer = io.BytesIO(encode(quarters(), "PNG"))
    data = buffer.getvalue()
    at = data.index(b"IDAT") - 4
    length = int.from_bytes(data[at : at + 4])
    body = data[at + 8 : at + 8 + length]
    split = b"".join(chunk(b"IDAT", body[index : index + 1]) for index in range(length))
    whole = data[:at] + split + data[at + 12 + length :]
    assert corners(PillowDecoder().decode(whole)) == [RED, GREEN, BLUE, WHITE]
