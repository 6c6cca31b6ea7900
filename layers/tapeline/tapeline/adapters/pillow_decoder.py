"""Decodes pictures with Pillow, from untrusted bytes.

The formats' own classes are used in place of ``Image.open``, which adds three unwanted things: a limit on
pixels that is global and comes as a warning first, the reading of several pictures in one JPEG file, and all
of Pillow's other formats, whose parsers would then read untrusted bytes too.

What decoding has no use for is left out before, and too much work is refused:
:mod:`tapeline.adapters.picture_structure`.

No setting of Pillow's and no filter of warnings is changed, since both are shared by all threads. What
Pillow would warn of is avoided instead: broken EXIF data by reading the one tag that matters here, and
broken animation data in PNG by leaving it out.
"""

import io
import struct
import zlib
from typing import Final, override

import numpy as np
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from tapeline.adapters.picture_structure import bound_gif, bound_jpeg, bound_png, check_webp
from tapeline.download.limits import MAX_PICTURE_PIXELS
from tapeline.errors import ErrorCode, RowError
from tapeline.picture import Picture, Pixels

# First bytes of a JPEG file: the markers SOI and the start of the next. Source: ITU-T T.81, B.1.1.3.
_JPEG_START: Final = b"\xff\xd8\xff"

# First bytes of a PNG file. Source: PNG, third edition, 5.2.
_PNG_START: Final = b"\x89PNG\r\n\x1a\n"

# The EXIF tag of the orientation. Source: Exif 3.0, 4.6.5.1.6.
_ORIENTATION: Final = 0x0112

# EXIF's number of the type SHORT, a 16-bit unsigned integer. Source: Exif 3.0, 4.6.2.
_EXIF_SHORT: Final = 3

# Orientation -> the transposition that makes the picture upright; Pillow's rotations go counter-clockwise.
# Source: Exif 3.0, 4.6.5.1.6.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Orientations that swap width and height.
_SWAPS_SIDES: Final = frozenset({5, 6, 7, 8})

# First bytes of other content, in lower case -> its name in messages.
_OTHER_CONTENT: Final = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
    (b"<", "markup"),
    (b"{", "JSON"),
    (b"%pdf", "a PDF document"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"ii*\x00", "a TIFF picture"),
    (b"mm\x00*", "a TIFF picture"),
    (b"\x00\x00\x01\x00", "an icon"),
)

# Pixels of the longest side to which larger pictures are shrunk. Chosen by hand, above the sizes at which
# text is searched (736, and 1,280 in the second OCR pass).
_LONGEST_SIDE: Final = 1600

# How many times the target size a picture keeps when Pillow first averages whole blocks, which is faster.
# Source: the default of Pillow's Image.thumbnail, "very close to fair resampling".
_REDUCING_GAP: Final = 2.0

# What Pillow's parsers raise on bytes that don't have their format; it documents no common base.
_BROKEN: Final = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    OverflowError,
    AttributeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class PillowDecoder:
    """Decodes JPEG, PNG, WebP, GIF (its first frame) and BMP; a :class:`~tapeline.ports.PictureDecoder`.

    Safe to call from several threads at once.

    Args:
        max_pixels: Width times height that a picture may have, read from its header before decoding.
        longest_side: Pixels of the longer side to which larger pictures are shrunk.

    Raises:
        ValueError: A limit is less than 1.
    """

    def __init__(self, max_pixels: int = MAX_PICTURE_PIXELS, longest_side: int = _LONGEST_SIDE) -> None:
        if min(max_pixels, longest_side) < 1:
            raise ValueError(
                "expected limits of at least 1, "
                f"received max_pixels={max_pixels} and longest_side={longest_side}"
            )
        self._max_pixels = max_pixels
        self._longest_side = longest_side

    def decode(self, data: bytes) -> Picture:
        """Decode a picture: upright by its EXIF orientation, on white, shrunk to the longest side.

        Raises:
            RowError: ``not_an_image`` where the bytes begin as none of the formats; ``too_many_pixels``;
                ``too_complex`` where they would take too long; or ``decode_failure`` where they are cut short
                or broken.
        """
        with self._open(data) as image:
            width, height = image.size
            if width * height > self._max_pixels:
                raise _too_many_pixels(f"{width} x {height}", self._max_pixels)
            target = _fit(width, height, self._longest_side)
            try:
                # Lets libjpeg decode at 1/2, 1/4 or 1/8, never below the target; a no-op for other formats.
                image.draft(None, target)
                image.load()
                upright = _UPRIGHT.get(orientation := _orientation(image.info.get("exif")))
                shrunk = _on_white(_shrink(_plain(image), target))
                pixels: Pixels = np.array(shrunk if upright is None else shrunk.transpose(upright))
            except _BROKEN as error:
                raise _undecodable(image.format, error) from error
        if orientation in _SWAPS_SIDES:
            width, height = height, width
        return Picture(pixels=pixels, width=width, height=height)

    def _open(self, data: bytes) -> ImageFile.ImageFile:
        picture_class = _class_for(data)
        if picture_class is None:
            raise RowError(
                ErrorCode.NOT_AN_IMAGE,
                f"expected a JPEG, PNG, WebP, GIF or BMP picture, received {_describe(data)}: "
                "check that the link leads to the picture itself",
            )
        data = _bounded(data, picture_class)
        try:
            return picture_class(io.BytesIO(data))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many_pixels(str(error), self._max_pixels) from error
        except _BROKEN as error:
            raise _undecodable(picture_class.format, error) from error


class _StillJpeg(JpegImageFile):
    """A JPEG whose EXIF data isn't searched for a resolution, which warns where that data is broken."""

    @override
    def _read_dpi_from_exif(self) -> None:
        pass


def _class_for(data: bytes) -> type[ImageFile.ImageFile] | None:
    if data.startswith(_JPEG_START):
        return _StillJpeg
    if data.startswith(_PNG_START):
        return PngImageFile
    if data.startswith((b"GIF87a", b"GIF89a")):
        return GifImageFile
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WebPImageFile
    # "BM" alone also begins plain words; a BMP's header then gives its own size (12 bytes or more).
    if data.startswith(b"BM") and 12 <= int.from_bytes(data[14:18], "little") <= 256:
        return BmpImageFile
    return None


def _describe(data: bytes) -> str:
    if not data:
        return "nothing (0 bytes)"
    start = data[:256].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if data[4:8] == b"ftyp":
        return (
            f"{len(data)} bytes that start like {data[8:12].decode('ascii', 'replace')} (AVIF, HEIC or video)"
        )
    for prefix, name in _OTHER_CONTENT:
        if start.startswith(prefix):
            return f"{len(data)} bytes that start like {name}"
    return f"{len(data)} bytes that start with {data[:12]!r}"


def _bounded(data: bytes, picture_class: type[ImageFile.ImageFile]) -> bytes:
    """Return what a picture's decoder has use for, in a picture that doesn't take too long."""
    if picture_class is _StillJpeg:
        return bound_jpeg(data)
    if picture_class is PngImageFile:
        return bound_png(data)
    if picture_class is GifImageFile:
        return bound_gif(data)
    if picture_class is WebPImageFile:
        check_webp(data)
    return data


def _orientation(exif: object) -> int:
    """Return the orientation (1 to 8) that a block of EXIF data gives; 1 where it gives none or is broken."""
    if not isinstance(exif, bytes):
        return 1
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "L", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(entries):
            at = directory + 2 + 12 * entry
            tag, kind, count, value = struct.unpack_from(order + "HHLH", tiff, at)
            if (tag, kind, count) == (_ORIENTATION, _EXIF_SHORT, 1):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _fit(width: int, height: int, longest_side: int) -> tuple[int, int]:
    longest = max(width, height)
    if longest <= longest_side:
        return width, height
    return max(1, round(width * longest_side / longest)), max(1, round(height * longest_side / longest))


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be resampled: L, RGB, RGBA or CMYK."""
    if image.mode.startswith("I;16"):
        return _from_16_bits(image)
    # convert() would copy it.
    if image.mode == "RGBA":
        return image
    if image.mode in {"PA", "RGBa", "La"} or image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    return image.convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    # Pillow's own conversion to L clips at 255, which turns nearly all of a picture white.
    wide = np.asarray(image)
    grey = (wide >> 8).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[wide == transparent] = 255
    return Image.fromarray(grey)


def _shrink(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    if image.size == target:
        return image
    # Measured for 2,000 to 3,000 pixels: half the time of LANCZOS; text is read alike.
    return image.resize(target, Image.Resampling.HAMMING, reducing_gap=_REDUCING_GAP)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    white = Image.new("RGB", image.size, "white")
    white.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return white


def _too_many_pixels(received: str, limit: int) -> RowError:
    return RowError(
        ErrorCode.TOO_MANY_PIXELS,
        f"expected a picture of at most {limit} pixels, received {received}: link to a smaller picture",
    )


def _undecodable(kind: str | None, error: BaseException) -> RowError:
    return RowError(
        ErrorCode.DECODE_FAILURE,
        f"expected a whole {kind} picture, received broken or truncated data "
        f"({type(error).__name__}: {error}): replace the picture",
    )
