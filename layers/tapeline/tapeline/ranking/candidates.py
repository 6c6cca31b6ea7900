"""Candidates: the quantities in a picture that could answer an entity, each with plain evidence.

Nothing is decided here. A candidate says what is printed, where, which way it runs, and which words
stand next to it; :mod:`tapeline.ranking.choosing` weighs that.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final, Literal

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import ErrorCode, RowError
from tapeline.picture import Box, TextLine
from tapeline.quantities import (
    LENGTH_UNITS,
    FoundQuantity,
    Quantity,
    RangeBound,
    announced_unit,
    find_quantities,
    plain_text,
    size,
)

type Direction = Literal["across", "up", "oblique"]
"""Which way a line's text runs: from left to right, up or down, or in between."""


class Keyword(StrEnum):
    """What a word next to a number says about it."""

    WIDTH = "width"
    HEIGHT = "height"
    DEPTH = "depth"
    LENGTH = "length"
    DIAMETER = "diameter"
    WEIGHT = "weight"
    LOAD = "load"
    VOLUME = "volume"
    POWER = "power"
    VOLTAGE = "voltage"
    INPUT = "input"
    OUTPUT = "output"
    PACKAGE = "package"
    SERVING = "serving"
    PART = "part"


# After plain_text(). A lone letter counts only where it touches the number or stands in brackets.
_KEYWORDS: Final[dict[Keyword, str]] = {
    Keyword.WIDTH: r"width|wide|breadth|breite|breit|largeur|ancho|幅|宽",
    Keyword.HEIGHT: r"height|hight|high|tall|hoogte|höhe|hoch|hauteur|alto|高さ?",
    Keyword.DEPTH: r"depth|deep|thick(?:ness)?|tiefe?|dicke?|profondeur|奥行き?",
    Keyword.LENGTH: r"length|lenght|long|länge|longueur|largo|长",
    Keyword.DIAMETER: r"diam(?:eter)?|dia|ø",
    Keyword.WEIGHT: (r"net ?(?:wt|weight)|netto|net|weights?|weighs?|wt|n\.? ?w|poids|peso|gewicht"),
    Keyword.LOAD: (
        r"loads?|load[- ]?bearing|bear(?:s|ing)?|capacity|holds?|supports?|supporting|withstand|carry|up to"
        r"|limit|rated|rating|max(?:imum)?|lifting"
    ),
    Keyword.VOLUME: r"capacity|volume|vol|contents?|cont|content",
    Keyword.POWER: r"power|wattage|watts|rated|consumption|leistung|puissance",
    Keyword.VOLTAGE: r"voltage|volts?|battery|rating|rated|spannung",
    Keyword.INPUT: r"input|in put|entrada|entrée",
    Keyword.OUTPUT: r"output|out put|charg(?:er|ing)|adapter|salida|sortie",
    Keyword.PACKAGE: r"package|packing|carton|shipping|gross|g\.? ?w|box",
    # A part, another state of the product, or someone who uses it.
    Keyword.PART: (
        r"models?|riders?|users?|dogs?|cats?|pets?|wrist|chain|cable|cord|strap|wheels?|seat|legs?|shelf"
        r"|handles?|folded|folding|stretched|inner|inside|internal|inseam|screen|display|phone|mattress|travel"
        r"|base|arm|each|blade|running area|work ?table|(?:cooking )?plate|steel frame|chest|waist"
        r"|lens|temple|headboard|footboard|backrest|back|shoulders?|stroke|t[iy]res?|pendant|extender"
        r"|downrod|interior|diagonal|panel size|active area|bezel|cutting|grilling|belt|cord|motor|drawer"
        r"|child(?:ren)?|bab(?:y|ies)|newborns?|(?:tempered )?glass|suitable|fits?|compatible|similar models"
        r"|laptops?|notebooks?|tablets?|monitors?|tv|lcd|tft|hose|rope|wire|tube|pipe|pole|nozzle|lid|pockets?"
        r"|screws?|bolts?|holes?|threads?|needles?|hooks?|connector|adhesive|extension|spacing|distance"
        r"|fold|shrink(?:age)?|retract(?:ed)?|collapsed|handlebars?|baking"
    ),
    Keyword.SERVING: (
        r"protein|sugars?|sucres|carbs?|carbohydrates?|fats?|lipides|satur(?:ated|és)|trans|cholesterol"
        r"|fib(?:er|re)|sodium|caffeine|calories|per serving|servings?|electrolytes|vitamin|bcaas?"
        r"|glutamine|collagen|per tablet|dose"
    ),
}
_KEYWORD: Final = re.compile(
    "|".join(rf"(?P<{key}>(?<![a-zß-ÿ])(?:{words})(?![a-zß-ÿ]))" for key, words in _KEYWORDS.items())
)
_SEVERAL: Final[dict[str, frozenset[Keyword]]] = {
    "capacity": frozenset({Keyword.LOAD, Keyword.VOLUME}),
    "rated": frozenset({Keyword.LOAD, Keyword.POWER, Keyword.VOLTAGE}),
    "rating": frozenset({Keyword.LOAD, Keyword.POWER, Keyword.VOLTAGE}),
}
_LETTERS: Final = {
    "w": Keyword.WIDTH, "h": Keyword.HEIGHT, "d": Keyword.DEPTH, "l": Keyword.LENGTH,
    "t": Keyword.DEPTH, "ø": Keyword.DIAMETER,
}  # fmt: skip
_LETTER_BEFORE: Final = re.compile(r"(?<![a-zß-ÿ0-9])[(\[]?([whdltø])[ ]?[)\]]?[ ]?[:=.\-]?[ ]?$")
# A D in brackets is often read as a zero.
_LETTER_AFTER: Final = re.compile(
    r"[ ]?[.\-:/]?[ ]?[(\[]?((?<=[(\[])0(?=[)\]](?![a-zß-ÿ']))|[whdlt])[)\]]?(?![a-zß-ÿ'])"
)
_SIDES_IN_ORDER: Final = re.compile(
    r"(?<![a-zß-ÿ])(l|w|h|d|length|width|height|depth)[ ]?[x/][ ]?(l|w|h|d|length|width|height|depth)"
    r"(?:[ ]?[x/][ ]?(l|w|h|d|length|width|height|depth))?(?![a-zß-ÿ])"
)
_BARE_NUMBER: Final = re.compile(r"[^a-z0-9]{0,2}[0-9][0-9., /\-]{0,9}[¼½¾⅛⅜⅝⅞]?[ ]?")
_BARE_NUMBERS: Final = re.compile(
    r"[^a-z0-9]{0,2}[0-9][0-9., /]{0,9}[¼½¾⅛⅜⅝⅞]?(?:[ ]?[x*-][ ]?[0-9][0-9.,]{0,7}){0,2}[ ]?"
)
_FOR_ALL: Final = re.compile(r"(?<![a-z])units?[ ]?[:=]|^[ ]?[(\[][a-z\" ]{1,12}[)\]][ ]?$")
_LEADING_UNIT: Final = re.compile(r"[(\[]?[a-zµ.\"' ]{1,14}(?![a-z])")
_WEIGHED: Final = re.compile(r"(?<![a-z])(?:net ?)?(?:wt|weights?|weighs?|peso|poids|gewicht)(?![a-z])")
_METRIC_WEIGHTS: Final = frozenset({"gram", "kilogram"})
_SAME_WEIGHT: Final = 0.06
# By what part grams may differ from the ounces printed beside them: 25 g for 0.9 oz. A fluid ounce of water
# weighs 29.6 g, 4 % more, so that nothing closer could tell them apart.
_MAX_LABEL_WORDS: Final = 6
_UNIT_REACH: Final = {"right": 1.2, "below": 0.8}
# How far off the unit of a number may stand, in letter heights.
_REACH: Final = {"left": 3.0, "above": 1.3, "below": 1.0, "right": 1.0}
# How far off a label may stand, in letter heights.


@dataclass(frozen=True, slots=True)
class Candidate:
    """A quantity in a picture that could answer an entity.

    Attributes:
        entity: The entity's name.
        quantity: In one of that entity's units.
        text: The whole line that it was read from.
        box: That line's corners, in pixels of the original picture.
        score: The reader's confidence in that line, 0 to 1.
        keywords: What the words next to it in its own line say.
        label: What the nearest line without any quantity says, if it stands right beside it.
        row: What the lines further left in its row say, as in a table.
        direction: Which way the line runs.
        x: The line's centre from the left, as a part of the picture's width.
        y: The line's centre from the top, as a part of the picture's height.
        size: The height of its letters, as a part of the picture's height.
        range_bound: The end of the range that it is; None where it isn't one of a range.
        member: Place within an ``A x B x C`` group, from 0.
        group_size: Members of that group; 1 where there is none.
        order: Place among the picture's quantities in reading order, from 0.
    """

    entity: str
    quantity: Quantity
    text: str
    box: Box
    score: float
    keywords: frozenset[Keyword]
    label: frozenset[Keyword]
    row: frozenset[Keyword]
    direction: Direction
    x: float
    y: float
    size: float
    range_bound: RangeBound | None
    member: int
    group_size: int
    order: int


@dataclass(frozen=True, slots=True)
class _Placed:
    """A text line with its geometry, in pixels of the original picture."""

    line: TextLine
    plain: str
    found: tuple[FoundQuantity, ...]
    left: float
    top: float
    right: float
    bottom: float
    direction: Direction
    letter: float

    @property
    def x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        return (self.top + self.bottom) / 2


def _direction(box: Box) -> Direction:
    """Return which way the text in a box runs."""
    (ax, ay), (bx, by) = box[0], box[1]
    angle = math.degrees(math.atan2(abs(by - ay), abs(bx - ax)))
    if angle < 12:
        return "across"
    return "up" if angle > 65 else "oblique"


def _place(line: TextLine) -> _Placed:
    """Return a line with its geometry and its quantities."""
    xs, ys = [x for x, _ in line.box], [y for _, y in line.box]
    return _Placed(
        line=line,
        plain=plain_text(line.text),
        found=tuple(find_quantities(line.text)),
        left=min(xs), top=min(ys), right=max(xs), bottom=max(ys),
        direction=_direction(line.box),
        letter=max(math.dist(line.box[0], line.box[3]), 1.0),
    )  # fmt: skip


def _overlap(a_low: float, a_high: float, b_low: float, b_high: float) -> float:
    """Return by how much two spans overlap, as a part of the shorter; negative where they don't."""
    return (min(a_high, b_high) - max(a_low, b_low)) / max(min(a_high - a_low, b_high - b_low), 1.0)


def _gap(a: _Placed, b: _Placed) -> tuple[float, str] | None:
    """Return the gap from ``a`` to its neighbour ``b`` in letter heights and the side it is on.

    None where they aren't neighbours: in no common row or column.
    """
    letter = max(a.letter, b.letter) if a.direction == b.direction else a.letter
    if _overlap(a.top, a.bottom, b.top, b.bottom) > 0.5:
        if b.x < a.x:
            return max(a.left - b.right, 0.0) / letter, "left"
        return max(b.left - a.right, 0.0) / letter, "right"
    if _overlap(a.left, a.right, b.left, b.right) > 0.3:
        if b.y < a.y:
            return max(a.top - b.bottom, 0.0) / letter, "above"
        return max(b.top - a.bottom, 0.0) / letter, "below"
    return None


_MISREAD_INCHES: Final = re.compile(
    r"(?:[a-z ]{0,12}(?:width|height|depth|length)[: ]{0,2})?[0-9]{1,3}(?:[.][0-9]{1,2})?[°º]", re.IGNORECASE
)
_INCHES: Final = re.compile(r"[0-9][\"″”]")
_ANGLES: Final = frozenset({"30", "45", "60", "90", "120", "135", "180", "270", "360"})


def _mend_inches(lines: Sequence[TextLine]) -> list[TextLine]:
    """Read degrees as inches where a number stands alone and another in the picture has an inch mark."""
    if not any(_INCHES.search(line.text) for line in lines):
        return list(lines)
    return [
        replace(line, text=f'{text[:-1]}"')
        if _MISREAD_INCHES.fullmatch(text := line.text.strip()) and text[:-1].split()[-1] not in _ANGLES
        else line
        for line in lines
    ]


_LIST_LETTER: Final = re.compile(r"[a-h][.)][ ]?[0-9]")
_FEWEST_LISTED: Final = 3


def _without_list_letters(placed: Sequence[_Placed]) -> list[_Placed]:
    """Blank the letters of a list, as in ``A.46cm``, ``B.51cm`` ... ``D.61cm``, which name no side."""
    listed = {line.plain[0] for line in placed if _LIST_LETTER.match(line.plain)}
    if len(listed) < _FEWEST_LISTED:
        return list(placed)
    return [
        replace(line, plain=f"  {line.plain[2:]}") if _LIST_LETTER.match(line.plain) else line
        for line in placed
    ]


def _join_split(placed: Sequence[_Placed]) -> list[_Placed]:
    """Put a number that stands alone together with the unit in the line right of it or below it."""
    units = [line for line in placed if not line.found and _LEADING_UNIT.match(line.plain)]
    used: set[int] = set()
    joined: dict[int, _Placed] = {}
    for number in placed:
        if number.found or not _BARE_NUMBER.fullmatch(number.plain):
            continue
        nearest = math.inf
        for unit in units:
            gap = _gap(number, unit) if id(unit) not in used else None
            if gap is None or gap[1] not in _UNIT_REACH or gap[0] >= min(_UNIT_REACH[gap[1]], nearest):
                continue
            text = f"{number.line.text.strip()} {unit.line.text.strip()}"
            both = _place(replace(number.line, text=text, score=min(number.line.score, unit.line.score)))
            if both.found and both.found[0].start < len(number.line.text.strip()):
                nearest, joined[id(number)], partner = gap[0], both, unit
        if nearest < math.inf:
            used.add(id(partner))
    lines = [joined.get(id(line), line) for line in placed if id(line) not in used]
    return [_with_announced_unit(line, lines) for line in lines]


def _with_announced_unit(number: _Placed, lines: Sequence[_Placed]) -> _Placed:
    """Give bare numbers the unit that stands left of them in their row, or once for the whole picture.

    The row is that of a table, as in ``Weight (kg) | 5`` and ``Weight | lbs | 526.9``. For the whole picture
    a unit counts after the word unit or in brackets, and where it is a length: ``Unit: cm``, ``(inch)``.
    """
    if number.found or not _BARE_NUMBERS.fullmatch(number.plain):
        return number
    left = [
        line
        for line in lines
        if line is not number
        and line.right <= number.left + number.letter
        and _overlap(line.top, line.bottom, number.top, number.bottom) > 0.5
    ]
    unit = announced_unit(max(left, key=lambda line: line.right).line.text) if left else None
    if unit is None:
        marks = (announced_unit(line.line.text) for line in lines if _FOR_ALL.search(line.plain))
        unit = next((mark for mark in marks if mark in LENGTH_UNITS), None)
    if unit is None:
        return number
    joined = _place(replace(number.line, text=f"{number.line.text.strip()} {unit}"))
    return joined if joined.found else number


def _words(text: str) -> frozenset[Keyword]:
    """Return what the keywords in a plain text say."""
    said: set[Keyword] = set()
    for match in _KEYWORD.finditer(text):
        said |= _SEVERAL.get(match[0], frozenset({Keyword(str(match.lastgroup))}))
    return frozenset(said)


def _said_beside(placed: _Placed) -> list[frozenset[Keyword]]:
    """Return, for each quantity of a line, what the words next to it say.

    Words belong to the number after them where the line starts with a keyword, as in
    ``Width 5 cm Height 9 cm``, and else to the number before them, as in ``5 cm wide 9 cm high``. A
    number that only marks part from its neighbour, as in ``5 cm / 2 in wide``, shares its words.
    """
    found, plain = placed.found, placed.plain
    if in_order := _sides_in_order(plain, found):
        return in_order
    ends = [0, *(f.end for f in found)]
    starts = [*(f.start for f in found), len(plain)]
    between = [plain[end:start] for end, start in zip(ends, starts, strict=True)]
    words = [_words(text) for text in between]
    leading = bool(words[0]) or _LETTER_BEFORE.search(between[0]) is not None
    said = words[:-1] if leading else words[1:]
    if len(found) == 1:
        said = [words[0] | words[1]]
    said = [
        own | _letter(before, after) for own, (before, after) in zip(said, pairwise(between), strict=True)
    ]
    for place in range(1, len(said)) if leading else range(len(said) - 2, -1, -1):
        neighbour = place - 1 if leading else place + 1
        gap = between[max(place, neighbour)]
        if not said[place] and not any(char.isalpha() for char in gap):
            said[place] = said[neighbour]
    return said


def _letter(before: str, after: str) -> frozenset[Keyword]:
    """Return what a lone letter beside a number says: ``W: 5 cm``, ``5 cm (W)``, ``5"W``."""
    match = _LETTER_AFTER.match(after) or _LETTER_BEFORE.search(before)
    return frozenset({_LETTERS[match[1].replace("0", "d")]}) if match else frozenset()


def _sides_in_order(plain: str, found: Sequence[FoundQuantity]) -> list[frozenset[Keyword]]:
    """Return the sides of a group that its line lists, as in ``(L x W x H)``; empty where it doesn't."""
    match = _SIDES_IN_ORDER.search(plain)
    if match is None or not any(f.group_size > 1 for f in found):
        return []
    sides = [_LETTERS[side[0]] for side in match.groups() if side]
    return [frozenset({sides[f.member]}) if f.group_size == len(sides) else frozenset() for f in found]


def _labels(placed: Sequence[_Placed]) -> list[tuple[_Placed, frozenset[Keyword]]]:
    """Return the short lines that have a keyword and no quantity, with what they say."""
    labels: list[tuple[_Placed, frozenset[Keyword]]] = []
    for line in placed:
        if line.found or len(line.plain.split()) > _MAX_LABEL_WORDS:
            continue
        letter = line.plain.strip(" ():.[]")
        said = frozenset({_LETTERS[letter]}) if letter in _LETTERS else _words(line.plain)
        if said:
            labels.append((line, said))
    return labels


def _label(line: _Placed, labels: Sequence[tuple[_Placed, frozenset[Keyword]]]) -> frozenset[Keyword]:
    """Return what the nearest label says, if it is right beside this line."""
    nearest, words = math.inf, frozenset[Keyword]()
    for other, said in labels:
        gap = _gap(line, other)
        if gap and gap[0] < min(_REACH[gap[1]], nearest):
            nearest, words = gap[0], said
    return words


def _row(line: _Placed, labels: Sequence[tuple[_Placed, frozenset[Keyword]]]) -> frozenset[Keyword]:
    """Return what the labels to the left say, however far off."""
    left = [
        said
        for other, said in labels
        if other.right <= line.left + line.letter
        and _overlap(line.top, line.bottom, other.top, other.bottom) > 0.5
    ]
    return frozenset[Keyword]().union(*left)


def _for_entity(found: FoundQuantity, entity: str, line: _Placed) -> Quantity | None:
    """Return a quantity in an entity's units; None where it has none of them."""
    quantity = found.quantity
    if entity == "item_volume" and quantity.unit == "ounce":
        return None if _is_weighed(quantity, line) else Quantity(quantity.value, "fluid ounce")
    return quantity if quantity.unit in UNITS_BY_ENTITY[entity] else None


def _is_weighed(ounces: Quantity, line: _Placed) -> bool:
    """Say whether ounces are a weight's: their line says so, or gives them in grams too."""
    if _WEIGHED.search(line.plain):
        return True
    weight = size(ounces)
    grams = [size(f.quantity) for f in line.found if f.quantity.unit in _METRIC_WEIGHTS]
    return any(abs(other - weight) <= _SAME_WEIGHT * weight for other in grams)


def find_candidates(lines: Sequence[TextLine], entity: str, *, width: int, height: int) -> list[Candidate]:
    """Find what could answer an entity in the text of one picture.

    A number and its unit in two neighbouring lines count as one. A plain ``oz`` counts as fluid ounces
    for ``item_volume``.

    Args:
        lines: The picture's text, in any order.
        entity: The name of an entity, one of :data:`~tapeline.entities.UNITS_BY_ENTITY`.
        width: The original picture's width in pixels.
        height: The original picture's height in pixels.

    Returns:
        The candidates in reading order: rows from the top, each from the left.

    Raises:
        RowError: With ``unknown_entity``, where the entity isn't one of those that can be asked for.
    """
    if entity not in UNITS_BY_ENTITY:
        raise RowError(
            ErrorCode.UNKNOWN_ENTITY,
            f"expected one of {', '.join(UNITS_BY_ENTITY)}, received {entity[:80]!r}",
        )
    placed = _join_split(_without_list_letters([_place(line) for line in _mend_inches(lines)]))
    placed.sort(key=lambda line: (line.y, line.x))
    labels = _labels(placed)
    candidates: list[Candidate] = []
    order = 0
    for line in placed:
        if not line.found:
            continue
        label, row = _label(line, labels), _row(line, labels)
        for found, said in zip(line.found, _said_beside(line), strict=True):
            quantity = _for_entity(found, entity, line)
            if quantity is not None:
                candidates.append(
                    Candidate(
                        entity=entity,
                        quantity=quantity,
                        text=line.line.text,
                        box=line.line.box,
                        score=line.line.score,
                        keywords=said,
                        label=label,
                        row=row,
                        direction=line.direction,
                        x=line.x / max(width, 1),
                        y=line.y / max(height, 1),
                        size=line.letter / max(height, 1),
                        range_bound=found.range_bound,
                        member=found.member,
                        group_size=found.group_size,
                        order=order,
                    )
                )
            order += 1
    return candidates
