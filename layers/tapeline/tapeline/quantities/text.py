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

# A degree sign in the place of an inch mark, as OCR returns it in ``77°L X 54°W X 41°H`` and ``L77° x W54°``.
_MISREAD_INCH: Final = re.compile(
    r"(?<=[0-9])°(?=[ ]?(?:x[ ]?[(]?[whdl]?[)]?[ ]?[0-9]|[whdl](?![a-z])))"
    r"|(?<=x[0-9])°|(?<=x[ ][0-9])°|(?<=x[0-9]{2})°|(?<=x[ ][0-9]{2})°"
)

# A letter o in the place of the zero before decimals, as OCR returns it in ``O.5mm``.
_MISREAD_ZERO: Final = re.compile(r"(?<![a-z0-9])o(?=[.,][0-9])")

# A zero in the place of a diameter sign, as OCR returns it in ``0274 mm``: sizes aren't written with a zero
# before other digits.
_MISREAD_DIAMETER: Final = re.compile(
    r"(?<![0-9.,])0(?=[1-9][0-9]{1,2}(?:[.,][0-9]{1,2})?[ ]?[cm]m(?![a-z]))"
)

# A degree sign or an asterisk (an x in plain text) in the place of the inch mark after a fraction, as OCR
# returns it in ``13/8°`` and ``2 5/8*``.
_MISREAD_INCH_OF_FRACTION: Final = re.compile(
    r"(?<=[0-9]/[248])[°º](?![cf0-9])|(?<=[0-9]/[248])x(?![ ]?[0-9a-z])"
)

# A bar in the place of the l of pounds, as OCR returns it in ``275|bs``.
_MISREAD_POUNDS: Final = re.compile(r"(?<=[0-9])([ ]?)[|](?=bs?(?![a-z0-9]))")

# A degree sign in the place of a second x, as OCR returns it in ``85*45°22.5mm``.
_MISREAD_TIMES: Final = re.compile(r"(x[ ]?[0-9.]{1,6})°(?=[0-9])")

# Digits in the place of ``oz``, as OCR returns them in ``10 02. (283 g)`` and ``105g/3.702``: after a number,
# with another one after or before it.
_MISREAD_OUNCES: Final = re.compile(
    r"(?:(?P<before>[0-9]{1,4}(?:[.,][0-9]{1,2})?)[ ]?(?:g|gr|gms?|grams?)?[ ]?[/(\[|][ ]?)?"
    r"(?<![0-9])(?<![0-9][.,])(?P<ounces>[0-9]{1,3}(?:[.,][0-9]{1,2})?)[ .]?(?P<misread>02)(?![0-9])"
    r"(?:[.]?[)]?[ ]?[/(\[|]?[ ]?(?P<after>[0-9]{1,4}(?:[.,][0-9]{1,2})?)"
    r"(?![0-9]|[.,][0-9]|[ ]?[a-fh-z\"']))?"
)

# Grams of an ounce, avoirdupois.
_GRAMS_IN_AN_OUNCE: Final = 28.35

# Relative tolerance between a misread number of ounces and the grams beside it. Chosen by hand: labels round
# 99 g and 100 g to 3.5 oz.
_SAME_OUNCES_TOLERANCE: Final = 0.03

# Three numbers and nothing else before one unit of length: an ``A x B x C`` group whose x OCR has missed, as
# in ``Size: 10 20 30 cm``.
_MISSED_TIMES: Final = re.compile(
    r"(?:^|[:;(])[ ]?[0-9]{1,4}(?:[.][0-9]{1,2})?([ ])[0-9]{1,4}(?:[.][0-9]{1,2})?([ ])"
    r"[0-9]{1,4}(?:[.][0-9]{1,2})?[ ]?(?:[cm]m|in(?:ch(?:es)?)?|\")(?![a-z])"
)


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
    """Return a plain text with what OCR has misread in its numbers corrected.

    Degree signs and asterisks become inch marks or x, bars the l of pounds, letters zeros, zeros diameter
    signs, digits beside as many grams ounces, and spaces within a group x.

    Args:
        plain: As returned by :func:`plain_text`.

    Returns:
        A text of the same length.
    """
    if "°" in plain:
        plain = _MISREAD_INCH.sub('"', _MISREAD_TIMES.sub(r"\1x", plain))
    if "/" in plain:
        plain = _MISREAD_INCH_OF_FRACTION.sub('"', plain)
    if "|" in plain:
        plain = _MISREAD_POUNDS.sub(r"\1l", plain)
    if "o" in plain:
        plain = _MISREAD_ZERO.sub("0", plain)
    if "0" in plain:
        plain = _MISREAD_OUNCES.sub(_with_ounces, _MISREAD_DIAMETER.sub("ø", plain))
    missed = _MISSED_TIMES.search(plain) if plain.count(" ") > 1 else None
    if missed is not None:
        first, second = missed.start(1), missed.start(2)
        plain = f"{plain[:first]}x{plain[first + 1 : second]}x{plain[second + 1 :]}"
    return plain


def _with_ounces(match: re.Match[str]) -> str:
    """Return a match of :data:`_MISREAD_OUNCES`, with ``oz`` in it where as many grams stand beside it."""
    grams = float(match["ounces"].replace(",", ".")) * _GRAMS_IN_AN_OUNCE
    beside = [float(match[name].replace(",", ".")) for name in ("before", "after") if match[name]]
    if not any(abs(other - grams) <= _SAME_OUNCES_TOLERANCE * grams for other in beside):
        return match[0]
    start, end = (index - match.start() for index in match.span("misread"))
    return f"{match[0][:start]}oz{match[0][end:]}"
