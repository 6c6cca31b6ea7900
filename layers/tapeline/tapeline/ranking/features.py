"""Features: what is known about each measure in a picture as an answer to one entity, as numbers.

Nothing is decided here: :mod:`tapeline.ranking.ranker` weighs the features with trees that were grown on
labelled pictures. Everything is relative (to the picture, the letters, the other measures), so that a feature means
the same in a thumbnail and in a large picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.picture import Features, Shapes, TextLine
from tapeline.quantities import format_quantity, size
from tapeline.ranking.candidates import Keyword
from tapeline.ranking.measures import Measure
from tapeline.ranking.priors import Priors

type Matrix = npt.NDArray[np.float64]

SIDE_NAMES: Final = ("width", "height", "depth")
"""The entities that are lengths of the same product, and so compete for its measures."""

ENTITIES: Final = tuple(UNITS_BY_ENTITY)

# What a keyword says for an entity (1) or against it (-1); what isn't listed says nothing.
_SAYS: Final[dict[str, dict[Keyword, int]]] = {
    "width": {Keyword.WIDTH: 1, Keyword.HEIGHT: -1, Keyword.DEPTH: -1},
    "height": {Keyword.HEIGHT: 1, Keyword.WIDTH: -1, Keyword.DEPTH: -1, Keyword.DIAMETER: -1},
    "depth": {Keyword.DEPTH: 1, Keyword.WIDTH: -1, Keyword.HEIGHT: -1},
    "item_weight": {Keyword.WEIGHT: 1, Keyword.LOAD: -1, Keyword.SERVING: -1, Keyword.PACKAGE: -1},
    "maximum_weight_recommendation": {Keyword.LOAD: 1, Keyword.WEIGHT: -1, Keyword.SERVING: -1},
    "item_volume": {Keyword.VOLUME: 1, Keyword.SERVING: -1},
    "voltage": {Keyword.VOLTAGE: 1, Keyword.INPUT: 1, Keyword.OUTPUT: -1},
    "wattage": {Keyword.POWER: 1, Keyword.OUTPUT: -1},
}  # fmt: skip

# What the words at a measure count for it as a side, in natural logarithms of odds.
_WORDS_OF_SIDES: Final[dict[str, dict[Keyword, float]]] = {
    "width": {
        Keyword.WIDTH: 4.0, Keyword.LENGTH: -2.5, Keyword.DIAMETER: 0.5, Keyword.HEIGHT: -4.0,
        Keyword.DEPTH: -4.0,
    },
    "height": {
        Keyword.HEIGHT: 4.0, Keyword.LENGTH: -3.0, Keyword.DIAMETER: -2.0, Keyword.WIDTH: -4.0,
        Keyword.DEPTH: -4.0,
    },
    "depth": {
        Keyword.DEPTH: 4.0, Keyword.LENGTH: -2.5, Keyword.DIAMETER: 1.0, Keyword.WIDTH: -4.0,
        Keyword.HEIGHT: -4.0,
    },
}  # fmt: skip
# The same for the other entities, whose trees see enough words to learn the rest from.
_WORDS_OF_AMOUNTS: Final[dict[str, dict[Keyword, float]]] = {
    "item_weight": {
        Keyword.WEIGHT: 1.5, Keyword.LOAD: -3.5, Keyword.SERVING: -3.5, Keyword.PACKAGE: -1.0,
    },
    "maximum_weight_recommendation": {Keyword.LOAD: 2.0, Keyword.WEIGHT: -1.5, Keyword.SERVING: -3.5},
    "item_volume": {Keyword.VOLUME: 1.0, Keyword.SERVING: -3.0},
    "voltage": {Keyword.VOLTAGE: 0.5, Keyword.INPUT: 0.5, Keyword.OUTPUT: -0.5},
    "wattage": {Keyword.POWER: 0.5, Keyword.OUTPUT: -0.5},
}  # fmt: skip
OF_ANOTHER_THING: Final = frozenset({Keyword.PART, Keyword.PACKAGE})
"""What says that a measure isn't the whole product's."""

_ANOTHER_THING: Final = -1.5
_ANOTHER_SAYS_IT: Final = -2.5
IN_ORDER: Final[dict[int, tuple[str, ...]]] = {2: ("width", "height"), 3: ("width", "depth", "height")}
"""Which side each member of an ``A x B (x C)`` group usually is, where no word says so."""
_PLACE_IN_ORDER: Final = 2.5
_PLACE_IF_DRAWN: Final = 1.0
# The lesser weight where the sizes also stand on lines, which are the better witnesses.
_LENGTH_BESIDE_WIDTH: Final = 4.5
# Where width and height have words, what is called length runs from front to back.
_RUNS_UP: Final = {"width": -1.5, "height": 1.0, "depth": -0.5}
_RUNNING_TEXT: Final = 9
_IN_RUNNING_TEXT: Final = -3.0
# A measure in a line with more letters than this, and no word of a side, is a remark about a part.
_UNUSUAL_SIZE: Final = 0.4
_USUAL: Final = -2.0
# The weight of the logarithm of a size's share, and the logarithm that usual sizes have.

_UNUSUAL_UNIT: Final = 0.4
_DRAWN: Final = 0.03
_CLEARLY: Final = 2.0
# From which strength on, and by what factor over the other axes, a line says which side it measures.
_ON_ANOTHER_AXIS: Final = -2.5
_ON_ITS_AXIS: Final = 0.7
MANY_LINES: Final = 8
"""From how many lines on a picture has much text."""

_AMONG_MUCH_TEXT: Final = -0.5
_METRES_AMONG_MUCH_TEXT: Final = -3.0
_UNSUPPORTED: Final = -2.0
# Among much text, a length with neither a word nor a line is seldom one of the whole product; nor is one
# its depth without a line that runs into the picture. What neither a word nor its order names is more often
# the size of a part or of another thing than in a sparse picture; and what reads as metres is part of a word
# or a model's number: on 66 large training pictures looked at, none of 6 was a side.

_AXES: Final = ("flat", "upright", "oblique")
_STEEP: Final = 12.0
# Degrees off the axis at which a segment is still flat or upright: hand-drawn lines lean, perspective more.
_SHORTEST: Final = 0.03
# Segments below this part of the longer side are serifs and texture.
_LONGEST_DASH: Final = 0.03
_FEWEST_DASHES: Final = 5
_WIDEST_GAP: Final = 0.015
_SAME_LEVEL: Final = 0.004
# What makes a dashed line, as parts of the longer side.
_OF_LINES: Final = ("near", "length", "gap", "off_centre", "flank")
_OWN_AXIS: Final = {"width": "flat", "height": "upright", "depth": "oblique"}

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "entity": tuple(f"is_{name}" for name in ENTITIES),
    "words": (
        "words_for", "words_against", "label_for", "label_against", "row_for", "row_against", "rival_words",
        *(f"says_{word}" for word in Keyword), "letters", "digits",
    ),
    "place": (
        "x", "y", "beside", "edge", "angle", "is_across", "is_up", "is_oblique",
        "outline_x", "outline_y", "outside_x", "outside_y", "inside",
    ),
    "lines": (
        *(f"{axis}_{what}" for axis in _AXES for what in _OF_LINES), "line_angle", "own_line", "other_line",
        "own_line_lead", "oblique_lead", "upright_share", "flat_share", "oblique_share",
    ),
    "print": ("letter", "letter_lead", "letter_ratio", "score", "order", "lines_read", "quantities"),
    "triple": ("member", "group_size", "range", "twin"),
    "value": ("log_size", "rank", "below_largest", "above_smallest", "measures", "repeats", "decimals"),
    "priors": ("prior_size", "prior_unit", "prior_value"),
    "shape": ("outline_aspect", "picture_aspect", "extent"),
}  # fmt: skip
"""Groups of features -> their names; the columns of :func:`describe` in this order."""

FEATURES: Final = tuple(name for names in GROUPS.values() for name in names)

APPEARANCE: Final = tuple(f"appearance_{place}" for place in range(8))
"""The columns that follow where there is a head on ResNet50; see :mod:`tapeline.head`."""


@dataclass(frozen=True)
class Scene:
    """What is known about a picture beside its candidates.

    Attributes:
        lines: Its text.
        shapes: Its line segments and its product's outline.
        width: The original picture's width in pixels.
        height: The original picture's height in pixels.
        pooled: ResNet50's pooled features, shape (2048,); None where it is absent.
    """

    lines: Sequence[TextLine]
    shapes: Shapes
    width: int
    height: int
    pooled: Features | None = None

    @cached_property
    def longest(self) -> float:
        """The longer side in pixels."""
        return float(max(self.width, self.height, 1))

    @cached_property
    def letter(self) -> float:
        """The median height of its lines of text in pixels."""
        return float(np.median([letter_height(line.box) for line in self.lines])) if self.lines else 1.0

    @cached_property
    def segments(self) -> tuple[Matrix, npt.NDArray[np.int_]]:
        """Segments outside text, long enough to be drawn lines, as (n, 4), and the axis of each."""
        found = self.shapes.segments.astype(np.float64)
        found = np.concatenate([found, _dashed(found, self.longest)])
        found = found[
            np.hypot(found[:, 2] - found[:, 0], found[:, 3] - found[:, 1]) > _SHORTEST * self.longest
        ]
        keep = np.ones(len(found), bool)
        for line in self.lines:
            left, top, right, bottom = bounds([line.box])
            margin = 0.15 * letter_height(line.box)
            inside = [
                (found[:, a] > left - margin) & (found[:, a] < right + margin)
                & (found[:, a + 1] > top - margin) & (found[:, a + 1] < bottom + margin)
                for a in (0, 2)
            ]  # fmt: skip
            keep &= ~(inside[0] & inside[1])
        found = found[keep]
        angles = np.degrees(np.arctan2(abs(found[:, 3] - found[:, 1]), abs(found[:, 2] - found[:, 0])))
        axes = np.where(angles < _STEEP, 0, np.where(angles > 90 - _STEEP, 1, 2))
        return found, axes


def _dashed(segments: Matrix, longest: float) -> Matrix:
    """Return the dashed lines that flat and upright short segments make up, shape (n, 4)."""
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    short = segments[lengths < _LONGEST_DASH * longest]
    lines = []
    for along, across in ((0, 1), (1, 0)):
        straight = short[
            abs(short[:, across] - short[:, across + 2]) < 0.15 * abs(short[:, along] - short[:, along + 2])
        ]
        starts = np.minimum(straight[:, along], straight[:, along + 2])
        ends = np.maximum(straight[:, along], straight[:, along + 2])
        level = (straight[:, across] + straight[:, across + 2]) / 2
        rows = np.round(level / (_SAME_LEVEL * longest)).astype(int)
        for row in np.unique(rows):
            members = np.flatnonzero(rows == row)
            if len(members) < _FEWEST_DASHES:
                continue
            members = members[np.argsort(starts[members])]
            reach = np.maximum.accumulate(ends[members])
            breaks = np.flatnonzero(starts[members[1:]] - reach[:-1] > _WIDEST_GAP * longest) + 1
            for chain in np.split(members, breaks):
                if len(chain) >= _FEWEST_DASHES:
                    line = np.empty(4)
                    line[[along, along + 2]] = starts[chain].min(), ends[chain].max()
                    line[[across, across + 2]] = level[chain].mean()
                    lines.append(line)
    return np.array(lines, np.float64).reshape(-1, 4)


def letter_height(box: Sequence[tuple[float, float]]) -> float:
    """Return the height of the letters of a line in pixels, at least 1."""
    return max(math.dist(box[0], box[3]), 1.0)


def bounds(boxes: Sequence[Sequence[tuple[float, float]]]) -> tuple[float, float, float, float]:
    """Return the left, top, right and bottom around boxes."""
    xs = [x for box in boxes for x, _ in box]
    ys = [y for box in boxes for _, y in box]
    return min(xs), min(ys), max(xs), max(ys)


def line_evidence(measures: Sequence[Measure], scene: Scene) -> Matrix:
    """Return how each measure stands to the line segments around it.

    Args:
        measures: The measures of one picture.
        scene: That picture.

    Returns:
        Shape (measures, 16): for flat, upright and oblique segments each the best one's nearness (its
        length as a part of the picture's longer side, less with distance), length, gap in letters, how far
        off its middle the text stands, and the length of segments that the text interrupts; then the
        angle in degrees of the best of all.
    """
    segments, axes = scene.segments
    rows = np.zeros((len(measures), len(_AXES) * len(_OF_LINES) + 1))
    rows[:, 2 : len(_AXES) * len(_OF_LINES) : len(_OF_LINES)] = 9.0
    if not len(segments):
        return rows
    first, second = segments[:, :2], segments[:, 2:]
    along = second - first
    lengths = np.hypot(along[:, 0], along[:, 1])
    unit = along / lengths[:, None]
    # A few points on each segment stand for all of it.
    steps = np.linspace(0.0, 1.0, 9)
    points = first[:, None, :] + steps[None, :, None] * along[:, None, :]
    relative = lengths / scene.longest
    angles = np.degrees(np.arctan2(abs(along[:, 1]), abs(along[:, 0])))
    for row, measure in zip(rows, measures, strict=True):
        left, top, right, bottom = bounds([c.box for c in measure.candidates])
        letter = letter_height(measure.first.box)
        dx = np.maximum(np.maximum(left - points[:, :, 0], points[:, :, 0] - right), 0.0)
        dy = np.maximum(np.maximum(top - points[:, :, 1], points[:, :, 1] - bottom), 0.0)
        gap = np.hypot(dx, dy).min(axis=1)
        # Between two points of an upright segment the text may stand nearer than either.
        centre = np.array([(left + right) / 2, (top + bottom) / 2])
        place = ((centre - first) * unit).sum(axis=1) / lengths
        perpendicular = abs((centre[0] - first[:, 0]) * unit[:, 1] - (centre[1] - first[:, 1]) * unit[:, 0])
        half = (abs(unit[:, 1]) * (right - left) + abs(unit[:, 0]) * (bottom - top)) / 2
        beside = (place > 0) & (place < 1)
        gap = np.where(beside, np.minimum(gap, np.maximum(perpendicular - half, 0.0)), gap) / letter
        off_centre = np.minimum(abs(place - 0.5), 1.5)
        near = relative * np.exp(-gap / 1.5) * (1.0 - 0.5 * np.minimum(off_centre, 1.0))
        # Text in a line's gap: the line's ends come near, and its direction leads through the text.
        interrupts = (perpendicular < 0.7 * letter) & ~beside & (gap < 2.0)
        best_angle, best = 0.0, 0.0
        for axis in range(len(_AXES)):
            chosen = np.flatnonzero(axes == axis)
            if not len(chosen):
                continue
            top_one = chosen[np.argmax(near[chosen])]
            flank = chosen[interrupts[chosen]]
            before = relative[flank[place[flank] > 1]].max(initial=0.0)
            after = relative[flank[place[flank] < 0]].max(initial=0.0)
            start = axis * len(_OF_LINES)
            row[start : start + len(_OF_LINES)] = (
                near[top_one], relative[top_one], min(gap[top_one], 9.0), off_centre[top_one],
                before + after + min(before, after),
            )  # fmt: skip
            if near[top_one] + before + after > best:
                best, best_angle = near[top_one] + before + after, angles[top_one]
        row[-1] = best_angle
    return rows


def axis_strengths(evidence: Matrix) -> Matrix:
    """Return from :func:`line_evidence` one number for each axis, shape (measures, 3)."""
    width = len(_OF_LINES)
    return np.stack([evidence[:, a * width] + evidence[:, a * width + 4] for a in range(len(_AXES))], axis=1)


def _lead(values: Matrix) -> Matrix:
    """Return by how much each value is above the best of the others; above 0 where it is alone."""
    if len(values) < 2:
        return values.copy()
    order = np.sort(values)
    leads: Matrix = values - np.where(values == order[-1], order[-2], order[-1])
    return leads


def _says(words: frozenset[Keyword], entity: str) -> tuple[float, float]:
    said = [_SAYS[entity].get(word, 0) for word in words]
    return float(1 in said), float(-1 in said)


def describe(
    measures: Sequence[Measure],
    entity: str,
    scene: Scene,
    priors: Priors,
    appearance: Matrix | None = None,
) -> Matrix:
    """Return the features of a picture's measures as answers to one entity.

    Args:
        measures: What could answer the entity; all of the picture's.
        entity: One of :data:`~tapeline.entities.UNITS_BY_ENTITY`.
        scene: The picture.
        priors: Which units and sizes the entity usually has.
        appearance: The compressed pooled features, shape (:data:`APPEARANCE`,); None without a head.

    Returns:
        Shape (measures, :data:`FEATURES`), float64, finite; with an appearance that many columns more.
    """
    evidence = line_evidence(measures, scene)
    strengths = axis_strengths(evidence)
    logs = np.array([_log_size(measure) for measure in measures])
    letters = np.array([max(letter_height(c.box) for c in m.candidates) for m in measures])
    words_for = [_says(m.keywords, entity)[0] or _says(m.labels, entity)[0] for m in measures]
    boldest = _lead(np.log(letters))
    own = strengths[:, _AXES.index(_OWN_AXIS.get(entity, "flat"))]
    own_lead, oblique_lead = _lead(own), _lead(strengths[:, 2])
    best_axis = np.where(strengths.max(axis=1, initial=0.0) > 0.02, strengths.argmax(axis=1), -1)
    repeats = {c.quantity: 0 for m in measures for c in m.candidates}
    for measure in measures:
        for quantity in {c.quantity for c in measure.candidates}:
            repeats[quantity] += 1
    outline = scene.shapes.outline or (0.0, 0.0, float(scene.width), float(scene.height))
    wide, high = max(outline[2] - outline[0], 1.0), max(outline[3] - outline[1], 1.0)
    rows = []
    for place, measure in enumerate(measures):
        first = measure.first
        said = measure.keywords
        left, top, right, bottom = bounds([c.box for c in measure.candidates])
        x, y = (left + right) / 2, (top + bottom) / 2
        across, along = x / max(scene.width, 1), y / max(scene.height, 1)
        (ax, ay), (bx, by) = first.box[0], first.box[1]
        labels = measure.labels
        row_words = frozenset[Keyword]().union(*(c.row for c in measure.candidates))
        other = max(strengths[place, axis] for axis in range(3) if _AXES[axis] != _OWN_AXIS.get(entity))
        others = np.delete(logs, place)
        group = max(measure.candidates, key=lambda c: c.group_size)
        by_group = {
            "entity": [float(entity == name) for name in ENTITIES],
            "words": [
                *_says(said, entity), *_says(labels, entity), *_says(row_words, entity),
                float(any(words_for[:place] + words_for[place + 1 :])),
                *(2.0 * (word in said) + (word in labels) for word in Keyword),
                float(min(sum(c.isalpha() for c in first.text), 60)),
                float(min(sum(c.isdigit() for c in first.text), 30)),
            ],
            "place": [
                across, along, abs(across - 0.5) - abs(along - 0.5),
                min(across, 1 - across, along, 1 - along),
                math.degrees(math.atan2(by - ay, bx - ax)),
                *(float(first.direction == name) for name in ("across", "up", "oblique")),
                min(max((x - outline[0]) / wide, -1.0), 2.0), min(max((y - outline[1]) / high, -1.0), 2.0),
                min(max(outline[0] - x, x - outline[2], 0.0) / wide, 3.0),
                min(max(outline[1] - y, y - outline[3], 0.0) / high, 3.0),
                float(outline[0] < x < outline[2] and outline[1] < y < outline[3]),
            ],
            "lines": [
                *evidence[place], own[place], other, own_lead[place], oblique_lead[place],
                *(float(np.mean(best_axis == axis)) for axis in (1, 0, 2)),
            ],
            "print": [
                letters[place] / scene.longest, boldest[place], math.log(letters[place] / scene.letter),
                first.score, float(min(first.order, 30)), float(min(len(scene.lines), 80)),
                float(min(max(m.first.order for m in measures), 50)),
            ],
            "triple": [
                float(group.member), float(min(group.group_size, 4)),
                {"low": -1.0, None: 0.0, "high": 1.0}[first.range_bound], float(len(measure.candidates) > 1),
            ],
            "value": [
                logs[place], float(np.sum(logs > logs[place] + 0.01)), float(logs.max() - logs[place]),
                float(logs[place] - logs.min()), float(min(len(measures), 30)),
                float(max(repeats[c.quantity] for c in measure.candidates)),
                float(len(format_quantity(first.quantity).split(" ")[0].partition(".")[2])),
            ],
            "priors": [
                priors.of_size(entity, logs[place]),
                max(priors.of_unit(entity, c.quantity.unit) for c in measure.candidates),
                max(priors.of_value(entity, c.quantity) for c in measure.candidates),
            ],
            "shape": [
                math.log(high / wide), math.log(max(scene.height, 1) / max(scene.width, 1)),
                # How far its ratio to the nearest other size is from the outline's.
                float(np.min(abs(abs(logs[place] - others) - abs(math.log10(high / wide))), initial=2.0)),
            ],
        }  # fmt: skip
        rows.append([value for name in GROUPS for value in by_group[name]])
    described = np.array(rows, np.float64).reshape(len(measures), len(FEATURES))
    if appearance is None:
        return described
    return np.hstack([described, np.broadcast_to(appearance, (len(measures), len(APPEARANCE)))])


def prior_odds(measures: Sequence[Measure], entity: str, scene: Scene, priors: Priors) -> Matrix:
    """Return what words, order, lines and size alone say for each measure: what the trees start from.

    Nine in ten pictures with known sides have lines in place of words, so that trees can't learn from them
    what ``Height: 30 cm`` or ``24 x 18 x 17 in (LxWxH)`` mean.

    Args:
        measures: The measures of one picture.
        entity: What is asked for.
        scene: That picture.
        priors: Which units and sizes the entity usually has.

    Returns:
        Natural logarithms of odds, shape (measures,).
    """
    if entity not in SIDE_NAMES:
        weights = _WORDS_OF_AMOUNTS[entity]
        return np.array([sum(weights.get(w, 0.0) for w in m.keywords or m.labels) for m in measures], float)
    said = [words_at(measure) for measure in measures]
    all_said = frozenset[Keyword]().union(*said)
    drawn = _order_is_drawn(measures, scene)
    odds = [
        _odds(measure, words, all_said, entity, drawn=drawn)
        for measure, words in zip(measures, said, strict=True)
    ]
    # What a table or a group says of a size also holds where the size stands on a line.
    shared = [
        max(
            (o for o, other in zip(odds, measures, strict=True) if _same_value(measure, other)),
            key=abs,
        )
        for measure in measures
    ]
    unusual = [
        _UNUSUAL_SIZE * min(0.0, priors.of_size(entity, _log_size(measure)) - _USUAL)
        + _UNUSUAL_UNIT
        * min(0.0, max(priors.of_unit(entity, c.quantity.unit) for c in measure.candidates) - _USUAL)
        for measure in measures
    ]
    odds_in_all: Matrix = np.array(shared) + np.array(unusual) + _odds_of_lines(measures, said, entity, scene)
    return odds_in_all


def _odds_of_lines(
    measures: Sequence[Measure], said: Sequence[frozenset[Keyword]], entity: str, scene: Scene
) -> Matrix:
    """Return what the lines that measures stand on say for them as a side."""
    flat, upright, oblique = axis_strengths(line_evidence(measures, scene)).T
    strongest = np.maximum(np.maximum(flat, upright), oblique)
    if entity == "height":
        own, wrong, rest = upright, flat, np.maximum(upright, oblique)
    else:
        own, wrong, rest = (flat if entity == "width" else oblique), upright, np.maximum(flat, oblique)
    named = np.array([Keyword(entity) in words for words in said], bool)
    in_order = np.array([any(c.group_size > 1 for c in m.candidates) for m in measures], bool)
    odds = np.where((wrong > _DRAWN) & (wrong > _CLEARLY * rest) & ~named, _ON_ANOTHER_AXIS, 0.0)
    odds += np.where((own > _DRAWN) & (own >= strongest), _ON_ITS_AXIS, 0.0)
    drawn = strongest > _DRAWN
    if entity == "depth":
        # Large pictures draw the fronts of things: what stands on a flat line there is a width.
        drawn &= own >= strongest
    bare = ~drawn & ~named & ~in_order
    if len(scene.lines) >= MANY_LINES:
        odds += np.where(bare, _UNSUPPORTED, 0.0) + np.where(named, 0.0, _AMONG_MUCH_TEXT)
        metres = np.array([m.first.quantity.unit == "metre" for m in measures], bool)
        odds += np.where(metres & ~named, _METRES_AMONG_MUCH_TEXT, 0.0)
    # All members of a group stand on the same line.
    return np.where(in_order, 0.0, odds)


def _order_is_drawn(measures: Sequence[Measure], scene: Scene) -> bool:
    """Say whether sizes of an ``A x B x C`` group also stand on lines, which then say which side is which."""
    grouped = [m for m in measures if any(c.group_size == len(SIDE_NAMES) for c in m.candidates)]
    alone = [m for m in measures if all(c.group_size == 1 for c in m.candidates)]
    if not grouped or not alone:
        return False
    strengths = axis_strengths(line_evidence(alone, scene)).max(axis=1)
    on_lines = [m for m, strength in zip(alone, strengths, strict=True) if strength > _DRAWN]
    return sum(any(_same_value(m, other) for other in on_lines) for m in grouped) > 1


def _odds(
    measure: Measure, words: frozenset[Keyword], all_said: frozenset[Keyword], entity: str, *, drawn: bool
) -> float:
    """Return what the words and the order at one measure say for it as a side."""
    weights, own = _WORDS_OF_SIDES[entity], Keyword(entity)
    odds = sum(weights.get(word, 0.0) for word in words) + _ANOTHER_THING * bool(words & OF_ANOTHER_THING)
    if entity == "depth" and Keyword.LENGTH in words and Keyword.WIDTH in all_said - words:
        odds += _LENGTH_BESIDE_WIDTH
    if own not in words and own in all_said:
        odds += _ANOTHER_SAYS_IT
    if words & weights.keys():
        return odds
    group = max(measure.candidates, key=lambda c: c.group_size)
    sides = IN_ORDER.get(group.group_size, ())
    if sides:
        weight = _PLACE_IF_DRAWN if drawn else _PLACE_IN_ORDER
        return odds + (weight if sides[group.member] == entity else -weight)
    if sum(char.isalpha() for char in measure.first.text) > _RUNNING_TEXT + 6 * (len(measure.candidates) - 1):
        odds += _IN_RUNNING_TEXT
    return odds + (_RUNS_UP[entity] if measure.first.direction == "up" else 0.0)


def _same_value(one: Measure, other: Measure) -> bool:
    return one is other or bool({c.quantity for c in one.candidates} & {c.quantity for c in other.candidates})


def _log_size(measure: Measure) -> float:
    """Return the decimal logarithm of a measure's size."""
    return math.log10(min(max(size(measure.first.quantity), 1e-9), 1e12))


def words_at(measure: Measure) -> frozenset[Keyword]:
    """Return the words at a measure: its own line's, else those of the label beside it, else its row's."""
    sides = _WORDS_OF_SIDES["width"].keys()
    rows = frozenset[Keyword]().union(*(c.row for c in measure.candidates))
    for words in (measure.keywords, measure.labels, rows):
        if words & sides:
            return words | (rows & OF_ANOTHER_THING)
    return measure.keywords | ((measure.labels | rows) & OF_ANOTHER_THING)
