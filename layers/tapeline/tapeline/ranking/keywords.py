"""Keywords: what words say about a number, and for and against which entities that speaks.

All vocabulary and all evidence of words is here, in two tables: the words of each keyword, and what each
keyword says of each entity. :mod:`tapeline.ranking.words_beside` finds which words belong to which number.
"""

import re
from enum import StrEnum
from typing import Final


class Keyword(StrEnum):
    """What a word next to a number says about it."""

    WIDTH = "width"
    HEIGHT = "height"
    # From front to back, or through a thin thing.
    DEPTH = "depth"
    LENGTH = "length"
    DIAMETER = "diameter"
    # The product's own weight, without its package and what it carries.
    NET = "net"
    WEIGHT = "weight"
    LOAD = "load"
    VOLUME = "volume"
    POWER = "power"
    VOLTAGE = "voltage"
    INPUT = "input"
    OUTPUT = "output"
    PACKAGE = "package"
    SERVING = "serving"
    # The product as a whole, ready for use.
    WHOLE = "whole"
    # A part or an accessory of the product.
    COMPONENT = "component"
    # Someone who uses or wears the product.
    PERSON = "person"
    # Another state of the product, such as folded.
    STATE = "state"
    # The way around the product, or around a part of it.
    PERIMETER = "perimeter"
    # What the product fits or is compared with, or how far off it stands.
    SUITED = "suited"
    INNER = "inner"


# The keywords of some words; empty where none is said.
type Keywords = frozenset[Keyword]

# What words without a keyword say.
NO_KEYWORDS: Final[Keywords] = frozenset()

# What follows a side's name in Chinese and Japanese: nothing else, or its number. In the middle of a
# sentence the characters mean all sorts of things.
_CJK_END: Final = r"(?=[ ]?[:=<>~/]?[ ]?約?[ ]?(?:[0-9ø]|$))"

# After plain_text(). Chosen by hand: what the training rows' pictures print, how OCR misreads it, and the
# words of other languages for the same. A lone letter counts only where it touches the number or stands in
# brackets; :mod:`tapeline.ranking.words_beside` reads it.
_WORDS: Final[dict[Keyword, str]] = {
    Keyword.WIDTH: (
        r"width|widt|widht|witdh|breadth|breite?|largeur|ancho|anchura|larghezza|largura|breedte"
        r"|szerokość|szerokosc|genişlik|너비|가로|폭"
        r"|wide(?![- ]?(?:range|angle|screen|view|voltage|compat))"
        rf"|(?:幅|[宽寬]度?){_CJK_END}"
    ),
    Keyword.HEIGHT: (
        r"height|heigh|hight|heigth|hieght|tall|höhe|hohee?(?! trag)|hoehe|hoch|hauteur|alto|altura"
        r"|altezza|hoogte|hoog|wysokość|wysokosc|yükseklik|높이|ارتفاع"
        r"|high(?![- ]?(?:power|quality|defin|speed|perform|end|capacity|res|dens|strength|temp|grade|press"
        r"|effic|precis|carbon|bright|light|impact|elastic|protein))"
        rf"|高[さ度]?{_CJK_END}"
    ),
    Keyword.DEPTH: (
        r"depth|depht|tiefe?|profondeur|profundidade?|profondità|profondita|diepte|głębokość|glebokosc"
        r"|derinlik|깊이|thick(?:n?e{1,2}s{1,2})?|thikness|thin(?:ness)?|dicke?|stärke|épaisseur|epaisseur"
        r"|espesor|grosor|espessura|spessore|dikte|grubość|grubosc|kal\u0131nl\u0131k|두께"
        r"|deep(?![- ]?(?:clean|sleep|bass|tissue|moistur))"
        rf"|(?:奥行き?|深[さ度]?|厚[さみ度]?){_CJK_END}"
    ),
    Keyword.LENGTH: (
        r"length|lenght|lengh|lenth|longth|länge|laenge|lange?|longueur|longitud|largo|lengte|lunghezza"
        r"|comprimento|długość|dlugosc|uzunluk|길이|세로"
        r"|long(?![- ]?(?:lasting|life|term|range|time|standby|press|sleeve|distance|service))"
        rf"|[長长][さ度]?{_CJK_END}"
    ),
    Keyword.DIAMETER: (
        r"di[aáâ](?:m(?:[eè]t(?:er|re|r[oi])s?|tr[eo])?)?|dianeter|durchmesser|średnica|çap"
        r"|calib(?:er|re)|round|지름|[io]\.?d\.?(?=[ ]?[:=ø])"
        rf"|(?:直?径|直徑){_CJK_END}"
    ),
    Keyword.NET: (
        r"net(?:to)?(?: ?(?:wt|w[eo]?[il1]g?h?t))?|n\.? ?w|(?:product|item|self|own)(?=[ -]?we[il1]gh)"
        r"|poids net|peso net[ot]o?|nettogewicht"
    ),
    Keyword.WEIGHT: r"we[il1]ghts?|weighs?|weighing|wt|poids|peso|gewicht",
    Keyword.LOAD: (
        r"loads?|load[- ]?bearing|bear(?:s|ing)?|capacity|holds?|supports?|supporting|withstand|carry|up to"
        r"|limit|rated|rating|max(?:imum)?|lifting|more than|less than|capable of"
    ),
    Keyword.VOLUME: r"volume|vol|contents?|cont",
    Keyword.POWER: r"power|wattage|watts|consumption|leistung|puissance",
    Keyword.VOLTAGE: r"voltage|volts?|battery|spannung",
    Keyword.INPUT: r"input|in put|entrada|entrée",
    Keyword.OUTPUT: r"output|out put|charg(?:er|ing)|adapter|salida|sortie",
    Keyword.PACKAGE: (
        r"package|packing|carton|ship(?:ping|ment)?(?! box)|gross|g\.? ?w"
        r"|(?:(?:inner|outer|colou?r|gift) )?box(?=[ ]?:| (?:size|dimensions?|weight))"
    ),
    Keyword.SERVING: (
        r"protein|sugars?|sucres|carbs?|carbohydrates?|fats?|lipides|satur(?:ated|és)|trans|cholesterol"
        r"|fib(?:er|re)|sodium|caffeine|calories|per serving|servings?|electrolytes|vitamin|bcaas?"
        r"|glutamine|collagen|per tablet|dose"
    ),
    Keyword.WHOLE: (
        r"overall|total|assembled|unfold(?:ed)?|expanded|finished|outside|external|in use"
        r"|(?:open|full|item|product|outer)(?= (?:size|dimensions?|width|height|depth|length))"
        r"|本体|全(?=[長长高幅])"
    ),
    Keyword.COMPONENT: (
        r"chain|cable|cord|straps?|wheels?|seat|crochet|legs?|shelf|shelves|handles?|griff|screen|display|base|bottom"
        r"|arms?|each|blades?|running area|work ?table|table ?top|desk ?top|(?:baking |cooking )?plate|baking"
        r"|steel frame|lens|temple|headboard|footboard|backrest|back|t[iy]res?|pendant|downrod|panel size"
        r"|active area|bezel|cutting|grilling|belt|motor|drawers?|tempered glass|laptops?|notebooks?|tablets?"
        r"|monitors?|tv|lcd|tft|hose|rope|wire|tube|pipe|poles?|nozzle|lid|pockets?|screws?|bolts?|holes?"
        r"|threads?|needles?|hooks?|connector|adhesive|extension|extender|handlebars?|mounting|plug|jack"
        r"|speakers?|straw|stones?|clasp|bracket|opening|mouth|tray|wall thickness|stroke|travel"
    ),
    Keyword.PERSON: (
        r"models?|riders?|users?|wearer|adults?|persons?|people|dogs?|cats?|pets?|wrist|waist|chest|bust|hips?"
        r"|inseam|shoulders?|body(?= (?:weight|wt))|child(?:ren)?|kids?|toddlers?|bab(?:y|ies)|newborns?"
    ),
    Keyword.STATE: (
        r"fold(?:ed|ing)?|stretch(?:ed)?|retract(?:ed|s)?|shrink(?:age)?|collapsed|compressed|closed"
        r"|stor(?:age|ed)(?= (?:size|dimensions?))"
    ),
    Keyword.PERIMETER: r"circumference|perimeter|girth|umfang|diagonal",
    Keyword.SUITED: (
        r"suitable|suits?|fits?|compatible|compatibility|recommended|compared|similar models|phone|mattress"
        r"|spacing|distance|i ?pad|iphone|macbook|kindle"
    ),
    Keyword.INNER: r"inner|inside|internal|interior|usable",
}
# Any of the words, each in a named group of its keyword.
_WORD: Final = re.compile(
    "(?<![a-zß-ÿ])(?:"
    + "|".join(rf"(?P<{key}>{words})" for key, words in _WORDS.items())
    + r")(?![a-zß-ÿ])|ø(?=[ :=.]{0,2}[0-9]|[ ]?$)"
)

# Words of several keywords, which count for each of them.
_AMBIGUOUS: Final[dict[str, Keywords]] = {
    "capacity": frozenset({Keyword.LOAD, Keyword.VOLUME}),
    "rated": frozenset({Keyword.LOAD, Keyword.POWER, Keyword.VOLTAGE}),
    "rating": frozenset({Keyword.LOAD, Keyword.POWER, Keyword.VOLTAGE}),
    "ø": frozenset({Keyword.DIAMETER}),
    **dict.fromkeys(("id", "i.d", "i.d."), frozenset({Keyword.DIAMETER, Keyword.INNER})),
}


# Entity -> the keywords that speak for it: the features ``words_for``.
WORDS_FOR: Final[dict[str, Keywords]] = {
    "width": frozenset({Keyword.WIDTH}),
    "height": frozenset({Keyword.HEIGHT}),
    "depth": frozenset({Keyword.DEPTH}),
    "item_weight": frozenset({Keyword.WEIGHT}),
    "maximum_weight_recommendation": frozenset({Keyword.LOAD}),
    "item_volume": frozenset({Keyword.VOLUME}),
    "voltage": frozenset({Keyword.VOLTAGE, Keyword.INPUT}),
    "wattage": frozenset({Keyword.POWER}),
}

# Entity -> the keywords that speak against it: the features ``words_against``.
WORDS_AGAINST: Final[dict[str, Keywords]] = {
    "width": frozenset({Keyword.HEIGHT, Keyword.DEPTH}),
    "height": frozenset({Keyword.WIDTH, Keyword.DEPTH, Keyword.DIAMETER}),
    "depth": frozenset({Keyword.WIDTH, Keyword.HEIGHT}),
    "item_weight": frozenset({Keyword.LOAD, Keyword.SERVING, Keyword.PACKAGE, Keyword.PERSON}),
    "maximum_weight_recommendation": frozenset({Keyword.WEIGHT, Keyword.SERVING}),
    "item_volume": frozenset({Keyword.SERVING}),
    "voltage": frozenset({Keyword.OUTPUT}),
    "wattage": frozenset({Keyword.OUTPUT}),
}

# What says that a measure isn't the whole product's.
OF_ANOTHER_THING: Final[Keywords] = frozenset(
    {
        Keyword.PACKAGE, Keyword.COMPONENT, Keyword.PERSON, Keyword.STATE, Keyword.PERIMETER, Keyword.SUITED,
        Keyword.INNER,
    }
)  # fmt: skip

# What names a side, or one of two sides.
SIDE_KEYWORDS: Final[Keywords] = frozenset(
    {Keyword.WIDTH, Keyword.HEIGHT, Keyword.DEPTH, Keyword.LENGTH, Keyword.DIAMETER}
)


def find_keywords(plain: str) -> Keywords:
    """Return the keywords in a plain text."""
    if plain.isascii() and not plain.islower():
        # No letter.
        return NO_KEYWORDS
    said: set[Keyword] = set()
    for match in _WORD.finditer(plain):
        said |= _AMBIGUOUS.get(match[0]) or {Keyword(str(match.lastgroup))}
    # A net weight is a weight.
    if Keyword.NET in said:
        said.add(Keyword.WEIGHT)
    return frozenset(said)


def is_of_another_thing(said: Keywords) -> bool:
    """Say whether words make a number a size of something else than the whole product.

    In a measure's own line such a word rules it out as a side. Measured on the training rows: of 22 measures
    with such a word in the rows read by eye, 2 are a side (of all measures there 78 in 100): component 1 of
    13, inner 1 of 4, suited 0 of 5. In the votes 2 of 5. Package, person, state and perimeter stand in no row
    read by eye; of 66 lines with any of these words in pictures of the other training rows, read one by one,
    4 give the product's own size (``54" 4 Blade Fan``). In a caption such a word decides less: 2 of 7 are a
    side, and 1 of 6 in the votes.

    Args:
        said: What words say about the number.
    """
    return Keyword.WHOLE not in said and not said.isdisjoint(OF_ANOTHER_THING)


def polarities(keywords: Keywords, entity: str) -> tuple[bool, bool]:
    """Say whether any keyword speaks for an entity, and whether any speaks against it."""
    return not keywords.isdisjoint(WORDS_FOR[entity]), not keywords.isdisjoint(WORDS_AGAINST[entity])
