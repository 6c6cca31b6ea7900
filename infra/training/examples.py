"""Training examples: the measures of a picture with what the ground truth says of each as an answer.

Votes are ground truth of teams that mostly voted for one number as all sides of a product. A vote that the
picture contradicts is therefore not believed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from infra.training.ground_truth import TruthRow, by_picture
from infra.training.scoring import is_right
from tapeline.entities import COMPETING, MASSES, SIDES
from tapeline.picture import FloatArray
from tapeline.ranking.features import FEATURES, MeasureSet, compute_features
from tapeline.ranking.line_evidence import lines_contradict
from tapeline.ranking.line_ratings import LineRater
from tapeline.ranking.measures import Measure
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import MeasureSets
from tapeline.reading.scene import Scene

# The ``source`` of rows that several guessers agreed on.
VOTE: Final = "vote"

# The ``source`` of rows with the catalogue's values, which were not compared with the picture.
CATALOGUE: Final = "catalogue"

# The ``source`` of rows that nobody compared with their pictures: hardly any is silent, and many give one
# number for two sides.
NOT_READ_BY_EYE: Final = frozenset({VOTE, CATALOGUE})

# Strength from which a line can contradict a vote; see ``direction_strengths``. Chosen by hand: on the safe
# side, since nothing brings back a vote that is no longer believed.
_CONTRADICTING_STRENGTH: Final = 0.06

# Weight of the measures of a picture where none of them equals the vote. Chosen by hand: they say little,
# since one of them may be the vote's number misread.
_UNREAD_VOTE_WEIGHT: Final = 0.3

# Weight of the measures that votes for sides answer. Cross-validated: at 1 the F1 of depth falls on rows read
# by eye, from .78 to .75 on small pictures; without votes the other sides' falls.
_SIDE_VOTE_WEIGHT: Final = 1.0

# Weight of the measures that the catalogue answers. Chosen by hand: one in five of its values isn't what the
# picture says.
_CATALOGUE_WEIGHT: Final = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One entity of one picture, with its measures.

    Attributes:
        entity: What is asked for.
        scene: The picture.
        link: Its link.
        row: The row that asks it; None where the ground truth has only other entities of the picture.
        picture_rows: All rows of the picture.
        measures: What could answer it; the examples of a picture's sides share theirs.
        features: See :func:`tapeline.ranking.features.compute_features`.
    """

    entity: str
    scene: Scene
    link: str
    row: TruthRow | None
    picture_rows: Sequence[TruthRow]
    measures: MeasureSet
    features: FloatArray


class Targets(NamedTuple):
    """What to train on in one example.

    Attributes:
        values: 1 for a right measure, 0 for a wrong one, NaN where that isn't known, shape (measures,).
        weights: Of each measure in the loss, shape (measures,).
    """

    values: FloatArray
    weights: FloatArray


def build_examples(
    rows: Iterable[TruthRow], scenes: Mapping[str, Scene], priors: Priors, rater: LineRater
) -> list[Example]:
    """Build an example for each row, and for each entity that a row of a competing one says something of.

    Args:
        rows: The ground truth.
        scenes: Link -> what was observed in the picture; rows of other pictures are left out.
        priors: Which units and sizes each entity usually has.
        rater: Rates which drawn line is which measure's.
    """
    return [
        example
        for link, picture_rows in by_picture(rows).items()
        if link in scenes
        for example in _examples_of(
            link, picture_rows, MeasureSets(scenes[link], rater), scenes[link], priors
        )
    ]


def is_read_by_eye(row: TruthRow) -> bool:
    """Say whether somebody compared a row with its picture."""
    return row.source not in NOT_READ_BY_EYE


def entities_of_pictures(
    examples: Sequence[Example], indexes: Iterable[int] | None = None
) -> dict[str, dict[str, int]]:
    """Return link -> entity -> the index of its example, the first where several rows ask the same.

    Args:
        examples: The examples.
        indexes: Those to look at; all where it is left out.
    """
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for index in range(len(examples)) if indexes is None else indexes:
        found[examples[index].link].setdefault(examples[index].entity, index)
    return dict(found)


def match_mask(example: Example, row: TruthRow) -> npt.NDArray[np.bool_]:
    """Say of each measure whether a row counts one of its candidates as right, shape (measures,)."""
    return matching(example.measures.measures, row)


def matching(measures: Iterable[Measure], row: TruthRow) -> npt.NDArray[np.bool_]:
    """Say of each measure whether a row counts one of its candidates as right, shape (measures,)."""
    return np.array([any(is_right(row, c.quantity) for c in m.candidates) for m in measures], bool)


def contradicted(example: Example, side: str) -> npt.NDArray[np.bool_]:
    """Say of each measure whether the line that it stands on shows that it isn't a side.

    A height doesn't stand on a flat line, nor a width or depth on an upright one. A word that names the
    example's own entity outweighs the line.

    Args:
        example: About any side of the picture.
        side: The side.

    Returns:
        Shape (measures,).
    """
    named = example.features[:, FEATURES.index("words_for")] > 0
    wrong = lines_contradict(example.measures.strengths, side, least=_CONTRADICTING_STRENGTH)
    mask: npt.NDArray[np.bool_] = wrong & ~named
    return mask


def is_contradicted(example: Example) -> bool:
    """Say whether a vote can't be right: wherever its number is printed, it stands on another side's line."""
    row = example.row
    if row is None or row.source != VOTE or example.entity not in SIDES:
        return False
    right = match_mask(example, row)
    return bool(right.any() and contradicted(example, example.entity)[right].all())


def training_targets(example: Example, *, filter_votes: bool = True) -> Targets | None:
    """Return what to train on in an example.

    Where the dimension lines of all measures that match a vote contradict it, they are negatives; where
    those of some do, these are unknown. An answer to height is a negative for width and depth; a weight
    is one for a load, and the reverse.

    Args:
        example: An example.
        filter_votes: Whether not to use votes that the measure's dimension line contradicts.

    Returns:
        The targets; None where nothing is known of any measure.
    """
    row = example.row
    if not len(example.measures):
        return None
    if row is None or (filter_votes and is_contradicted(example)):
        return _negatives(example, filter_votes=filter_votes)
    right = match_mask(example, row)
    values, weights = right.astype(np.float64), np.ones(len(example.measures))
    if filter_votes and row.source == VOTE and example.entity in SIDES:
        values[right & contradicted(example, example.entity)] = np.nan
    if row.source == VOTE and example.entity in SIDES:
        weights *= _SIDE_VOTE_WEIGHT
    if row.source == VOTE and not right.any():
        weights *= _UNREAD_VOTE_WEIGHT
    if row.source == CATALOGUE:
        weights *= _CATALOGUE_WEIGHT
    return Targets(values, weights)


def _examples_of(
    link: str, picture_rows: Sequence[TruthRow], sets: MeasureSets, scene: Scene, priors: Priors
) -> Iterator[Example]:
    for entity in _entities_of(picture_rows):
        found = sets.of(entity)
        features = compute_features(found, entity, priors, picture_rows[0].category)
        rows: list[TruthRow | None] = [row for row in picture_rows if row.entity_name == entity]
        for row in rows or [None]:
            yield Example(
                entity=entity,
                scene=scene,
                link=link,
                row=row,
                picture_rows=picture_rows,
                measures=found,
                features=features,
            )


def _entities_of(picture_rows: Sequence[TruthRow]) -> list[str]:
    """Return the entities that rows of a picture say something of: their own and the competing ones."""
    own = dict.fromkeys(row.entity_name for row in picture_rows)
    competing = (name for group in COMPETING if own.keys() & set(group) for name in group)
    return list(own | dict.fromkeys(competing))


def _negatives(example: Example, *, filter_votes: bool) -> Targets | None:
    """Return the targets of an example without an answer of its own that is believed."""
    values = _answers_to_others(example, filter_votes=filter_votes)
    if example.row is not None:
        values[match_mask(example, example.row)] = 0.0
    return None if np.isnan(values).all() else Targets(values, np.ones(len(values)))


def _answers_to_others(example: Example, *, filter_votes: bool) -> FloatArray:
    """Return 0 for measures that answer a competing entity of the picture, NaN for the others."""
    values = np.full(len(example.measures), np.nan)
    for row in example.picture_rows:
        if row.says_nothing or row.entity_name == example.entity:
            continue
        right = match_mask(example, row)
        if example.entity in SIDES and row.entity_name == "height":
            believed = not (
                filter_votes and row.source == VOTE and contradicted(example, "height")[right].all()
            )
            # A number that is printed twice may well be two sides.
            if right.sum() == 1 and believed:
                values[right] = 0.0
        elif example.entity in MASSES and row.entity_name in MASSES:
            values[right] = 0.0
    return values
