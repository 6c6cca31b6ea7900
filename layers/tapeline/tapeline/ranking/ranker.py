"""The ranker: how probably each measure in a picture is the answer to an entity.

Its trees, assignments, calibrations, abstain ratios, priors and weights of drawn lines are read from
``ranker.json``, which ``make train`` writes; ``about`` in it says from what.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Self

import numpy as np

from tapeline.entities import EIGHT, SIDES, UNITS_BY_ENTITY
from tapeline.picture import FloatArray
from tapeline.ranking.assignment import Assignment
from tapeline.ranking.calibration import Calibration
from tapeline.ranking.candidates import Candidate, candidates_for, find_candidates
from tapeline.ranking.features import FEATURES, MeasureSet, compute_features
from tapeline.ranking.forest import Forest
from tapeline.ranking.line_evidence import LineEvidence
from tapeline.ranking.line_ratings import LineRater
from tapeline.ranking.measures import Measure, find_measures
from tapeline.ranking.priors import Priors
from tapeline.reading.scene import Scene

# The file, beside this module, that ``make train`` writes.
ARTEFACT: Final = "ranker.json"

# Penalty for each step in reading order, subtracted from the natural logarithm of the share of a candidate's
# unit. Chosen by hand.
_LOG_SHARE_A_STEP: Final = 2.0

# Probabilities are cut off at so much from 0 and 1 before their log-odds are taken. Chosen by hand.
_SMALLEST_PROBABILITY: Final = 1e-6


@dataclass(frozen=True, slots=True)
class RatedMeasure:
    """A measure and how good an answer it is.

    Attributes:
        answer: The one of its candidates that would be answered.
        probability: That it is the answer, beside the other measures and silence; what the order and
            abstaining go by.
        confidence: How probably it is right, 0 to 1: the probability, calibrated.
    """

    answer: Candidate
    probability: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """What could answer an entity in a picture.

    Attributes:
        measures: The measures, best first; of equals, the one read first.
        silence: The probability that none of them is the answer.
        stated: How probably the picture states the entity, 0 to 1: what isn't silence, calibrated.
    """

    measures: tuple[RatedMeasure, ...]
    silence: float
    stated: float


@dataclass(frozen=True, slots=True)
class Family:
    """Entities of one kind, which share trees.

    Attributes:
        entities: Their names.
        forest: Its columns are :data:`~tapeline.ranking.features.FEATURES`; it doesn't go by those of the
            category.
        category_forest: The same for products whose category is known, with all columns.
    """

    entities: tuple[str, ...]
    forest: Forest
    category_forest: Forest


@dataclass(frozen=True, slots=True)
class Decision:
    """How probabilities become answers of one entity.

    Attributes:
        confidence: From the log-odds of a measure's probability to how probably it is right.
        stated: From the log-odds of all measures' probability to how probably the picture states the entity.
        abstain_ratio: The best measure is answered where its probability is at least so many times that of
            silence. ``infra/training/abstaining.py`` has the reasons.
    """

    confidence: Calibration
    stated: Calibration
    abstain_ratio: float


@dataclass(frozen=True, slots=True)
class Ranker:
    """Rates the measures of a picture.

    Attributes:
        families: Kinds of entities, each with a forest of its own; every entity is in one.
        assignments: Entities that compete for measures; every entity is in one.
        decisions: Entity -> how its probabilities become answers.
        priors: What the features of usual units and sizes go by.
        line_rater: Rates which drawn line is which measure's.
        about: How it was made.
    """

    families: tuple[Family, ...]
    assignments: tuple[Assignment, ...]
    decisions: Mapping[str, Decision]
    priors: Priors
    line_rater: LineRater
    about: Mapping[str, Any]

    def rate(self, scene: Scene, entity_names: Iterable[str], category: str = "") -> dict[str, Ranking]:
        """Rate what could answer each entity in a picture.

        Candidates, line evidence and what no entity decides are worked out once for the picture, and each
        entity's forest is evaluated once.

        Args:
            scene: The picture.
            entity_names: Each one of :data:`~tapeline.entities.UNITS_BY_ENTITY`. The ranking for one doesn't
                depend on what else is asked.
            category: The product's category, the input's ``group_id``; empty where it isn't known.

        Returns:
            Entity -> its ranking.

        Raises:
            RowError: With ``unknown_entity``, where an entity isn't one of those that can be asked for.
        """
        names = tuple(entity_names)
        for name in names:
            if name not in UNITS_BY_ENTITY:
                raise EIGHT.unknown(name)
        sets = MeasureSets(scene, self.line_rater)
        probabilities: dict[str, FloatArray] = {}
        for name in names:
            if name not in probabilities:
                probabilities |= self._probabilities(sets, self._assignment(name), category)
        return {name: self._ranking(sets.of(name), name, probabilities[name]) for name in names}

    def family(self, entity: str) -> Family:
        """Return what an entity is ranked with."""
        return next(family for family in self.families if entity in family.entities)

    def _assignment(self, entity: str) -> Assignment:
        return next(assignment for assignment in self.assignments if entity in assignment.entities)

    def _probabilities(
        self, sets: "MeasureSets", assignment: Assignment, category: str
    ) -> dict[str, FloatArray]:
        """Return the probabilities of competing entities' measures and of silence."""
        found = {name: sets.of(name) for name in assignment.entities}
        ratings = {name: self._rate(own, name, category) for name, own in found.items()}
        return assignment.probabilities(found, ratings)

    def _rate(self, found: MeasureSet, entity: str, category: str) -> FloatArray:
        """Return the log-odds of measures as answers to one entity."""
        family = self.family(entity)
        forest = family.category_forest if self.priors.rows_of(category) else family.forest
        return forest.evaluate(compute_features(found, entity, self.priors, category))

    def _ranking(self, found: MeasureSet, entity: str, probabilities: FloatArray) -> Ranking:
        decision = self.decisions[entity]
        measures = tuple(
            RatedMeasure(
                preferred(found.measures[index], entity, self.priors),
                float(probabilities[index]),
                decision.confidence.confidence(log_odds(float(probabilities[index]))),
            )
            for index in np.argsort(-probabilities[:-1], kind="stable")
        )
        silence = float(probabilities[-1])
        # Where nothing was read too: it may be stated and not be read.
        stated = decision.stated.confidence(log_odds(1.0 - silence))
        # What is right is stated.
        return Ranking(measures, silence, max([stated, *(m.confidence for m in measures[:1])]))

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
        return cls(
            tuple(
                Family(
                    tuple(family["entities"]),
                    Forest.from_document(family["trees"]),
                    Forest.from_document(family["category_trees"]),
                )
                for family in document["families"]
            ),
            tuple(Assignment.from_document(assignment) for assignment in document["assignments"]),
            {
                name: Decision(
                    Calibration.from_document(decision["confidence"]),
                    Calibration.from_document(decision["stated"]),
                    decision["abstain_ratio"],
                )
                for name, decision in document["decisions"].items()
            },
            Priors.from_document(document["priors"]),
            LineRater.from_document(document["lines"]),
            document["about"],
        )


class MeasureSets:
    """The measures of one picture, found once for all entities that share them.

    Args:
        scene: The picture.
        rater: Rates its lines.
    """

    def __init__(self, scene: Scene, rater: LineRater) -> None:
        self._scene = scene
        self._candidates = find_candidates(scene)
        self._evidence = LineEvidence(scene, rater)
        self._found: dict[str, MeasureSet] = {}

    def of(self, entity: str) -> MeasureSet:
        """Return the measures that could answer an entity."""
        # The three sides have the same units, and so the same measures.
        kind = SIDES[0] if entity in SIDES else entity
        if kind not in self._found:
            measures = find_measures(candidates_for(kind, self._candidates), kind)
            self._found[kind] = MeasureSet(measures, self._scene, self._evidence)
        return self._found[kind]


def log_odds(probability: float) -> float:
    """Return the natural logarithm of a probability's odds; finite for 0 and 1 too."""
    bounded = min(max(probability, _SMALLEST_PROBABILITY), 1.0 - _SMALLEST_PROBABILITY)
    return math.log(bounded / (1.0 - bounded))


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


def default_line_rater() -> LineRater:
    """Return the line rater of the ranker that comes with the package, also where its features are others."""
    return LineRater.from_document(_shipped()["lines"])


def _shipped() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        resources.files("tapeline.ranking").joinpath(ARTEFACT).read_text(encoding="utf-8")
    )
    return document
