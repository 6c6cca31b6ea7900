"""Words beside numbers: which words of a line, of a caption and of a table belong to which number."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from tapeline.quantities import LENGTH_UNITS, FoundQuantity
from tapeline.ranking.keywords import (
    NO_KEYWORDS,
    OF_ANOTHER_THING,
    SIDE_KEYWORDS,
    Keyword,
    Keywords,
    find_keywords,
)
from tapeline.reading.layout import gap_between, is_left_in_row
from tapeline.reading.scene import PlacedLine

# What a lone letter says.
_LETTERS: Final[dict[str, Keyword]] = {
    "w": Keyword.WIDTH, "h": Keyword.HEIGHT, "d": Keyword.DEPTH, "l": Keyword.LENGTH,
    "t": Keyword.DEPTH, "ø": Keyword.DIAMETER,
}  # fmt: skip

# Letters that name sides only among others, as in the German ``B x H x T`` and the French ``L x P x H``.
_LETTERS_IN_ORDER: Final[dict[str, Keyword]] = _LETTERS | {"b": Keyword.WIDTH, "p": Keyword.DEPTH}

# Lone letters that count as captions. A T is the end of a dimension line instead: beside 9 measures of the
# training rows it names one depth, in a vote that gives the height as well.
_CAPTION_LETTERS: Final = frozenset("whdl")

# A lone letter before a number, as in ``W: 5 cm``, and in ``W5xD6``.
_LETTER_BEFORE: Final = re.compile(
    r"(?:(?<![a-zß-ÿ0-9])(?<![a-z]\.)|(?<![a-zß-ÿ])x[ ]?)[(\[]?"
    r"([whdlø]|t(?=[ ]?[)\]:=])|(?<![ ])t)[ ]?[)\]]?[ ]?[:=.\-]{0,3}[ ]?$"
)
# A lone letter after a number, as in ``5 cm (W)``, and in ``5"Wx6``. A D in brackets is often read as a zero.
_LETTER_AFTER: Final = re.compile(
    r"[ ]?[.\-:/]?[ ]?[(\[]?((?<=[(\[])[0v](?=[)\]])|[whdlt])[)\]]?"
    r"(?:(?![a-zß-ÿ'])|(?=x[ ]?[(]?[whdlø]?[)]?[ ]?[0-9]))"
)

# A side's name or letter in an order; each name is a keyword's word.
_SIDE_NAME: Final = (
    r"(length|width|height|depth|thickness|diameter|long|wide|high|deep|thick|dia|länge|breite|höhe|tiefe"
    r"|longueur|largeur|hauteur|profondeur|largo|ancho|alto|comprimento|largura|altura|profundidade?|[lwhdbtpvø])"
)
# Between the sides of an order.
_THEN: Final = r"[ ]?[)\]]?[ ]?[x/][ ]?[(\[]?"
# The sides of a group, as in ``L x W x H``.
_ORDER: Final = re.compile(
    rf"(?<![a-zß-ÿ0-9])[(\[]?{_SIDE_NAME}{_THEN}{_SIDE_NAME}(?:{_THEN}{_SIDE_NAME})?(?![a-zß-ÿ])"
)

# Two sides that an order lists as alternatives, as in ``Length / Width``: then a single number is both.
_ALTERNATIVES: Final = re.compile(rf"{_SIDE_NAME}[ ]?/[ ]?{_SIDE_NAME}(?![ ]?/)")

# What marks the words after one number from those before the next.
_SEPARATOR: Final = re.compile(r"[,;|/•]")
# Digits that are no quantity.
_DIGITS: Final = re.compile(r"[0-9]+")
# Between the members of a group, and the spellings of one size: neither nothing nor a word.
_GROUPED: Final = re.compile(r"(?![ ]*$)(?:(?![a-zß-ÿ]{3})[^,;|]){0,12}")

# Words of a caption at most: longer lines are sentences. Chosen by hand.
_MAX_CAPTION_WORDS: Final = 6

# How far off a caption may stand, in letter heights, by the side that it is on. Chosen by hand.
_CAPTION_REACH: Final = {"left": 3.0, "above": 1.3, "below": 1.0, "right": 1.0}

# What is said of all numbers of a line, wherever in it.
_SAID_OF_ALL: Final[Keywords] = OF_ANOTHER_THING | {Keyword.WHOLE}


class Caption(NamedTuple):
    """A short text line that has a keyword and no quantity.

    Attributes:
        line: The line.
        keywords: What it says of any number; where it lists sides, not those.
        order: The sides that it lists, as in ``L x W x H``; empty where it doesn't.
    """

    line: PlacedLine
    keywords: Keywords
    order: tuple[Keyword, ...]


def adjacent_keywords(line: PlacedLine) -> list[Keywords]:
    """Return, for each quantity of a line, the keywords next to it in that line.

    Words belong to the number after them where the line starts with a side's name, as in
    ``Width 5 cm Height 9 cm``, and to the number before them where it ends with one, as in
    ``5 cm wide 9 cm high``; a comma or slash divides them. A number that only marks part from its
    neighbour, as in ``5 cm / 2 in wide``, shares its words. A line may list the sides of a group in their
    order, as in ``10 x 20 x 30 cm (L x W x H)``. That it is another thing's size is said of all members of a
    group: ``Folded size: 10 x 20 x 30 cm``.
    """
    found, plain = line.quantities, line.plain
    ends = [0, *(f.end for f in found)]
    starts = [*(f.start for f in found), len(plain)]
    between = [plain[end:start] for end, start in zip(ends, starts, strict=True)]
    is_leading = len(found) > 1 and _is_leading(between)
    said = [
        own | letter
        for own, letter in zip(
            _divided(between, is_leading=is_leading), _letters(line, is_leading=is_leading), strict=True
        )
    ]
    order = _order_in(plain)
    listed = _in_order(order, found)
    if any(listed):
        said = [_replaced(own, side, order) for own, side in zip(said, listed, strict=True)]
    else:
        _share(said, between, is_leading=is_leading)
    _share_with_group(said, found, between)
    return said


def find_captions(lines: Sequence[PlacedLine]) -> list[Caption]:
    """Return the short lines that have a keyword and no quantity.

    Lone letters count where letters name two sides of the picture at least; those of one side are mostly no
    letters at all, but the ends of dimension lines.
    """
    captions: list[Caption] = []
    letters: list[Caption] = []
    for line in lines:
        if line.quantities:
            continue
        letter = line.plain.strip(" ():.[]=")
        if letter in _CAPTION_LETTERS:
            letters.append(Caption(line, frozenset({_LETTERS[letter]}), ()))
            continue
        order = _order_in(line.plain)
        plain = line.plain
        if order and not _ALTERNATIVES.search(plain):
            plain = _ORDER.sub(" ", plain)
        if len(plain.split()) > _MAX_CAPTION_WORDS:
            continue
        said = find_keywords(plain)
        if said or order:
            captions.append(Caption(line, said, order))
    if letters and _name_sides(letters, lines):
        captions += letters
    return captions


def caption_keywords(line: PlacedLine, captions: Iterable[Caption]) -> list[Keywords]:
    """Return, for each quantity of a line, what the nearest caption says, if it is right beside the line."""
    nearest = nearest_caption(line, captions)
    return [NO_KEYWORDS] * len(line.quantities) if nearest is None else _said_by(nearest, line)


def nearest_caption(line: PlacedLine, captions: Iterable[Caption]) -> Caption | None:
    """Return the nearest of captions that are right beside a line; None where none is."""
    nearest: Caption | None = None
    nearest_gap = math.inf
    for caption in captions:
        gap = gap_between(line, caption.line)
        if gap and gap[0] < min(_CAPTION_REACH[gap[1]], nearest_gap):
            nearest_gap, nearest = gap[0], caption
    return nearest


def table_row_keywords(line: PlacedLine, captions: Iterable[Caption]) -> list[Keywords]:
    """Return, for each quantity of a line, what the captions left of it in its row say, as in a table.

    They count however far off they are.
    """
    said = [NO_KEYWORDS] * len(line.quantities)
    for caption in captions:
        if is_left_in_row(caption.line, line):
            said = [a | b for a, b in zip(said, _said_by(caption, line), strict=True)]
    return said


def _name_sides(letters: Sequence[Caption], lines: Iterable[PlacedLine]) -> bool:
    """Say whether lone letters, and letters beside numbers, name two sides at least."""
    named = [caption.keywords for caption in letters]
    named += [said for line in lines if line.quantities for said in _letters(line, is_leading=False)]
    return len(NO_KEYWORDS.union(*named)) > 1


def _said_by(caption: Caption, line: PlacedLine) -> list[Keywords]:
    """Return what a caption says of each quantity of a line."""
    return [
        _replaced(caption.keywords, side, caption.order) for side in _in_order(caption.order, line.quantities)
    ]


def _replaced(said: Keywords, side: Keyword | None, order: Sequence[Keyword]) -> Keywords:
    """Return what is said of a number, with its own side in place of all those that an order lists."""
    return said if side is None else said.difference(order) | {side}


def _is_leading(between: Sequence[str]) -> bool:
    """Say whether a line's words stand before their numbers, given the texts around its numbers."""
    first, last = find_keywords(between[0]), find_keywords(between[-1])
    if not first.isdisjoint(SIDE_KEYWORDS) or _LETTER_BEFORE.search(between[0]):
        return True
    if not last.isdisjoint(SIDE_KEYWORDS) or _LETTER_AFTER.match(between[-1]):
        return False
    return bool(first)


def _divided(between: Sequence[str], *, is_leading: bool) -> list[Keywords]:
    """Divide the words between numbers among them; those at either end are the first's and the last's."""
    before = [between[0]]
    after: list[str] = []
    for gap in between[1:-1]:
        if separator := _SEPARATOR.search(gap):
            after.append(gap[: separator.start()])
            before.append(gap[separator.end() :])
        else:
            after.append("" if is_leading else gap)
            before.append(gap if is_leading else "")
    after.append(between[-1])
    said_before, said_after = [_said_in(text, -1) for text in before], [_said_in(text, 0) for text in after]
    if is_leading and not said_before[-1].isdisjoint(SIDE_KEYWORDS):
        # The last number has its side: what follows can only say whose it is.
        said_after[-1] &= OF_ANOTHER_THING
    return [a | b for a, b in zip(said_before, said_after, strict=True)]


def _said_in(text: str, nearest: Literal[0, -1]) -> Keywords:
    """Return what the text on one side of a number says; a side beyond another number isn't this one's.

    Args:
        text: The text.
        nearest: Index of its end at the number: -1 before a number, 0 after one.
    """
    said = find_keywords(text)
    if said.isdisjoint(SIDE_KEYWORDS) or not any(map(str.isdigit, text)):
        return said
    part = _DIGITS.split(text)[nearest]
    return (said - SIDE_KEYWORDS) | find_keywords(part) if any(map(str.isalpha, part)) else said


def _letters_in(plain: str) -> Mapping[str, Keyword]:
    """Return what lone letters say in a line: after a horizontal H a V is vertical, else a misread W."""
    vertical = plain.find("(v)")
    if vertical < 0:
        return _LETTERS
    if 0 <= plain.find("(h)") < vertical:
        return {**_LETTERS, "h": Keyword.WIDTH, "v": Keyword.HEIGHT}
    return {**_LETTERS, "v": Keyword.WIDTH}


def _letters(line: PlacedLine, *, is_leading: bool) -> list[Keywords]:
    """Return what a lone letter beside each number says: ``W: 5 cm``, ``5 cm (W)``, ``5"W``."""
    letters = _letters_in(line.plain)
    said: list[Keywords] = []
    end = 0
    for found in line.quantities:
        before = _LETTER_BEFORE.search(line.plain[end : found.start])
        end = found.end
        after = _LETTER_AFTER.match(line.plain, end)
        if before and after and before[1] == after[1] == "h":
            # The ends of the dimension line that the number breaks: ``H20cmH``.
            before = after = None
        match = before or after if is_leading else after or before
        said.append(frozenset({letters[match[1].replace("0", "d")]}) if match else NO_KEYWORDS)
    return said


def _share(said: list[Keywords], between: Sequence[str], *, is_leading: bool) -> None:
    """Give a number without words those of the neighbour that no letter divides it from."""
    for index in range(1, len(said)) if is_leading else range(len(said) - 2, -1, -1):
        neighbour = index - 1 if is_leading else index + 1
        gap = between[max(index, neighbour)]
        if said[index] <= _SAID_OF_ALL and not any(char.isalpha() for char in gap):
            said[index] |= said[neighbour]


def _share_with_group(said: list[Keywords], found: Sequence[FoundQuantity], between: Sequence[str]) -> None:
    """Say of all members of a group what is said of its first or last: that they are another thing's, say."""
    links = [
        index
        for index in range(1, len(found))
        if found[index].member == found[index - 1].member + 1 or _GROUPED.fullmatch(between[index])
    ]
    for index in links:
        said[index] |= said[index - 1] & _SAID_OF_ALL
    for index in reversed(links):
        said[index - 1] |= said[index] & _SAID_OF_ALL


def _order_in(plain: str) -> tuple[Keyword, ...]:
    """Return the sides that a text lists, as in ``(L x W x H)``; empty where it doesn't."""
    match = _ORDER.search(plain) if "x" in plain or "/" in plain else None
    if match is None:
        return ()
    names = [name for name in match.groups() if name]
    letters = dict(_LETTERS_IN_ORDER)
    if "v" in names:
        letters |= {"h": Keyword.WIDTH, "v": Keyword.HEIGHT}
    if sorted(names) == ["d", "h"]:
        # Two sides are those of a round thing.
        letters["d"] = Keyword.DIAMETER
    return tuple(letters[name] if name in letters else _side_named(name) for name in names)


def _side_named(name: str) -> Keyword:
    """Return the side that a word names."""
    return next(iter(find_keywords(name)))


def _in_order(order: Sequence[Keyword], found: Sequence[FoundQuantity]) -> list[Keyword | None]:
    """Return the side of each quantity where an order lists those of its group, or of as many quantities."""
    if not order:
        return [None] * len(found)
    if any(f.group_size == len(order) for f in found):
        return [order[f.member] if f.group_size == len(order) else None for f in found]
    is_list = len(found) == len(order) and len({f.quantity.unit for f in found}) == 1
    if is_list and all(f.group_size == 1 and f.quantity.unit in LENGTH_UNITS for f in found):
        return list(order)
    return [None] * len(found)
