"""Plain text: one spelling for characters that look alike, and misread characters corrected.

Both functions keep the length of the text, so that indexes into the result are indexes into the text.
"""

import re
import unicodedata
from typing import Final

# Character -> the ASCII character (µ and ø aside) that means the same in a quantity; one for one.
# Chosen by hand from what is printed on product pictures and from what OCR returns for it.
_LOOK_ALIKES: Final[dict[int, str]] = {
    ord(char): plain
    for plain, chars in {
        '"': "“”„‟″〃〞＂ˮ",
        "'": "‘’‚‛′`´＇ʹʼ",
        "-": "‐‑‒–—―−－",
        "~": "～∼〜",
        "x": "×✕✖Χхᵡ⨯＊*",
        "µ": "μ",
        ":": "：",
        "/": "／∕",
        "(": "（",
        ")": "）",
        ",": "，",
        ".": "．",
        " ": "\t\n\r\f\v\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000",
        "ø": "⌀Ø∅ΦφϕФф",
    }.items()
    for char in chars
}

# Unicode's full-width A to z, in the block Halfwidth and Fullwidth Forms (U+FF00 to U+FFEF).
_FULL_WIDTH_LETTERS: Final = ("\uff21", "\uff5a")

# Code points between an ASCII character and its full-width form; from the same block.
_FULL_WIDTH_OFFSET: Final = 0xFEE0

# A degree sign in the place of an inch mark, as OCR returns it in ``77°L X 54°W X 41°H``.
_MISREAD_INCH: Final = re.compile(
    r"(?<=[0-9])°(?=[ ]?(?:x[ ]?[0-9]|[whdl](?![a-z])))"
    r"|(?<=x[0-9])°|(?<=x[ ][0-9])°|(?<=x[0-9]{2})°|(?<=x[ ][0-9]{2})°"
)

# A letter o in the place of the zero before decimals, as OCR returns it in ``O.5mm``.
_MISREAD_ZERO: Final = re.compile(r"(?<![a-z0-9])o(?=[.,][0-9])")


def _plain_character(char: str) -> str:
    """Return the lower-case letter, Latin digit or other character for one character."""
    if char.isascii():
        return char.lower()
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    first, last = _FULL_WIDTH_LETTERS
    if first <= char <= last:
        char = chr(ord(char) - _FULL_WIDTH_OFFSET)
    # A few letters, such as İ, become two in lower case: they stay, so that indexes do.
    lower = char.lower()
    return lower if len(lower) == 1 else char


def plain_text(text: str) -> str:
    """Return text of the same length with one spelling for each letter, digit, quote, dash and space.

    Args:
        text: Any text.

    Returns:
        The text in lower case: Latin digits for other scripts' and full-width ones, ASCII quotes and
        dashes, ``x`` for the multiplication signs, a point for a raised point between digits. Indexes stay
        those of ``text``.
    """
    plain = text.translate(_LOOK_ALIKES)
    if plain.isascii():
        return plain.lower()
    characters = [_plain_character(char) for char in plain]
    for index in range(1, len(characters) - 1):
        if characters[index] == "·" and characters[index - 1].isdigit() and characters[index + 1].isdigit():
            characters[index] = "."
    return "".join(characters)


def correct_misread(plain: str) -> str:
    """Return a plain text with inch marks for misread degree signs, and zeros for misread letters.

    Args:
        plain: As returned by :func:`plain_text`.

    Returns:
        A text of the same length.
    """
    return _MISREAD_ZERO.sub("0", _MISREAD_INCH.sub('"', plain))
