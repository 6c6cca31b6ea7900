"""The ranker: how probably each measure in a picture is the answer to an entity.

Its trees, priors and calibration are read from ``ranker.json``, which ``make train`` writes; ``about`` in it
says from what.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tapeline.head import Head
from tapeline.quantities import Quantity
from tapeline.ranking.candidates import Candidate, find_candidates
from tapeline.ranking.features import APPEARANCE, FEATURES, SIDE_NAMES, Matrix, Scene, describe, prior_odds
from tapeline.ranking.forest import Forest
from tapeline.ranking.measures import Measure, find_measures
from tapeline.ranking.priors import Priors
from tapeline.ranking.sides import rate_together, weighs_together

ARTEFACT: Final = "ranker.json"

_PER_PLACE: Final = 2.0
# How much more usual (as a natural logarithm) a unit has to be to be preferred over one read before it.


_ENOUGH_FOR_EACH: Final = 3
_TAKEN: Final = 1.5
# Where there are measures for all three sides, what is width or height is seldom depth too. The labels can't
# teach that: those who voted mostly gave one number for two sides.
_SEEN_FROM_THE_FRONT: Final = ("width", "height")
# What takes a measure away from another side. What the trees rate best as depth is mostly the width.


@dataclass(frozen=True, slots=True)
class RatedMeasure:
    """A measure and how good an answer it is.

    Attributes:
        answer: The one of its candidates that would be answered.
        rating: What the order and silence go by; higher is better.
        confidence: How probably it is right, 0 to 1.
    """

    answer: Candidate
    rating: float
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """From ratings to probabilities, as a line through points.

    Attributes:
        ratings: Ascending, shape (points,).
        shares: The share of right answers at each, never falling, shape (points,).
    """

    ratings: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    def confidence(self, rating: float) -> float:
        """Return how probably an answer with this rating is right."""
        return float(np.interp(rating, self.ratings, self.shares))


@dataclass(frozen=True, slots=True)
class Family:
    """What entities of one kind are ranked with.

    Attributes:
        entities: Their names.
        forest: Its columns are :data:`~tapeline.ranking.features.FEATURES`.
        calibration: From its sums to probabilities.
        silent_below: Entity -> the least rating that is answered.
    """

    entities: tuple[str, ...]
    forest: Forest
    calibration: Calibration
    silent_below: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Ranker:
    """Rates the measures of a picture.

    Attributes:
        families: Kinds of entities, each with a forest of its own; every entity is in one.
        priors: What the features of usual units and sizes go by.
        about: How it was made.
        together: Whether sides are weighed against one another; see :mod:`tapeline.ranking.sides`.
        head: What it goes by beside the text; None where it was trained without ResNet50.
    """

    families: tuple[Family, ...]
    priors: Priors
    about: Mapping[str, Any]
    together: bool = True
    head: Head | None = None

    def rate(self, scene: Scene, entity: str) -> list[RatedMeasure]:
        """Rate what could answer an entity in a picture.

        Args:
            scene: The picture.
            entity: One of :data:`~tapeline.entities.UNITS_BY_ENTITY`.

        Returns:
            Its measures, best first; of equals, the one read first.

        Raises:
            RowError: With ``unknown_entity``, where the entity isn't one of those that can be asked for.
        """
        measures = find_measures(find_candidates(scene.lines, entity, width=scene.width, height=scene.height))
        if not measures:
            return []
        family = self._family(entity)
        ratings = self._ratings(measures, entity, scene)
        if self.together and entity in SIDE_NAMES and weighs_together(scene):
            ratings = rate_together(measures, ratings, self._taken(measures, entity, scene), entity, scene)
        elif entity == "depth" and len(measures) >= _ENOUGH_FOR_EACH:
            ratings[list(self._taken(measures, entity, scene))] -= _TAKEN
        return [
            RatedMeasure(
                preferred(measures[place], entity, self.priors),
                float(ratings[place]),
                family.calibration.confidence(float(ratings[place])),
            )
            for place in np.argsort(-ratings, kind="stable")
        ]

    def _ratings(self, measures: Sequence[Measure], entity: str, scene: Scene) -> Matrix:
        features = describe(measures, entity, scene, self.priors, self._appearance(scene))
        ratings: Matrix = prior_odds(measures, entity, scene, self.priors) + self._family(
            entity
        ).forest.evaluate(features)
        return ratings

    def _taken(self, measures: Sequence[Measure], entity: str, scene: Scene) -> set[int]:
        """Return the places of the measures that are rated best as width or height, beside an entity."""
        rivals = [side for side in _SEEN_FROM_THE_FRONT if side != entity]
        return {int(self._ratings(measures, side, scene).argmax()) for side in rivals}

    def _appearance(self, scene: Scene) -> Matrix | None:
        return None if self.head is None else self.head.appearance(scene.pooled)

    def guess(self, scene: Scene, entity: str) -> tuple[Quantity, float] | None:
        """Return what similar pictures have, for one in which no text was read.

        Returns:
            The quantity and how probably it is right; None where there is text, or no head, or where such
            answers don't pay.
        """
        if self.head is None or scene.lines or scene.pooled is None:
            return None
        known = self.head.neighbourhoods.get(entity)
        if known is None:
            return None
        quantity = known.answer(self.head.compression.compress(scene.pooled))
        return None if quantity is None else (quantity, known.precision)

    def silent_below(self, entity: str) -> float:
        """Return the rating below which an entity isn't answered."""
        return self._family(entity).silent_below[entity]

    def _family(self, entity: str) -> Family:
        return next(family for family in self.families if entity in family.entities)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Build a ranker from its JSON form.

        Raises:
            ValueError: It was trained with other features.
        """
        head = Head.from_document(document["head"]) if document.get("head") else None
        if document["features"] != [*FEATURES, *(APPEARANCE if head else ())]:
            raise ValueError(
                f"expected a ranker with the features of this version, received {document['features']}: "
                "train it again with make train"
            )
        families = tuple(
            Family(
                tuple(family["entities"]),
                Forest.from_document(family["trees"]),
                Calibration(np.array(family["ratings"]), np.array(family["shares"])),
                family["silent_below"],
            )
            for family in document["families"]
        )
        return cls(families, Priors.from_document(document["priors"]), document["about"], head=head)


def preferred(measure: Measure, entity: str, priors: Priors) -> Candidate:
    """Return the candidate whose unit the catalogue prefers, if by far; else the one that is read first."""
    return max(
        enumerate(measure.candidates),
        key=lambda item: priors.of_unit(entity, item[1].quantity.unit) - _PER_PLACE * item[0],
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
