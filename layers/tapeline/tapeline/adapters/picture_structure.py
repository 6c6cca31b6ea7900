"""Bounds the work of decoding a picture before it begins: from the structure of its file alone.

Pillow's parsers are written in Python, and take time for each piece of metadata; libjpeg takes time for each
scan of the whole picture. Here a file's pieces are counted, and what the decoder has no use for is left out.
Nothing is decoded: what is broken is left as it is, for the decoder to report.
"""

import re
import struct
from collections.abc import Iterator
from typing import Final

from tapeline.errors import ErrorCode, RowError
from tapeline.notes import add_note

# Pieces of a file that are gone through at most: segments of a JPEG, chunks of a PNG or WebP, blocks of a GIF
# before its first frame. Chosen by hand: a PNG of 20 MiB in the usual 8 KiB of data a chunk has 2,560.
MAX_PIECES: Final = 10_000

# Scans of a JPEG times its pixels at most. Measured: 0.65 ms for a scan of a megapixel that says nothing new,
# which makes 1.3 s of this; encoders write 10 scans, so that 64 megapixels have 640 million.
MAX_SCAN_PIXELS: Final = 2_000_000_000

# The beginning of a JPEG's marker within its coded data, where FF 00 is a byte FF, and FF D0 to FF D7 are
# restarts. Source: ITU-T T.81, B.1.1.2 and B.1.1.5.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

# Markers of a JPEG by their second byte. Source: ITU-T T.81, table B.1.
_END_OF_IMAGE: Final = 0xD9
_START_OF_SCAN: Final = 0xDA
# A second start of the image, and a marker for private use: they have no content, and don't belong here.
_ALONE: Final = frozenset({0xD8, 0x01})
_COMMENT: Final = 0xFE
_APPLICATION: Final = range(0xE0, 0xF0)
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

# The application segments of a JPEG that decoding needs, one of each: marker, first bytes of the content.
# Sources: ITU-T T.871 (JFIF); Exif 3.0, 4.7.2; ITU-T T.872, 6.5.3 (Adobe).
_EXIF: Final = (0xE1, b"Exif\x00\x00")
_NEEDED_APPLICATION: Final = ((0xE0, b"JFIF\x00"), _EXIF, (0xEE, b"Adobe"))

# First bytes of a PNG file, and the bytes of a chunk beside its data: length, type and checksum.
# Source: PNG, third edition, 5.2 and 5.3.
_PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNK_OVERHEAD: Final = 12

# The chunks of a PNG that decoding its still picture needs. Source: PNG, third edition, 11.2 and 11.3.
_NEEDED_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"})

# Bytes of a GIF's header and logical screen, and where the latter has its flags. Source: GIF89a, 17 and 18.
_GIF_SCREEN_BYTES: Final = 13
_GIF_FLAGS: Final = 10

# What introduces a block of a GIF: an extension, an image, or the end. Source: GIF89a, 20, 23 and 27.
_GIF_BLOCK: Final = re.compile(rb"[!,;]")

# The label of the extension with a frame's transparency. Source: GIF89a, 23.
_GRAPHIC_CONTROL: Final = 0xF9

# Bytes of a WebP file before its first chunk, and of a chunk before its data. Source: RFC 9649, 2.3 and 2.4.
_RIFF_HEADER: Final = 12
_RIFF_CHUNK_HEADER: Final = 8


def bound_jpeg(data: bytes) -> bytes:
    """Return a JPEG without the metadata that decoding has no use for.

    Raises:
        RowError: With ``too_complex`` where it has too many segments, or too many scans for its size.
    """
    kept = [data[:2]]
    applications: set[tuple[int, bytes]] = set()
    pixels = scans = 0
    for pieces, (start, marker, end) in enumerate(_jpeg_segments(data)):
        if pieces >= MAX_PIECES:
            raise _too_complex(f"at most {MAX_PIECES} segments", "more")
        if marker in _FRAMES:
            pixels = max(pixels, _frame_pixels(data, start))
        if marker == _START_OF_SCAN:
            scans += 1
            if scans == 1:
                # From here on it is libjpeg's, which skips metadata quickly.
                kept.append(data[start:])
            if scans * pixels > MAX_SCAN_PIXELS:
                limit = max(1, MAX_SCAN_PIXELS // pixels)
                raise _too_complex(f"at most {limit} scans of a JPEG of {pixels} pixels", "more")
        elif scans == 0 and marker not in _ALONE and _is_needed(data, start, marker, applications):
            kept.append(data[start:end])
    return b"".join(kept)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the start, the marker and the end of each segment after the first two bytes."""
    position = 2
    while found := _MARKER.search(data, position):
        start = found.start()
        marker = data[start + 1]
        if marker == _END_OF_IMAGE:
            return
        if marker in _ALONE:
            position = start + 2
        else:
            # The length counts its own two bytes, also where it claims less.
            position = start + 2 + max(2, int.from_bytes(data[start + 2 : start + 4]))
        yield start, marker, position


def _frame_pixels(data: bytes, start: int) -> int:
    try:
        height, width = struct.unpack_from(">HH", data, start + 5)
    except struct.error:
        return 0
    return int(height) * int(width)


def _is_needed(data: bytes, start: int, marker: int, applications: set[tuple[int, bytes]]) -> bool:
    if marker == _COMMENT:
        return False
    if marker not in _APPLICATION:
        return True
    for kind in _NEEDED_APPLICATION:
        if marker == kind[0] and data.startswith(kind[1], start + 4):
            if kind in applications and kind == _EXIF:
                add_note("only the first of several EXIF segments was read")
            is_first = kind not in applications
            applications.add(kind)
            return is_first
    return False


def bound_png(data: bytes) -> bytes:
    """Return a PNG without metadata and without its animation, of which only the still picture is used.

    Raises:
        RowError: With ``too_complex`` where it has too many chunks.
    """
    kept = [_PNG_START]
    position = len(_PNG_START)
    pieces = 0
    has_exif = False
    while position < len(data):
        pieces += 1
        if pieces > MAX_PIECES:
            raise _too_complex(f"at most {MAX_PIECES} chunks", "more")
        end = position + _PNG_CHUNK_OVERHEAD + int.from_bytes(data[position : position + 4])
        kind = data[position + 4 : position + 8]
        if kind in _NEEDED_CHUNKS and not (kind == b"eXIf" and has_exif):
            kept.append(data[position:end])
        has_exif |= kind == b"eXIf"
        if kind == b"IEND":
            break
        position = end
    return b"".join(kept)


def bound_gif(data: bytes) -> bytes:
    """Return a GIF whose first frame follows its header, with no extension but the frame's transparency.

    Raises:
        RowError: With ``too_complex`` where there are too many blocks before its first frame.
    """
    flags = data[_GIF_FLAGS] if len(data) > _GIF_FLAGS else 0
    start = position = _GIF_SCREEN_BYTES + (3 * (2 << (flags & 7)) if flags & 0x80 else 0)
    control = b""
    pieces = 0
    while (found := _GIF_BLOCK.search(data, position)) and found[0] == b"!":
        begin = found.start()
        position = begin + 2
        # Sub-blocks, each with its length before it; the last one is empty.
        while position < len(data):
            pieces += 1
            if pieces > MAX_PIECES:
                raise _too_complex(f"at most {MAX_PIECES} blocks before the first frame", "more")
            length = data[position]
            position += 1 + length
            if length == 0:
                break
        if data[begin + 1 : begin + 2] == bytes([_GRAPHIC_CONTROL]):
            control = data[begin:position]
    return data[:start] + control + data[found.start() if found else len(data) :]


def check_webp(data: bytes) -> None:
    """Count the chunks of a WebP.

    Raises:
        RowError: With ``too_complex`` where it has too many.
    """
    position = _RIFF_HEADER
    pieces = 0
    while position < len(data):
        pieces += 1
        if pieces > MAX_PIECES:
            raise _too_complex(f"at most {MAX_PIECES} chunks", "more")
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        # Chunks are padded to an even length.
        position += _RIFF_CHUNK_HEADER + length + length % 2


def _too_complex(expected: str, received: str) -> RowError:
    return RowError(
        ErrorCode.TOO_COMPLEX,
        f"expected {expected}, received {received}: save the picture anew, without metadata",
    )
