"""Rules: the log-odds that words, order, lines and usual sizes alone give each measure.

The trees start from them. Nine in ten pictures with known sides have lines in place of words, so that trees
can't learn from them what ``Height: 30 cm`` or ``24 x 18 x 17 in (LxWxH)`` mean.

All constants here are chosen by hand, unless their comment says what they were measured on. Log-odds are
natural logarithms.
"""

from typing import Final

import numpy as np

from tapeline.entities import SIDES
from tapeline.picture import FloatArray
from tapeline.ranking.features import OWN_DIRECTION, MeasureSet
from tapeline.ranking.keywords import (
    EVIDENCE,
    NO_KEYWORDS,
    OF_ANOTHER_THING,
    Keyword,
    Keywords,
    keyword_log_odds,
)
from tapeline.ranking.line_evidence import lines_contradict
from tapeline.ranking.measures import Measure
from tapeline.ranking.priors import Priors
from tapeline.reading.scene import DIRECTIONS, Scene

# Which side each member of an ``A x B (x C)`` group usually is, where no word says so. Chosen by hand.
SIDES_IN_ORDER: Final[dict[int, tuple[str, ...]]] = {2: ("width", "height"), 3: ("width", "depth", "height")}

# Minimum number of text lines of a text-heavy picture, whose lengths are mostly those of other things.
TEXT_HEAVY_LINES: Final = 8

# Log-odds of a measure that is said to be a part's or the package's.
_OF_ANOTHER_THING: Final = -1.5

# Log-odds of a measure without the side's word, where another measure has it.
_NAMED_ELSEWHERE: Final = -2.5

# Log-odds for the side that a group's order gives a measure, and against the others.
_ORDER: Final = 2.5

# The same where the sizes also stand on lines, which are more reliable.
_ORDER_IF_DRAWN: Final = 1.0

# Log-odds for depth of what is called length, where another measure is called width.
_LENGTH_BESIDE_WIDTH: Final = 4.5

# Side -> log-odds of a measure whose text runs upright.
_UPRIGHT_TEXT: Final = {"width": -1.5, "height": 1.0, "depth": -0.5}

# Letters in a line above which a measure without a side's word is a remark about a part.
_RUNNING_TEXT_LETTERS: Final = 9

# Letters that each further unit of a measure adds to those of its line.
_LETTERS_A_UNIT: Final = 6

# Log-odds of a measure in running text.
_IN_RUNNING_TEXT: Final = -3.0

# Natural logarithm of the share that usual sizes and units have; rarer ones count against a measure.
_USUAL: Final = -2.0

# Weight of the logarithm of a size's share, as far as it is below the usual.
_UNUSUAL_SIZE: Final = 0.4

# Weight of the logarithm of a unit's share, as far as it is below the usual.
_UNUSUAL_UNIT: Final = 0.4

# Strength of a line from which a measure stands on it; see ``direction_strengths``.
_DRAWN: Final = 0.03

# Log-odds of a measure that clearly stands on a line of another side.
_ON_ANOTHER_DIRECTION: Final = -2.5

# Log-odds of a measure whose strongest line is one of this side.
_ON_OWN_DIRECTION: Final = 0.7

# Log-odds in a text-heavy picture of what no word names and no group orders: often another thing's size.
_TEXT_HEAVY: Final = -0.5

# Log-odds in a text-heavy picture of a length with neither word nor line.
_UNSUPPORTED: Final = -2.0

# Log-odds in a text-heavy picture of what reads as metres and has no word: mostly a part of a word or of a
# model's number. Measured on 66 large training pictures: none of 6 was a side.
_METRES_IN_TEXT: Final = -3.0


def is_text_heavy(scene: Scene) -> bool:
    """Say whether a picture has so much text that most of its lengths are those of other things."""
    return len(scene.text) >= TEXT_HEAVY_LINES


def rule_log_odds(measure_set: MeasureSet, entity: str, priors: Priors) -> FloatArray:
    """Return what words, order, lines and sizes alone say for each measure.

    Args:
        measure_set: What could answer the entity; all of the picture's.
        entity: One of :data:`~tapeline.entities.UNITS_BY_ENTITY`.
        priors: Which units and sizes the entity usually has.

    Returns:
        Natural logarithms of odds, shape (measures,), float64: what LightGBM calls an initial score.
    """
    if entity not in SIDES:
        said = [measure.keywords or measure.captions for measure in measure_set.measures]
        return np.array([keyword_log_odds(words, entity) for words in said], np.float64)
    if not len(measure_set):
        return np.zeros(0)
    said_at_all = NO_KEYWORDS.union(*measure_set.keywords)
    is_order_drawn = _is_order_drawn(measure_set)
    own = [
        _side_log_odds(measure, words, said_at_all, entity, is_order_drawn=is_order_drawn)
        for measure, words in zip(measure_set.measures, measure_set.keywords, strict=True)
    ]
    # What a table or a group says of a size also holds where the size stands on a dimension line.
    shared = [
        max(
            (
                odds
                for odds, other in zip(own, measure_set.measures, strict=True)
                if measure.has_quantity_of(other)
            ),
            key=abs,
        )
        for measure in measure_set.measures
    ]
    total: FloatArray = (
        np.array(shared)
        + _rarity_log_odds(measure_set, entity, priors)
        + _dimension_line_log_odds(measure_set, entity)
    )
    return total


def _side_log_odds(
    measure: Measure, words: Keywords, said_at_all: Keywords, entity: str, *, is_order_drawn: bool
) -> float:
    """Return what the words and the order at one measure say for it as a side."""
    odds = keyword_log_odds(words, entity) + _OF_ANOTHER_THING * bool(words & OF_ANOTHER_THING)
    if entity == "depth" and Keyword.LENGTH in words and Keyword.WIDTH in said_at_all - words:
        odds += _LENGTH_BESIDE_WIDTH
    if Keyword(entity) in said_at_all - words:
        odds += _NAMED_ELSEWHERE
    if words & EVIDENCE[entity].keys():
        return odds
    group = measure.grouped.found
    sides = SIDES_IN_ORDER.get(group.group_size, ())
    if sides:
        order = _ORDER_IF_DRAWN if is_order_drawn else _ORDER
        return odds + (order if sides[group.member] == entity else -order)
    letters = sum(char.isalpha() for char in measure.first.line.text)
    if letters > _RUNNING_TEXT_LETTERS + _LETTERS_A_UNIT * (len(measure.candidates) - 1):
        odds += _IN_RUNNING_TEXT
    return odds + (_UPRIGHT_TEXT[entity] if measure.first.line.direction == "upright" else 0.0)


def _is_order_drawn(measure_set: MeasureSet) -> bool:
    """Say whether sizes of an ``A x B x C`` group also stand on lines, which then say which side is which."""
    sizes = [{candidate.found.group_size for candidate in m.candidates} for m in measure_set.measures]
    grouped = [m for m, own in zip(measure_set.measures, sizes, strict=True) if len(SIDES) in own]
    if not grouped:
        return False
    on_lines = [
        m
        for m, own, strength in zip(
            measure_set.measures, sizes, measure_set.strengths.max(axis=1), strict=True
        )
        if own == {1} and strength > _DRAWN
    ]
    return sum(any(m.has_quantity_of(other) for other in on_lines) for m in grouped) > 1


def _rarity_log_odds(measure_set: MeasureSet, entity: str, priors: Priors) -> FloatArray:
    """Return what speaks against unusual sizes and units, shape (measures,)."""
    return np.array(
        [
            _UNUSUAL_SIZE * min(0.0, priors.of_size(entity, log_size) - _USUAL)
            + _UNUSUAL_UNIT
            * min(0.0, max(priors.of_unit(entity, c.quantity.unit) for c in measure.candidates) - _USUAL)
            for measure, log_size in zip(measure_set.measures, measure_set.log_sizes, strict=True)
        ]
    )


def _dimension_line_log_odds(measure_set: MeasureSet, entity: str) -> FloatArray:
    """Return what the lines that measures stand on say for them as a side, shape (measures,)."""
    own = measure_set.strengths[:, DIRECTIONS.index(OWN_DIRECTION[entity])]
    strongest = measure_set.strengths.max(axis=1)
    named = np.array([Keyword(entity) in words for words in measure_set.keywords], bool)
    in_group = np.array(
        [any(c.found.group_size > 1 for c in m.candidates) for m in measure_set.measures], bool
    )
    wrong = lines_contradict(measure_set.strengths, entity, least=_DRAWN)
    odds = np.where(wrong & ~named, _ON_ANOTHER_DIRECTION, 0.0)
    odds += np.where((own > _DRAWN) & (own >= strongest), _ON_OWN_DIRECTION, 0.0)
    if is_text_heavy(measure_set.scene):
        drawn = strongest > _DRAWN
        if entity == "depth":
            # Large pictures draw the fronts of things: what stands on a flat line there is a width.
            drawn &= own >= strongest
        odds += np.where(drawn | named | in_group, 0.0, _UNSUPPORTED) + np.where(named, 0.0, _TEXT_HEAVY)
        metres = np.array([m.first.quantity.unit == "metre" for m in measure_set.measures], bool)
        odds += np.where(metres & ~named, _METRES_IN_TEXT, 0.0)
    # All members of a group are in one text line, so that dimension lines don't tell them apart.
    return np.where(in_group, 0.0, odds)
