"""Features: what is known about each measure in a picture as an answer to one entity, as numbers.

Nothing is decided here: :mod:`tapeline.ranking.ranker` weighs the features with trees that were trained on
ground truth. Positions and lengths in the picture are relative (to the picture, the letters, the other
measures), so that a feature means the same in a thumbnail and in a large picture.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np

from tapeline.entities import SIDES, UNITS_BY_ENTITY
from tapeline.geometry import Bounds, Direction, text_degrees
from tapeline.picture import FloatArray
from tapeline.quantities import format_quantity
from tapeline.ranking import line_evidence
from tapeline.ranking.keywords import Keyword, Keywords, is_of_another_thing, polarities
from tapeline.ranking.line_evidence import LineEvidence, direction_strengths
from tapeline.ranking.measures import Measure, log_size
from tapeline.ranking.priors import Priors
from tapeline.reading.scene import DIRECTIONS, Scene

# Groups of features -> their names.
FEATURE_SETS: Final[dict[str, tuple[str, ...]]] = {
    "entity": tuple(f"is_{name}" for name in UNITS_BY_ENTITY),
    "words": (
        "words_for", "words_against", "caption_for", "caption_against", "table_row_for", "table_row_against",
        "rival_words", "net_words", *(f"says_{word}" for word in Keyword), "of_another_thing", "of_whole",
        "letters", "digits",
    ),
    "position": (
        "x", "y", "beside", "edge", "angle", "text_flat", "text_upright", "text_oblique",
        "outline_x", "outline_y", "outside_x", "outside_y", "inside",
    ),
    "lines": (
        *line_evidence.COLUMNS, "own_line", "other_line",
        "own_line_lead", "oblique_lead", "upright_share", "flat_share", "oblique_share",
    ),
    "print": (
        "letter_height", "letter_lead", "letter_ratio", "score", "order", "text_lines", "quantities"
    ),
    "group": ("member", "group_size", "range", "twin"),
    "value": ("log_size", "rank", "below_largest", "above_smallest", "measures", "repeats", "decimals"),
    "priors": ("prior_size", "prior_unit", "prior_value"),
    "shape": ("outline_aspect", "picture_aspect", "extent"),
    "category": (
        "category_offset", "category_distance", "category_rows", "category_share", "category_values",
        "category_median", "category_deviation", "category_depth_width", "category_depth_height",
    ),
}  # fmt: skip

# The columns of :func:`compute_features`.
FEATURES: Final = tuple(name for names in FEATURE_SETS.values() for name in names)

# Side -> the direction in which its dimension lines mostly run.
OWN_DIRECTION: Final[dict[str, Direction]] = {"width": "flat", "height": "upright", "depth": "oblique"}

# Feature -> the count that it is cut off at: larger counts carry no information. Chosen by hand.
_CAPS: Final = {
    "letters": 60.0, "digits": 30.0, "order": 30.0, "text_lines": 80.0, "quantities": 50.0, "measures": 30.0,
    "group_size": 4.0,
}  # fmt: skip

# Sides of the product's outline that a distance from it is cut off at. Chosen by hand.
_MAX_OUTSIDE: Final = 3.0

# Strength of a segment from which it counts for the share of its direction. Chosen by hand.
_MIN_STRENGTH: Final = 0.02

# Difference of decimal logarithms above which a size is larger than another: 2 %. Chosen by hand.
_SAME_LOG_SIZE: Final = 0.01

# Standard deviation at least by which a size's offset from a category's median is divided, in decades: 12 %.
# Chosen by hand.
_LEAST_DEVIATION: Final = 0.05

# What ``extent`` is where there is no other size: two decades off.
_NO_EXTENT: Final = 2.0

# Feature -> its values, each of shape (measures,).
type _Columns = dict[str, Sequence[float] | FloatArray]


class MeasureSet:
    """A picture's measures for one kind of entities, with all of their features that no entity decides.

    Args:
        measures: The measures.
        scene: The picture.
        evidence: Works out the picture's line evidence.

    Attributes:
        measures: The measures.
        scene: The picture.
        strengths: Shape (measures, directions); see :func:`~.line_evidence.direction_strengths`.
        keywords: Each one's :attr:`~.measures.Measure.side_keywords`.
        log_sizes: Decimal logarithms of their sizes, shape (measures,).
    """

    def __init__(self, measures: Sequence[Measure], scene: Scene, evidence: LineEvidence) -> None:
        self.measures = tuple(measures)
        self.scene = scene
        self._evidence = evidence.of(measures)
        self.strengths = direction_strengths(self._evidence)
        self.keywords: tuple[Keywords, ...] = tuple(measure.side_keywords for measure in measures)
        self.log_sizes = np.array([log_size(measure.first.quantity) for measure in measures], np.float64)

    def __len__(self) -> int:
        """The number of measures."""
        return len(self.measures)

    @cached_property
    def columns(self) -> Mapping[str, Sequence[float] | FloatArray]:
        """Feature -> its values, each of shape (measures,); without those that depend on the entity."""
        return (
            _word_columns(self.measures)
            | _position_columns(self.measures, self.scene)
            | dict(zip(line_evidence.COLUMNS, self._evidence.T, strict=True))
            | _share_columns(self.strengths)
            | _print_columns(self.measures, self.scene)
            | _group_columns(self.measures)
            | _value_columns(self.measures, self.log_sizes)
            | _shape_columns(self.log_sizes, self.scene)
        )


def compute_features(measure_set: MeasureSet, entity: str, priors: Priors, category: str = "") -> FloatArray:
    """Return the features of a picture's measures as answers to one entity.

    Args:
        measure_set: What could answer the entity; all of the picture's.
        entity: One of :data:`~tapeline.entities.UNITS_BY_ENTITY`.
        priors: Which units and sizes the entity usually has.
        category: The product's category, the input's ``group_id``; empty where it isn't known.

    Returns:
        Shape (measures, :data:`FEATURES`), float64, finite.
    """
    if not len(measure_set):
        return np.zeros((0, len(FEATURES)))
    own: _Columns = {f"is_{name}": [float(entity == name)] * len(measure_set) for name in UNITS_BY_ENTITY}
    own |= _polarity_columns(measure_set.measures, entity)
    own |= _own_line_columns(measure_set.strengths, entity)
    own |= _prior_columns(measure_set, entity, priors)
    own |= _category_columns(measure_set.log_sizes, entity, priors, category)
    columns = {**measure_set.columns, **own}
    return np.stack([np.asarray(columns[name], np.float64) for name in FEATURES], axis=1)


def _polarity_columns(measures: Sequence[Measure], entity: str) -> _Columns:
    own = [polarities(m.keywords, entity) for m in measures]
    captions = [polarities(m.captions, entity) for m in measures]
    rows = [polarities(m.table_rows, entity) for m in measures]
    named = [said[0] or beside[0] for said, beside in zip(own, captions, strict=True)]
    # A net weight speaks for and against what any weight does, and never the other way.
    weight_for, weight_against = polarities(frozenset({Keyword.WEIGHT}), entity)
    net = float(weight_for) - float(weight_against)
    return {
        "words_for": [float(said[0]) for said in own],
        "words_against": [float(said[1]) for said in own],
        "caption_for": [float(said[0]) for said in captions],
        "caption_against": [float(said[1]) for said in captions],
        "table_row_for": [float(said[0]) for said in rows],
        "table_row_against": [float(said[1]) for said in rows],
        "net_words": [net * (Keyword.NET in m.keywords | m.captions | m.table_rows) for m in measures],
        "rival_words": [float(sum(named) > is_named) for is_named in named],
    }


def _word_columns(measures: Sequence[Measure]) -> _Columns:
    texts = [measure.first.line.text for measure in measures]
    columns: _Columns = {
        # A word in the measure's own text line counts twice as much as one in its caption.
        f"says_{word}": [2.0 * (word in m.keywords) + (word in m.captions) for m in measures]
        for word in Keyword
    }
    columns["of_another_thing"] = [float(is_of_another_thing(m.side_keywords)) for m in measures]
    columns["of_whole"] = [float(Keyword.WHOLE in m.side_keywords | m.table_rows) for m in measures]
    columns["letters"] = [
        min(float(sum(char.isalpha() for char in text)), _CAPS["letters"]) for text in texts
    ]
    columns["digits"] = [min(float(sum(char.isdigit() for char in text)), _CAPS["digits"]) for text in texts]
    return columns


def _outline(scene: Scene) -> Bounds:
    """Return the product's outline; the whole picture where nothing stands out."""
    return scene.outline or Bounds(0.0, 0.0, float(scene.width), float(scene.height))


def _position_columns(measures: Sequence[Measure], scene: Scene) -> _Columns:
    outline = _outline(scene)
    wide, high = max(outline.right - outline.left, 1.0), max(outline.bottom - outline.top, 1.0)
    centres = [(measure.bounds.x, measure.bounds.y) for measure in measures]
    parts = [(x / max(scene.width, 1), y / max(scene.height, 1)) for x, y in centres]
    directions = [measure.first.line.direction for measure in measures]
    columns: _Columns = {
        f"text_{name}": [float(direction == name) for direction in directions] for name in DIRECTIONS
    }
    return columns | {
        "x": [x for x, _ in parts],
        "y": [y for _, y in parts],
        "beside": [abs(x - 0.5) - abs(y - 0.5) for x, y in parts],
        "edge": [min(x, 1 - x, y, 1 - y) for x, y in parts],
        "angle": [text_degrees(measure.first.line.box) for measure in measures],
        "outline_x": [min(max((x - outline.left) / wide, -1.0), 2.0) for x, _ in centres],
        "outline_y": [min(max((y - outline.top) / high, -1.0), 2.0) for _, y in centres],
        "outside_x": [
            min(max(outline.left - x, x - outline.right, 0.0) / wide, _MAX_OUTSIDE) for x, _ in centres
        ],
        "outside_y": [
            min(max(outline.top - y, y - outline.bottom, 0.0) / high, _MAX_OUTSIDE) for _, y in centres
        ],
        "inside": [
            float(outline.left < x < outline.right and outline.top < y < outline.bottom) for x, y in centres
        ],
    }


def _own_line_columns(strengths: FloatArray, entity: str) -> _Columns:
    # Entities that aren't sides have no direction of their own: the flat segments stand in for it.
    own_index = DIRECTIONS.index(OWN_DIRECTION.get(entity, "flat"))
    own = strengths[:, own_index]
    others = [i for i, name in enumerate(DIRECTIONS) if name != OWN_DIRECTION.get(entity)]
    return {"own_line": own, "other_line": strengths[:, others].max(axis=1), "own_line_lead": _lead(own)}


def _share_columns(strengths: FloatArray) -> _Columns:
    """Return how many of the measures stand on segments of each direction, and how oblique each one's is."""
    drawn = strengths.max(axis=1, initial=0.0) > _MIN_STRENGTH
    best = np.where(drawn, strengths.argmax(axis=1), -1)
    columns: _Columns = {
        f"{name}_share": np.full(len(best), np.mean(best == index)) for index, name in enumerate(DIRECTIONS)
    }
    return columns | {"oblique_lead": _lead(strengths[:, DIRECTIONS.index("oblique")])}


def _print_columns(measures: Sequence[Measure], scene: Scene) -> _Columns:
    letters = np.array([measure.letter_height for measure in measures])
    firsts = [measure.first for measure in measures]
    last = float(max(first.order for first in firsts))
    return {
        "letter_height": letters / scene.longest_side,
        "letter_lead": _lead(np.log(letters)),
        "letter_ratio": [math.log(letter / scene.letter_height) for letter in letters],
        "score": [first.line.score for first in firsts],
        "order": [min(float(first.order), _CAPS["order"]) for first in firsts],
        "text_lines": [min(float(len(scene.text)), _CAPS["text_lines"])] * len(measures),
        "quantities": [min(last, _CAPS["quantities"])] * len(measures),
    }


def _group_columns(measures: Sequence[Measure]) -> _Columns:
    groups = [measure.grouped.found for measure in measures]
    bounds = {"low": -1.0, None: 0.0, "high": 1.0}
    return {
        "member": [float(group.member) for group in groups],
        "group_size": [min(float(group.group_size), _CAPS["group_size"]) for group in groups],
        "range": [bounds[measure.first.found.range_bound] for measure in measures],
        "twin": [float(len(measure.candidates) > 1) for measure in measures],
    }


def _value_columns(measures: Sequence[Measure], logs: FloatArray) -> _Columns:
    quantities = [{candidate.quantity for candidate in measure.candidates} for measure in measures]
    repeats = {quantity: 0 for own in quantities for quantity in own}
    for own in quantities:
        for quantity in own:
            repeats[quantity] += 1
    numbers = [format_quantity(measure.first.quantity).split(" ")[0] for measure in measures]
    return {
        "log_size": logs,
        "rank": [float(np.sum(logs > log + _SAME_LOG_SIZE)) for log in logs],
        "below_largest": logs.max() - logs,
        "above_smallest": logs - logs.min(),
        "measures": [min(float(len(measures)), _CAPS["measures"])] * len(measures),
        "repeats": [float(max(repeats[quantity] for quantity in own)) for own in quantities],
        "decimals": [float(len(number.partition(".")[2])) for number in numbers],
    }


def _category_columns(log_sizes: FloatArray, entity: str, priors: Priors, category: str) -> _Columns:
    """Return how sizes compare with those in the category, and what it is asked for."""
    sizes = priors.sizes_in(category, entity)
    offsets = (log_sizes - sizes.median) / max(sizes.deviation, _LEAST_DEVIATION)
    ratios = [0.0, 0.0]
    if entity in SIDES:
        width, height, depth = (priors.sizes_in(category, side).median for side in SIDES)
        ratios = [depth - width, depth - height]
    same = {
        "category_rows": math.log1p(priors.rows_of(category)),
        "category_share": priors.asked_share(category, entity),
        "category_values": math.log1p(sizes.counted),
        "category_median": sizes.median,
        "category_deviation": sizes.deviation,
        "category_depth_width": ratios[0],
        "category_depth_height": ratios[1],
    }
    return {
        "category_offset": offsets,
        "category_distance": np.abs(offsets),
        **{name: np.full(len(log_sizes), value) for name, value in same.items()},
    }


def _prior_columns(measure_set: MeasureSet, entity: str, priors: Priors) -> _Columns:
    quantities = [[candidate.quantity for candidate in m.candidates] for m in measure_set.measures]
    return {
        "prior_size": [priors.of_size(entity, log) for log in measure_set.log_sizes],
        "prior_unit": [max(priors.of_unit(entity, q.unit) for q in own) for own in quantities],
        "prior_value": [max(priors.of_value(entity, q) for q in own) for own in quantities],
    }


def _shape_columns(logs: FloatArray, scene: Scene) -> _Columns:
    outline = _outline(scene)
    ratio = max(outline.bottom - outline.top, 1.0) / max(outline.right - outline.left, 1.0)
    # How far a size's ratio to the nearest other size is from the outline's.
    extents = [
        float(np.min(abs(abs(log - np.delete(logs, i)) - abs(math.log10(ratio))), initial=_NO_EXTENT))
        for i, log in enumerate(logs)
    ]
    return {
        "outline_aspect": [math.log(ratio)] * len(logs),
        "picture_aspect": [math.log(max(scene.height, 1) / max(scene.width, 1))] * len(logs),
        "extent": extents,
    }


def _lead(values: FloatArray) -> FloatArray:
    """Return by how much each value is above the best of the others; above 0 where it is alone."""
    if len(values) < 2:
        return values.copy()
    order = np.sort(values)
    leads: FloatArray = values - np.where(values == order[-1], order[-2], order[-1])
    return leads
