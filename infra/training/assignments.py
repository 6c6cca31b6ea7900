"""Fitting the assignment of measures to competing entities."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from infra.training.examples import (
    Example,
    entities_of_pictures,
    is_read_by_eye,
    match_mask,
)
from tapeline.entities import COMPETING
from tapeline.picture import FloatArray
from tapeline.ranking.assignment import (
    BY_RATING,
    CHOICE_EVIDENCE,
    PAIR_EVIDENCE,
    Assignment,
    choice_evidence,
    joint_scores,
    pair_evidence,
    sum_over_others,
)

# Weight of the squared weights in the loss. Chosen by cross-validation: 0.1 to 3 do as well.
_L2: Final = 0.3

# Iterations of the optimiser at most; it needs about 60.
_MAX_ITERATIONS: Final = 200

# Decimals of a weight in the artefact.
_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPicture:
    """One picture as the assignment of competing entities is fitted to it.

    Attributes:
        link: Its link.
        entities: The entities that compete, one of :data:`~tapeline.entities.COMPETING`.
        choices: For each entity the evidence on its choices, shape (measures + 1, evidence).
        pairs: For each two entities that on their choices, shape (measures + 1, measures + 1, evidence).
        allowed: For each entity which choices the ground truth allows, shape (measures + 1,); all where it
            doesn't tell.
    """

    link: str
    entities: tuple[str, ...]
    choices: Sequence[FloatArray]
    pairs: Sequence[FloatArray]
    allowed: Sequence[npt.NDArray[np.bool_]]


def labelled_pictures(examples: Sequence[Example], ratings: Sequence[FloatArray]) -> list[LabelledPicture]:
    """Return the pictures of which entities were read by eye, for each group of competing ones.

    Args:
        examples: The examples.
        ratings: The log-odds of each one's measures, by trees that weren't trained on its picture.

    Returns:
        The pictures; those without a measure of a group aren't in it.
    """
    return [
        _labelled_picture(
            link, entities, [(examples[asked[name]], ratings[asked[name]]) for name in entities]
        )
        for link, asked in entities_of_pictures(examples).items()
        for entities in COMPETING
        if asked.keys() >= set(entities) and _is_fitted_to([examples[asked[name]] for name in entities])
    ]


def _is_fitted_to(examples: Sequence[Example]) -> bool:
    """Say whether a picture, given the examples of competing entities, teaches how they are assigned."""
    entities = {example.entity for example in examples}
    rows = examples[0].picture_rows
    is_read = any(row.entity_name in entities and is_read_by_eye(row) for row in rows)
    return is_read and any(len(example.measures) for example in examples)


def _labelled_picture(
    link: str, entities: Sequence[str], rated: Sequence[tuple[Example, FloatArray]]
) -> LabelledPicture:
    every = [range(len(example.measures)) for example, _ in rated]
    # Sides share their measures, and so the evidence on each two of them.
    evidence_of = cache(pair_evidence)
    return LabelledPicture(
        link,
        tuple(entities),
        [
            choice_evidence(example.measures, example.entity, ratings, kept)
            for (example, ratings), kept in zip(rated, every, strict=True)
        ],
        [
            evidence_of(first.measures, second.measures, *kept)
            for ((first, _), (second, _)), kept in zip(
                combinations(rated, 2), combinations(every, 2), strict=True
            )
        ],
        [allowed_choices(example) for example, _ in rated],
    )


def allowed_choices(example: Example) -> npt.NDArray[np.bool_]:
    """Say which choices the ground truth allows, shape (measures + 1,); the last is silence.

    All are allowed where it doesn't tell: without a row, and where no right answer was read.
    """
    if example.row is None:
        return np.ones(len(example.measures) + 1, bool)
    silent = example.row.says_nothing
    allowed = np.append(match_mask(example, example.row) & (not silent), silent)
    return allowed if allowed.any() else np.ones(len(allowed), bool)


def fit_assignments(pictures: Iterable[LabelledPicture]) -> tuple[Assignment, ...]:
    """Fit the assignments of all entities.

    Args:
        pictures: What is fitted to.
    """
    of_group = defaultdict(list)
    for picture in pictures:
        of_group[picture.entities].append(picture)
    return tuple(fit_assignment(entities, of_group[entities]) for entities in COMPETING)


def fit_assignment(entities: Sequence[str], pictures: Sequence[LabelledPicture]) -> Assignment:
    """Fit the weights of an assignment by maximum likelihood of what the ground truth allows.

    Without a picture, the ratings alone decide.

    Args:
        entities: The entities that compete.
        pictures: What is fitted to.
    """
    pairs = len(list(combinations(entities, 2)))
    start = np.concatenate([np.tile(BY_RATING, len(entities)), np.zeros(pairs * len(PAIR_EVIDENCE))])
    result = minimize(
        _loss,
        start,
        args=(start, len(entities), pictures),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MAX_ITERATIONS},
    )
    choices, weights = _unpack(np.round(result.x, _DECIMALS), len(entities))
    return Assignment(tuple(entities), dict(zip(entities, choices.tolist(), strict=True)), weights.tolist())


def _unpack(weights: FloatArray, entities: int) -> tuple[FloatArray, FloatArray]:
    """Return the weights of choices, shape (entities, evidence), and of pairs, shape (pairs, evidence)."""
    count = entities * len(CHOICE_EVIDENCE)
    return (
        weights[:count].reshape(entities, len(CHOICE_EVIDENCE)),
        weights[count:].reshape(-1, len(PAIR_EVIDENCE)),
    )


def _loss(
    weights: FloatArray, start: FloatArray, entities: int, pictures: Sequence[LabelledPicture]
) -> tuple[float, FloatArray]:
    """Return the negative log-likelihood with its penalty, and its gradient."""
    choices, pairs = _unpack(weights, entities)
    choice_gradient, pair_gradient = np.zeros_like(choices), np.zeros_like(pairs)
    total = 0.0
    for picture in pictures:
        scores = joint_scores(
            [e @ w for e, w in zip(picture.choices, choices, strict=True)],
            [e @ w for e, w in zip(picture.pairs, pairs, strict=True)],
        )
        free, free_sum = _softmax(scores)
        bound, bound_sum = _softmax(np.where(_mask(picture.allowed), scores, -np.inf))
        total += free_sum - bound_sum
        difference = free - bound
        for axis, evidence in enumerate(picture.choices):
            choice_gradient[axis] += sum_over_others(difference, axis) @ evidence
        axes = combinations(range(entities), 2)
        for pair, (evidence, kept) in enumerate(zip(picture.pairs, axes, strict=True)):
            pair_gradient[pair] += np.tensordot(sum_over_others(difference, *kept), evidence, 2)
    gradient = np.concatenate([choice_gradient.ravel(), pair_gradient.ravel()])
    off = weights - start
    return total + _L2 / 2 * float(off @ off), gradient + _L2 * off


def _mask(allowed: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
    """Say of each assignment whether every choice in it is allowed."""
    mask: npt.NDArray[np.bool_] = reduce(np.logical_and.outer, allowed)
    return mask


def _softmax(scores: FloatArray) -> tuple[FloatArray, float]:
    """Return the probabilities of scores, and the logarithm of the sum of their exponentials."""
    top = float(scores.max())
    weights = np.exp(scores - top)
    total = float(weights.sum())
    return weights / total, top + np.log(total)
