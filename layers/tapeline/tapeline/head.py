"""The head on ResNet50: its pooled features, compressed, for the trees and for pictures without a number.

It is optional. An artefact that was trained without the ImageNet weights has none: the trees then see zeros,
and a picture in which nothing was read is silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from tapeline.picture import Features
from tapeline.quantities import Quantity, parse_quantity
from tapeline.ranking.features import APPEARANCE, Matrix

COMPONENTS: Final = len(APPEARANCE)
"""To how many numbers the 2,048 pooled features are compressed."""

NEIGHBOURS: Final = 15
"""How many of the most similar training pictures say what a picture without a number may be."""


@dataclass(frozen=True, slots=True, eq=False)
class Compression:
    """Principal components of pooled features of length 1.

    Attributes:
        mean: Of the training pictures, shape (2048,).
        axes: Orthogonal directions, each divided by the deviation along it, shape (:data:`COMPONENTS`, 2048).
    """

    mean: Matrix
    axes: Matrix

    def compress(self, features: Features) -> Matrix:
        """Return a picture's place along the axes, of deviation 1 on training pictures.

        Args:
            features: Pooled features, shape (2048,).

        Returns:
            Shape (:data:`COMPONENTS`,), float64.
        """
        place: Matrix = self.axes @ (unit_length(features) - self.mean)
        return place


def unit_length(features: Features) -> Features:
    """Return pooled features scaled to length 1; zeros stay zeros."""
    return features / max(float(np.linalg.norm(features)), 1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """What training pictures answered to one entity, for pictures in which nothing was read.

    Attributes:
        places: The pictures' compressed features, shape (pictures, :data:`COMPONENTS`).
        answers: Their answers, as ``NUMBER UNIT``.
        least_share: The share of the neighbours that has to agree.
        precision: How often such an answer was right for the training pictures themselves, each left out.
    """

    places: Matrix
    answers: tuple[str, ...]
    least_share: float
    precision: float

    def answer(self, place: Matrix) -> Quantity | None:
        """Return what enough neighbours have; None where they don't agree."""
        answer, share = vote(self.places, self.answers, place)
        return parse_quantity(answer) if share >= self.least_share else None


def vote(places: Matrix, answers: tuple[str, ...], place: Matrix) -> tuple[str, float]:
    """Return the commonest answer of the nearest pictures, and its share of them.

    Args:
        places: Compressed features, shape (pictures, :data:`COMPONENTS`); at least one picture.
        answers: The pictures' answers.
        place: Where to look, shape (:data:`COMPONENTS`,).

    Returns:
        Of equally common answers that of the nearest; and a share from 0 to 1.
    """
    nearest = np.argsort(((places - place) ** 2).sum(axis=1), kind="stable")[:NEIGHBOURS]
    found = [answers[picture] for picture in nearest]
    best = max(dict.fromkeys(found), key=found.count)
    return best, found.count(best) / NEIGHBOURS


@dataclass(frozen=True, slots=True)
class Head:
    """What an artefact has that was trained with ResNet50.

    Attributes:
        compression: Of pooled features.
        neighbourhoods: Entity -> its training pictures; entities for which it doesn't pay are left out.
    """

    compression: Compression
    neighbourhoods: Mapping[str, Neighbourhood]

    def appearance(self, pooled: Features | None) -> Matrix:
        """Return a picture's columns for the trees: zeros where its pooled features aren't known."""
        return np.zeros(COMPONENTS) if pooled is None else self.compression.compress(pooled)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Build a head from its JSON form, as :meth:`document` gives it."""
        return cls(
            Compression(np.array(document["mean"], float), np.array(document["axes"], float)),
            {
                entity: Neighbourhood(
                    np.array(known["places"], float),
                    tuple(known["answers"]),
                    known["least_share"],
                    known["precision"],
                )
                for entity, known in document["neighbourhoods"].items()
            },
        )

    def document(self) -> dict[str, Any]:
        """Return its JSON form, in four digits."""
        return {
            "mean": _rounded(self.compression.mean),
            "axes": [_rounded(axis) for axis in self.compression.axes],
            "neighbourhoods": {
                entity: {
                    "places": [_rounded(place) for place in known.places],
                    "answers": list(known.answers),
                    "least_share": known.least_share,
                    "precision": known.precision,
                }
                for entity, known in self.neighbourhoods.items()
            },
        }


def _rounded(numbers: Matrix) -> list[float]:
    return [float(f"{number:.4g}") for number in numbers]
