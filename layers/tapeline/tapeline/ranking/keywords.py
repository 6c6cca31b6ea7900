"""Keywords: what the words beside a number say about it, and for and against which entities they speak.

All vocabulary and all evidence of words is here, in two tables: the words of each keyword, and what each
keyword says of each entity.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from tapeline.quantities import FoundQuantity
from tapeline.reading.layout import gap_between, is_left_in_row
from tapeline.reading.scene import PlacedLine


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


# The keywords of some words; empty where none is said.
type Keywords = frozenset[Keyword]

# What words without a keyword say.
NO_KEYWORDS: Final[Keywords] = frozenset()

# After plain_text(). A lone letter counts only where it touches the number or stands in brackets.
_WORDS: Final[dict[Keyword, str]] = {
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
        r"|downrod|interior|diagonal|panel size|active area|bezel|cutting|grilling|belt|motor|drawer"
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
# Any of the words, each in a named group of its keyword.
_WORD: Final = re.compile(
    "|".join(rf"(?P<{key}>(?<![a-zß-ÿ])(?:{words})(?![a-zß-ÿ]))" for key, words in _WORDS.items())
)

# Words of several keywords, which count for each of them.
_AMBIGUOUS: Final[dict[str, Keywords]] = {
    "capacity": frozenset({Keyword.LOAD, Keyword.VOLUME}),
    "rated": frozenset({Keyword.LOAD, Keyword.POWER, Keyword.VOLTAGE}),
    "rating": frozenset({Keyword.LOAD, Keyword.POWER, Keyword.VOLTAGE}),
}

# What a lone letter says.
_LETTERS: Final = {
    "w": Keyword.WIDTH, "h": Keyword.HEIGHT, "d": Keyword.DEPTH, "l": Keyword.LENGTH,
    "t": Keyword.DEPTH, "ø": Keyword.DIAMETER,
}  # fmt: skip
# A lone letter before a number, as in ``W: 5 cm``.
_LETTER_BEFORE: Final = re.compile(r"(?<![a-zß-ÿ0-9])[(\[]?([whdltø])[ ]?[)\]]?[ ]?[:=.\-]?[ ]?$")
# A lone letter after a number, as in ``5 cm (W)``. A D in brackets is often read as a zero.
_LETTER_AFTER: Final = re.compile(
    r"[ ]?[.\-:/]?[ ]?[(\[]?((?<=[(\[])0(?=[)\]](?![a-zß-ÿ']))|[whdlt])[)\]]?(?![a-zß-ÿ'])"
)
# The sides of a group, as in ``L x W x H``.
_SIDES_IN_ORDER: Final = re.compile(
    r"(?<![a-zß-ÿ])(l|w|h|d|length|width|height|depth)[ ]?[x/][ ]?(l|w|h|d|length|width|height|depth)"
    r"(?:[ ]?[x/][ ]?(l|w|h|d|length|width|height|depth))?(?![a-zß-ÿ])"
)


class KeywordEvidence(NamedTuple):
    """What a keyword says of an entity.

    Attributes:
        polarity: 1 for it, -1 against it, 0 neither: the features ``words_for`` and ``words_against``.
        log_odds: Natural logarithm of the odds that the rules start from; see :mod:`tapeline.ranking.rules`.
    """

    polarity: int
    log_odds: float


# Log-odds chosen by hand: of the pictures with ground truth for sides in the training rows, 2 in 100 name the
# side with a word, too few to learn them from. The other entities' trees see enough words to learn the rest.
# Entity -> keyword -> what it says of the entity; a keyword that isn't listed says nothing.
EVIDENCE: Final[dict[str, dict[Keyword, KeywordEvidence]]] = {
    "width": {
        Keyword.WIDTH: KeywordEvidence(1, 4.0),
        Keyword.LENGTH: KeywordEvidence(0, -2.5),
        Keyword.DIAMETER: KeywordEvidence(0, 0.5),
        Keyword.HEIGHT: KeywordEvidence(-1, -4.0),
        Keyword.DEPTH: KeywordEvidence(-1, -4.0),
    },
    "height": {
        Keyword.HEIGHT: KeywordEvidence(1, 4.0),
        Keyword.LENGTH: KeywordEvidence(0, -3.0),
        Keyword.DIAMETER: KeywordEvidence(-1, -2.0),
        Keyword.WIDTH: KeywordEvidence(-1, -4.0),
        Keyword.DEPTH: KeywordEvidence(-1, -4.0),
    },
    "depth": {
        Keyword.DEPTH: KeywordEvidence(1, 4.0),
        Keyword.LENGTH: KeywordEvidence(0, -2.5),
        Keyword.DIAMETER: KeywordEvidence(0, 1.0),
        Keyword.WIDTH: KeywordEvidence(-1, -4.0),
        Keyword.HEIGHT: KeywordEvidence(-1, -4.0),
    },
    "item_weight": {
        Keyword.WEIGHT: KeywordEvidence(1, 1.5),
        Keyword.LOAD: KeywordEvidence(-1, -3.5),
        Keyword.SERVING: KeywordEvidence(-1, -3.5),
        Keyword.PACKAGE: KeywordEvidence(-1, -1.0),
    },
    "maximum_weight_recommendation": {
        Keyword.LOAD: KeywordEvidence(1, 2.0),
        Keyword.WEIGHT: KeywordEvidence(-1, -1.5),
        Keyword.SERVING: KeywordEvidence(-1, -3.5),
    },
    "item_volume": {
        Keyword.VOLUME: KeywordEvidence(1, 1.0),
        Keyword.SERVING: KeywordEvidence(-1, -3.0),
    },
    "voltage": {
        Keyword.VOLTAGE: KeywordEvidence(1, 0.5),
        Keyword.INPUT: KeywordEvidence(1, 0.5),
        Keyword.OUTPUT: KeywordEvidence(-1, -0.5),
    },
    "wattage": {
        Keyword.POWER: KeywordEvidence(1, 0.5),
        Keyword.OUTPUT: KeywordEvidence(-1, -0.5),
    },
}

# What says that a measure isn't the whole product's.
OF_ANOTHER_THING: Final[Keywords] = frozenset({Keyword.PART, Keyword.PACKAGE})

# What speaks for or against sides.
SIDE_KEYWORDS: Final[Keywords] = frozenset(EVIDENCE["width"])

# Words of a caption at most: longer lines are sentences. Chosen by hand.
_MAX_CAPTION_WORDS: Final = 6

# How far off a caption may stand, in letter heights, by the side that it is on. Chosen by hand.
_CAPTION_REACH: Final = {"left": 3.0, "above": 1.3, "below": 1.0, "right": 1.0}


class Caption(NamedTuple):
    """A short text line that has a keyword and no quantity."""

    line: PlacedLine
    keywords: Keywords


def find_keywords(plain: str) -> Keywords:
    """Return the keywords in a plain text."""
    said: set[Keyword] = set()
    for match in _WORD.finditer(plain):
        said |= _AMBIGUOUS.get(match[0], frozenset({Keyword(str(match.lastgroup))}))
    return frozenset(said)


def adjacent_keywords(line: PlacedLine) -> list[Keywords]:
    """Return, for each quantity of a line, the keywords next to it in that line.

    Words belong to the number after them where the line starts with a keyword, as in
    ``Width 5 cm Height 9 cm``, and else to the number before them, as in ``5 cm wide 9 cm high``. A
    number that only marks part from its neighbour, as in ``5 cm / 2 in wide``, shares its words. A line may
    list the sides of a group in their order, as in ``10 x 20 x 30 cm (L x W x H)``.
    """
    found, plain = line.quantities, line.plain
    if in_order := _sides_in_order(plain, found):
        return in_order
    ends = [0, *(f.end for f in found)]
    starts = [*(f.start for f in found), len(plain)]
    between = [plain[end:start] for end, start in zip(ends, starts, strict=True)]
    words = [find_keywords(text) for text in between]
    leading = bool(words[0]) or _LETTER_BEFORE.search(between[0]) is not None
    said = words[:-1] if leading else words[1:]
    if len(found) == 1:
        said = [words[0] | words[1]]
    said = [
        own | _letter(before, after) for own, (before, after) in zip(said, pairwise(between), strict=True)
    ]
    for index in range(1, len(said)) if leading else range(len(said) - 2, -1, -1):
        neighbour = index - 1 if leading else index + 1
        gap = between[max(index, neighbour)]
        if not said[index] and not any(char.isalpha() for char in gap):
            said[index] = said[neighbour]
    return said


def find_captions(lines: Iterable[PlacedLine]) -> list[Caption]:
    """Return the short lines that have a keyword and no quantity."""
    captions: list[Caption] = []
    for line in lines:
        if line.quantities or len(line.plain.split()) > _MAX_CAPTION_WORDS:
            continue
        letter = line.plain.strip(" ():.[]")
        said = frozenset({_LETTERS[letter]}) if letter in _LETTERS else find_keywords(line.plain)
        if said:
            captions.append(Caption(line, said))
    return captions


def caption_keywords(line: PlacedLine, captions: Iterable[Caption]) -> Keywords:
    """Return what the nearest caption says, if it is right beside a line."""
    nearest, keywords = float("inf"), NO_KEYWORDS
    for caption in captions:
        gap = gap_between(line, caption.line)
        if gap and gap[0] < min(_CAPTION_REACH[gap[1]], nearest):
            nearest, keywords = gap[0], caption.keywords
    return keywords


def table_row_keywords(line: PlacedLine, captions: Iterable[Caption]) -> Keywords:
    """Return what the captions left of a line in its row say, however far off, as in a table."""
    return NO_KEYWORDS.union(
        *(caption.keywords for caption in captions if is_left_in_row(caption.line, line))
    )


def polarities(keywords: Keywords, entity: str) -> tuple[bool, bool]:
    """Say whether any keyword speaks for an entity, and whether any speaks against it."""
    evidence = EVIDENCE[entity]
    said = {evidence[word].polarity for word in keywords if word in evidence}
    return 1 in said, -1 in said


def keyword_log_odds(keywords: Keywords, entity: str) -> float:
    """Return the log-odds that keywords add up to for an entity."""
    evidence = EVIDENCE[entity]
    return sum(evidence[word].log_odds for word in keywords if word in evidence)


def _letter(before: str, after: str) -> Keywords:
    """Return what a lone letter beside a number says: ``W: 5 cm``, ``5 cm (W)``, ``5"W``."""
    match = _LETTER_AFTER.match(after) or _LETTER_BEFORE.search(before)
    return frozenset({_LETTERS[match[1].replace("0", "d")]}) if match else NO_KEYWORDS


def _sides_in_order(plain: str, found: Sequence[FoundQuantity]) -> list[Keywords]:
    """Return the sides of a group that its line lists, as in ``(L x W x H)``; empty where it doesn't."""
    match = _SIDES_IN_ORDER.search(plain)
    if match is None or not any(f.group_size > 1 for f in found):
        return []
    sides = [_LETTERS[side[0]] for side in match.groups() if side]
    return [frozenset({sides[f.member]}) if f.group_size == len(sides) else NO_KEYWORDS for f in found]
