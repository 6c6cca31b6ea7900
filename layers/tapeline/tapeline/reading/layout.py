"""Laying out text: misread inch marks repaired, numbers joined with units that stand apart."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Literal

from tapeline.geometry import bounds_of, letter_height, overlap, text_direction
from tapeline.picture import TextLine
from tapeline.quantities import LENGTH_UNITS, FoundQuantity, announced_unit, correct_misread, plain_text
from tapeline.reading.scene import PlacedLine

# From a line's text to its quantities; see :func:`tapeline.quantities.find_quantities`.
type Parser = Callable[[str], tuple[FoundQuantity, ...]]

# Where the neighbour of a text line is.
type Placement = Literal["left", "right", "above", "below"]

# The name of a side.
_SIDE: Final = "(?:width|height|depth|length|diameter|thickness)"

# Overlap of two lines' heights, as a part of the lower one, from which they are in one row. Chosen by hand.
_SAME_ROW: Final = 0.5

# Overlap of two lines' widths, as a part of the narrower one, from which they are in one column. Chosen by
# hand.
_SAME_COLUMN: Final = 0.3

# How far from its number a unit in a line of its own may be, in letter heights. Chosen by hand.
_UNIT_REACH: Final[dict[Placement, float]] = {"right": 1.2, "below": 0.8, "above": 0.8}

# A number that stands alone, with a side's name or without, and a degree sign in the place of an inch mark.
_MISREAD_INCHES: Final = re.compile(
    rf"(?:[a-z ]{{0,12}}{_SIDE}[:; ]{{0,2}})?[0-9]{{1,3}}(?:[.][0-9]{{1,2}})?[°º]", re.IGNORECASE
)

# The last characters of the two patterns.
_MISREAD_MARKS: Final = frozenset("°º'\u2019\u2032")

# A number that stands alone, of 13 to 99 or with decimals, and with a foot mark: an inch mark of which OCR
# has missed a part where another number has an inch mark. Feet beside inches hardly ever have decimals.
_MISREAD_FEET: Final = re.compile(
    r"(?:(?:1[3-9]|[2-9][0-9])(?:[.][0-9]{1,2}|[ ][0-9]{1,2}/[0-9]{1,2})?|[1-9][.][0-9]{1,2})['\u2019\u2032]"
)
# A number with an inch mark.
_INCHES: Final = re.compile(r"[0-9][\"″”]")

# Degrees that products do turn by, and that are left as they are. Chosen by hand.
_ANGLES: Final = frozenset({"30", "45", "60", "90", "120", "135", "180", "270", "360"})

# A letter of a list before a number, as in ``A.46cm``.
_LIST_LETTER: Final = re.compile(r"[a-h][.)][ ]?[0-9]")

# Different letters before numbers from which they are a list's and name no sides. Chosen by hand.
_MIN_LIST_LETTERS: Final = 3

# A number alone in its line, or with a side's name before it.
_BARE_NUMBER: Final = re.compile(
    rf"(?:(?:[a-z ]{{0,12}} )?{_SIDE}[:; ]{{1,2}})?[^a-z0-9]{{0,2}}[0-9][0-9., /\-]{{0,9}}[¼½¾⅛⅜⅝⅞]?[ ]?"
)
# A number, or an ``A x B x C`` group, alone in its line.
_BARE_NUMBERS: Final = re.compile(
    r"[^a-z0-9]{0,2}[0-9][0-9., /]{0,9}[¼½¾⅛⅜⅝⅞]?(?:[ ]?[x*-][ ]?[0-9][0-9.,]{0,7}){0,2}[ ]?"
)
# A line that begins as a unit may.
_LEADING_UNIT: Final = re.compile(r"[(\[]?[a-zµ.\"' ]{1,14}(?![a-z])")
# A unit announced for the whole picture: after the word unit or another of its kind, or alone in brackets.
_UNIT_FOR_ALL: Final = re.compile(
    r"(?<![a-z])units?[ ]?[:=]"
    r"|(?<![a-z])(?:size|dimension|measurement)s?(?:[ ]?[:=]|[ ](?:(?:are|is)[ ])?in[ ])"
    r"|^[ ]?[(\[][a-z\" ]{1,12}[)\]][ ]?$"
)

# A size alone in its line, with dashes or arrow heads of its dimension line: two digits at least, for OCR
# reads single ones into all that is drawn.
_BARE_SIZE: Final = re.compile(
    r"[-~<>←→↔|. ]{0,3}([1-9][0-9]{1,2}(?:[.,][0-9]{1,2})?|[0-9][.,][0-9]{1,3}"
    r"|(?:[1-9][0-9]?[ -])?[1-9][0-9]{0,2}/(?:[248]|16))[-~<>←→↔|. ]{0,3}"
)

# A fraction that may be the number of a page, ``1/2``, or of two: it is no bare size.
_PAGE: Final = re.compile(r"[0-9]/[0-9]{1,2}")

# A size with the name of its side and no unit.
_SIZE_OF_SIDE: Final = re.compile(
    rf"(?:[a-z ]{{0,12}}(?<![a-z]){_SIDE}[:; ]{{1,3}}([0-9]{{1,4}}(?:[.,][0-9]{{1,3}})?)[ ]?"
    r"|([0-9]{1,4}(?:[.,][0-9]{1,3})?)[ ]?(?:wide|tall|high|deep|long|thick|diameter))"
)

# The head of a table's row that says in brackets what its number is in, as in ``Speed (r/min)``.
_HEAD_IN_BRACKETS: Final = re.compile(r"[a-z][ ]?[(\[][^()\[\]]{1,12}[)\]][ ]?[:=]?[ ]?$")

# Units that are shared with numbers without one. Not metres and feet, which are rarer than a misread m or '.
_SHARED_UNITS: Final = frozenset({"millimetre", "centimetre", "inch"})

# A size in metres alone in its line.
_METRES: Final = re.compile(r"[^a-z0-9]{0,2}(?:[whdl][:=])?[0-9]{1,3}(?:[.,][0-9]{1,2})?[. ]?m[^a-z0-9]{0,2}")

# How much larger or smaller than the picture's other sizes a bare number may be to take their unit. Chosen by
# hand.
_MAX_RATIO_OF_SIZES: Final = 4.0

# The same for its letters' height. Chosen by hand.
_MAX_RATIO_OF_LETTERS: Final = 1.4


def lay_out(text: Sequence[TextLine], parse: Parser) -> list[PlacedLine]:
    """Lay out a picture's text.

    Degrees are read as inches where another number has an inch mark. A number and its unit in two
    neighbouring lines become one line, and a bare number takes the unit that its table or the whole picture
    announces, or the only one that the picture has. Metres are read as centimetres where other sizes say so.

    Args:
        text: The lines as they were read, in any order.
        parse: Finds a line's quantities.

    Returns:
        The lines in reading order: from the top, each row from the left.
    """
    placed = _blank_list_letters([_place(line, parse) for line in _repair_inches(text)])
    joined = _join_units(placed, parse)
    lines = _repair_metres(_with_announced_units(joined, parse), parse)
    lines = _with_shared_unit(lines, parse)
    lines.sort(key=lambda line: (line.bounds.y, line.bounds.x))
    return lines


def gap_between(line: PlacedLine, other: PlacedLine) -> tuple[float, Placement] | None:
    """Return how far a neighbour is and on which side of a line it is.

    Returns:
        The gap in letter heights and the side; None where the two share neither a row nor a column.
    """
    a, b = line.bounds, other.bounds
    letter = line.letter_height
    if line.direction == other.direction:
        letter = max(letter, other.letter_height)
    if overlap(a.top, a.bottom, b.top, b.bottom) > _SAME_ROW:
        if b.x < a.x:
            return max(a.left - b.right, 0.0) / letter, "left"
        return max(b.left - a.right, 0.0) / letter, "right"
    if overlap(a.left, a.right, b.left, b.right) > _SAME_COLUMN:
        if b.y < a.y:
            return max(a.top - b.bottom, 0.0) / letter, "above"
        return max(b.top - a.bottom, 0.0) / letter, "below"
    return None


def is_left_in_row(other: PlacedLine, line: PlacedLine) -> bool:
    """Say whether another line stands in a line's row, left of it, however far off."""
    a, b = other.bounds, line.bounds
    return a.right <= b.left + line.letter_height and overlap(a.top, a.bottom, b.top, b.bottom) > _SAME_ROW


def _place(line: TextLine, parse: Parser) -> PlacedLine:
    plain, quantities = plain_text(line.text), parse(line.text)
    return PlacedLine(
        text=line.text,
        score=line.score,
        box=line.box,
        plain=correct_misread(plain) if quantities else plain,
        quantities=quantities,
        bounds=bounds_of([line.box]),
        direction=text_direction(line.box),
        letter_height=letter_height(line.box),
    )


def _repair_inches(text: Sequence[TextLine]) -> list[TextLine]:
    """Read degrees and feet as inches where a number stands alone and another has an inch mark."""
    if not any(_INCHES.search(line.text) for line in text):
        return list(text)
    return [
        replace(line, text=f'{stripped[:-1]}"') if _is_misread_inches(stripped := line.text.strip()) else line
        for line in text
    ]


def _is_misread_inches(text: str) -> bool:
    if text[-1:] not in _MISREAD_MARKS:
        return False
    if _MISREAD_INCHES.fullmatch(text):
        return text[:-1].rsplit(maxsplit=1)[-1] not in _ANGLES
    return _MISREAD_FEET.fullmatch(text) is not None


def _blank_list_letters(placed: Sequence[PlacedLine]) -> list[PlacedLine]:
    """Blank the letters of a list, as in ``A.46cm``, ``B.51cm`` ... ``D.61cm``, which name no side."""
    listed = {line.plain[0] for line in placed if _LIST_LETTER.match(line.plain)}
    if len(listed) < _MIN_LIST_LETTERS:
        return list(placed)
    return [
        replace(line, plain=f"  {line.plain[2:]}") if _LIST_LETTER.match(line.plain) else line
        for line in placed
    ]


def _join_units(placed: Sequence[PlacedLine], parse: Parser) -> list[PlacedLine]:
    """Join each number that stands alone with the unit in the line right of it or below it.

    A unit whose text runs up stands above its number.
    """
    units = {
        index: line
        for index, line in enumerate(placed)
        if not line.quantities and _LEADING_UNIT.match(line.plain)
    }
    joined = dict(enumerate(placed))
    for index, number in enumerate(placed):
        # A unit that was joined to a number before is no longer there.
        if index not in joined or number.quantities or not _BARE_NUMBER.fullmatch(number.plain):
            continue
        nearest = _nearest_unit(number, units, parse)
        if nearest is not None:
            used, joined[index] = nearest
            del units[used], joined[used]
    return list(joined.values())


def _nearest_unit(
    number: PlacedLine, units: dict[int, PlacedLine], parse: Parser
) -> tuple[int, PlacedLine] | None:
    """Return the index of the nearest unit that makes a quantity of a number, and the joined line."""
    nearest: tuple[int, PlacedLine] | None = None
    nearest_gap = math.inf
    digits = number.text.strip()
    for index, unit in units.items():
        gap = None if unit is number else gap_between(number, unit)
        if gap is None or gap[1] not in _UNIT_REACH or gap[0] >= min(_UNIT_REACH[gap[1]], nearest_gap):
            continue
        box = number.box
        if gap[1] == "above":
            if not _runs_up(unit):
                continue
            # Text of two digits is as high as wide: its own box doesn't say that it runs up.
            around = bounds_of([number.box, unit.box])
            box = (
                (around.left, around.bottom),
                (around.left, around.top),
                (around.right, around.top),
                (around.right, around.bottom),
            )
        text = f"{digits} {unit.text.strip()}"
        both = _place(TextLine(text, min(number.score, unit.score), box), parse)
        if both.quantities and both.quantities[0].start < len(digits):
            nearest_gap, nearest = gap[0], (index, both)
    return nearest


def _is_above_in_column(other: PlacedLine, line: PlacedLine) -> bool:
    """Say whether another line stands in a line's column, above it, however far off."""
    a, b = other.bounds, line.bounds
    return (
        a.bottom <= b.top + line.letter_height / 2 and overlap(a.left, a.right, b.left, b.right) > _SAME_ROW
    )


def _runs_up(line: PlacedLine) -> bool:
    return line.direction == "upright" and line.box[1][1] < line.box[0][1]


def _with_announced_units(lines: Sequence[PlacedLine], parse: Parser) -> list[PlacedLine]:
    """Give bare numbers the unit that the head of their row or column says, or that is said for all.

    A row is that of a table, as in ``Weight (kg) | 5`` and ``Weight | lbs | 526.9``. For the whole picture a
    unit counts after the word unit or in brackets, and where it is a length: ``Unit: cm``, ``(inch)``.
    """
    is_bare = [not line.quantities and _BARE_NUMBERS.fullmatch(line.plain) is not None for line in lines]
    if not any(is_bare):
        return list(lines)
    heads = [line for line, bare in zip(lines, is_bare, strict=True) if not bare]
    announced = (announced_unit(line.text) for line in heads if _UNIT_FOR_ALL.search(line.plain))
    for_all = next((unit for unit in announced if unit in LENGTH_UNITS), None)
    given: list[PlacedLine] = []
    for line, bare in zip(lines, is_bare, strict=True):
        unit = (_unit_of_heads(line, heads) or for_all) if bare else None
        joined = None
        if unit is not None:
            joined = _place(TextLine(f"{line.text.strip()} {unit}", line.score, line.box), parse)
        given.append(joined if joined is not None and joined.quantities else line)
    return given


def _unit_of_heads(number: PlacedLine, heads: Sequence[PlacedLine]) -> str | None:
    """Return the unit that the nearest head left of a number, else above it, announces."""
    left = [line for line in heads if is_left_in_row(line, number)]
    unit = announced_unit(max(left, key=lambda line: line.bounds.right).text) if left else None
    if unit is not None:
        return unit
    above = [line for line in heads if _is_above_in_column(line, number)]
    return announced_unit(max(above, key=lambda line: line.bounds.bottom).text) if above else None


def _repair_metres(lines: Sequence[PlacedLine], parse: Parser) -> list[PlacedLine]:
    """Read metres as centimetres or millimetres where the picture's other sizes are about as many of those.

    Sizes in feet say that there are metres, too.
    """
    if not _sizes_in(lines, "metre") or _sizes_in(lines, "foot"):
        return list(lines)
    for unit, symbol in (("centimetre", "cm"), ("millimetre", "mm")):
        if sized := _sizes_in(lines, unit):
            return [_without_metres(line, symbol, sized, parse) for line in lines]
    return list(lines)


def _without_metres(
    line: PlacedLine, symbol: str, sized: Sequence[tuple[float, float]], parse: Parser
) -> PlacedLine:
    if len(line.quantities) != 1 or not _METRES.fullmatch(line.plain):
        return line
    (found,) = line.quantities
    if not _is_like_others(float(found.quantity.value), line.letter_height, sized):
        return line
    index = line.plain.rindex("m")
    text = f"{line.text[:index]}{symbol}{line.text[index + 1 :]}"
    return _place(TextLine(text, line.score, line.box), parse)


def _sizes_in(lines: Sequence[PlacedLine], unit: str) -> list[tuple[float, float]]:
    """Return the values and letter heights of the sizes with a unit."""
    return [
        (float(found.quantity.value), line.letter_height)
        for line in lines
        for found in line.quantities
        if found.quantity.unit == unit
    ]


def _with_shared_unit(lines: Sequence[PlacedLine], parse: Parser) -> list[PlacedLine]:
    """Give bare sizes the unit of the picture's other sizes, where those have one unit of length only.

    A bare size has the name of a side, or about the size and the letters of one with the unit. In a table
    whose head says another unit, as in ``Speed (r/min) | 450``, it is none.
    """
    units = {found.quantity.unit for line in lines for found in line.quantities} & LENGTH_UNITS
    if len(units) != 1 or not units <= _SHARED_UNITS:
        return list(lines)
    (unit,) = units
    sized = _sizes_in(lines, unit)
    heads = [line for line in lines if _HEAD_IN_BRACKETS.search(line.plain)]
    return [
        line
        if line.quantities or any(is_left_in_row(head, line) for head in heads)
        else _with_unit(line, unit, sized, parse)
        for line in lines
    ]


def _with_unit(
    line: PlacedLine, unit: str, sized: Sequence[tuple[float, float]], parse: Parser
) -> PlacedLine:
    """Give a line the unit if it is a bare size.

    Args:
        line: A line without quantities.
        unit: The unit's full name.
        sized: The values and letter heights of the picture's sizes with that unit.
        parse: Finds a line's quantities.
    """
    plain = line.plain.strip()
    side = _SIZE_OF_SIDE.fullmatch(plain)
    bare = side or _BARE_SIZE.fullmatch(plain)
    if bare is None or _PAGE.fullmatch(bare[1] or ""):
        return line
    end = max(bare.end(group) for group in range(1, bare.re.groups + 1))
    text = line.text.strip()
    joined = _place(TextLine(f"{text[:end]} {unit}{text[end:]}", line.score, line.box), parse)
    if len(joined.quantities) != 1:
        return line
    value = float(joined.quantities[0].quantity.value)
    return joined if side or _is_like_others(value, line.letter_height, sized) else line


def _is_like_others(value: float, letters: float, sized: Sequence[tuple[float, float]]) -> bool:
    """Say whether a number and its letters are about as large as those of one of the sizes."""
    return any(
        _ratio(value, other) <= _MAX_RATIO_OF_SIZES and _ratio(letters, height) <= _MAX_RATIO_OF_LETTERS
        for other, height in sized
    )


def _ratio(a: float, b: float) -> float:
    return max(a, b) / min(a, b)
