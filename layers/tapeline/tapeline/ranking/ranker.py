"""The ranker: how probably each measure in a picture is the answer to an entity.

Its trees, priors, calibration and abstain thresholds are read from ``ranker.json``, which ``make train``
writes; ``about`` in it says from what.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Self

import numpy as np

from tapeline.entities import SIDES, is_known, unknown_entity
from tapeline.picture import FloatArray
from tapeline.ranking.calibration import Calibration
from tapeline.ranking.candidates import Candidate, candidates_for, find_candidates
from tapeline.ranking.features import FEATURES, MeasureSet, compute_features
from tapeline.ranking.forest import Forest
from tapeline.ranking.line_evidence import LineEvidence
from tapeline.ranking.measures import Measure, find_measures
from tapeline.ranking.priors import Priors
from tapeline.ranking.rules import is_text_heavy, rule_log_odds
from tapeline.ranking.sides import rate_together
from tapeline.reading.scene import Scene

# The file, beside this module, that ``make train`` writes.
ARTEFACT: Final = "ranker.json"

# Penalty for each step in reading order, subtracted from the natural logarithm of the share of a candidate's
# unit. Chosen by hand.
_LOG_SHARE_A_STEP: Final = 2.0

# Measures in a picture from which what is width or height is seldom depth too.
_ENOUGH_FOR_EACH: Final = 3

# Log-odds against depth of the measure that is rated best as width or height, where there are enough. By
# hand: the ground truth can't teach it, since votes mostly gave one number for two sides.
_TAKEN: Final = 1.5

# The sides that take a measure away from another one. What is rated best as depth is mostly the width.
_FRONT_SIDES: Final = ("width", "height")


@dataclass(frozen=True, slots=True)
class RatedMeasure:
    """A measure and how good an answer it is.

    Attributes:
        answer: The one of its candidates that would be answered.
        rating: Log-odds that the order and abstaining go by; higher is better.
        confidence: How probably it is right, 0 to 1.
    """

    answer: Candidate
    rating: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Family:
    """What entities of one kind are ranked with.

    Attributes:
        entities: Their names.
        forest: Its columns are :data:`~tapeline.ranking.features.FEATURES`.
        calibration: From its ratings to probabilities.
        abstain_thresholds: Entity -> the rating below which it isn't answered. The probabilities behind them
            are in infra/training/abstaining.py; ``make train`` writes them to ranker.json.
    """

    entities: tuple[str, ...]
    forest: Forest
    calibration: Calibration
    abstain_thresholds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Ranker:
    """Rates the measures of a picture.

    Attributes:
        families: Kinds of entities, each with a forest of its own; every entity is in one.
        priors: What the features of usual units and sizes go by.
        about: How it was made.
        together: Whether sides are weighed against one another; see :mod:`tapeline.ranking.sides`.
    """

    families: tuple[Family, ...]
    priors: Priors
    about: Mapping[str, Any]
    together: bool = True

    def rate(self, scene: Scene, entity_names: Iterable[str]) -> dict[str, list[RatedMeasure]]:
        """Rate what could answer each entity in a picture.

        Candidates, line evidence and what no entity decides are worked out once for the picture, and each
        entity's forest is evaluated once.

        Args:
            scene: The picture.
            entity_names: Each one of :data:`~tapeline.entities.UNITS_BY_ENTITY`. The rating for one doesn't
                depend on what else is asked.

        Returns:
            Entity -> its measures, best first; of equals, the one read first.

        Raises:
            RowError: With ``unknown_entity``, where an entity isn't one of those that can be asked for.
        """
        names = tuple(entity_names)
        for name in names:
            if not is_known(name):
                raise unknown_entity(name)
        picture = _PictureRatings(self, scene)
        return {name: picture.rate(name) for name in names}

    def family(self, entity: str) -> Family:
        """Return what an entity is ranked with."""
        return next(family for family in self.families if entity in family.entities)

    def abstain_threshold(self, entity: str) -> float:
        """Return the rating below which an entity isn't answered."""
        return self.family(entity).abstain_thresholds[entity]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Build a ranker from its JSON form.

        Raises:
            ValueError: It was trained with other features.
        """
        if document["features"] != list(FEATURES):
            raise ValueError(
                f"expected a ranker with the features of this version, received {document['features']}: "
                "train it again with make train"
            )
        families = tuple(
            Family(
                tuple(family["entities"]),
                Forest.from_document(family["trees"]),
                Calibration(np.array(family["ratings"]), np.array(family["shares"])),
                family["abstain_thresholds"],
            )
            for family in document["families"]
        )
        return cls(families, Priors.from_document(document["priors"]), document["about"])


class MeasureSets:
    """The measures of one picture, found once for all entities that share them.

    Args:
        scene: The picture.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._candidates = find_candidates(scene)
        self._evidence = LineEvidence(scene)
        self._found: dict[str, MeasureSet] = {}

    def of(self, entity: str) -> MeasureSet:
        """Return the measures that could answer an entity."""
        # The three sides have the same units, and so the same measures.
        kind = SIDES[0] if entity in SIDES else entity
        if kind not in self._found:
            measures = find_measures(candidates_for(kind, self._candidates), kind)
            self._found[kind] = MeasureSet(measures, self._scene, self._evidence)
        return self._found[kind]


class _PictureRatings:
    """The ratings of one picture: each entity's forest is evaluated once, whoever asks for it."""

    def __init__(self, ranker: Ranker, scene: Scene) -> None:
        self._ranker = ranker
        self._scene = scene
        self._measures = MeasureSets(scene)
        self._raw: dict[str, FloatArray] = {}

    def rate(self, entity: str) -> list[RatedMeasure]:
        """Return an entity's measures, best first."""
        found = self._measures.of(entity)
        if not len(found):
            return []
        calibration = self._ranker.family(entity).calibration
        ratings = self._adjusted(found, entity)
        return [
            RatedMeasure(
                preferred(found.measures[index], entity, self._ranker.priors),
                float(ratings[index]),
                calibration.confidence(float(ratings[index])),
            )
            for index in np.argsort(-ratings, kind="stable")
        ]

    def _adjusted(self, found: MeasureSet, entity: str) -> FloatArray:
        """Return an entity's ratings in view of the other sides, shape (measures,)."""
        ratings = self._ratings(entity)
        if self._ranker.together and entity in SIDES and is_text_heavy(self._scene):
            return rate_together(found, ratings, self._taken(entity), entity)
        if entity == "depth" and len(found) >= _ENOUGH_FOR_EACH:
            taken = np.isin(np.arange(len(found)), list(self._taken(entity)))
            return np.where(taken, ratings - _TAKEN, ratings)
        return ratings

    def _taken(self, entity: str) -> set[int]:
        """Return the indexes of the measures that are rated best as width or height, beside an entity."""
        return {int(self._ratings(side).argmax()) for side in _FRONT_SIDES if side != entity}

    def _ratings(self, entity: str) -> FloatArray:
        """Return what rules and trees say of an entity's measures, shape (measures,)."""
        if entity not in self._raw:
            found, priors = self._measures.of(entity), self._ranker.priors
            trees = self._ranker.family(entity).forest.evaluate(compute_features(found, entity, priors))
            self._raw[entity] = rule_log_odds(found, entity, priors) + trees
        return self._raw[entity]


def preferred(measure: Measure, entity: str, priors: Priors) -> Candidate:
    """Return the candidate whose unit the catalogue prefers, if by far; else the one that is read first."""
    return max(
        enumerate(measure.candidates),
        key=lambda item: priors.of_unit(entity, item[1].quantity.unit) - _LOG_SHARE_A_STEP * item[0],
    )[1]


@cache
def default_ranker() -> Ranker:
    """Return the ranker that comes with the package, loaded once for the process."""
    return Ranker.from_document(_shipped())


def default_priors() -> Priors:
    """Return the priors of the ranker that comes with the package, also where its features are others."""
    return Priors.from_document(_shipped()["priors"])


def _shipped() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        resources.files("tapeline.ranking").joinpath(ARTEFACT).read_text(encoding="utf-8")
    )
    return document
