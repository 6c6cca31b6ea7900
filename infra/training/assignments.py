"""Fitting the assignment of measures to competing entities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from infra.training.examples import (
    NOT_READ_BY_EYE,
    Example,
    entities_of_pictures,
    is_read_by_eye,
    match_mask,
)
from tapeline.entities import MASSES, SIDES, UNITS_BY_ENTITY
from tapeline.errors import GroundTruthError
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

# Weight of one measure as own weight and load where a word names it as either: it isn't both. The ground
# truth can't teach it, since its 7 pictures with both are votes for one number. Without a word the trees
# decide.
_SAME_MASS: Final = -20.0


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPicture:
    """One picture as the assignment of its sides is fitted to it.

    Attributes:
        choices: For each side the evidence on its choices, shape (measures + 1, evidence).
        pairs: For each two sides that on their choices, shape (measures + 1, measures + 1, evidence).
        allowed: For each side which choices the ground truth allows, shape (measures + 1,); all where it
            doesn't tell.
    """

    choices: Sequence[FloatArray]
    pairs: Sequence[FloatArray]
    allowed: Sequence[npt.NDArray[np.bool_]]


def labelled_pictures(
    examples: Sequence[Example], ratings: Sequence[FloatArray]
) -> dict[str, LabelledPicture]:
    """Return the pictures whose sides were read by eye.

    Args:
        examples: The examples.
        ratings: The log-odds of each one's measures, by trees that weren't trained on its picture.

    Returns:
        Link -> the picture; those without a length are left out.
    """
    found: dict[str, LabelledPicture] = {}
    for link, asked in entities_of_pictures(examples).items():
        if SIDES[0] not in asked:
            continue
        first = examples[asked[SIDES[0]]]
        is_read = any(is_read_by_eye(row) and row.entity_name in SIDES for row in first.picture_rows)
        if not is_read or not len(first.measures):
            continue
        every = range(len(first.measures))
        # All sides have the same measures, and so the same evidence on each two of them.
        pairs = pair_evidence(first.measures, first.measures, every, every)
        found[link] = LabelledPicture(
            [choice_evidence(first.measures, side, ratings[asked[side]], every) for side in SIDES],
            [pairs] * len(list(combinations(SIDES, 2))),
            [allowed_choices(examples[asked[side]]) for side in SIDES],
        )
    return found


def allowed_choices(example: Example) -> npt.NDArray[np.bool_]:
    """Say which choices the ground truth allows, shape (measures + 1,); the last is silence.

    All are allowed where it doesn't tell: without a row, and where no right answer was read.
    """
    if example.row is None:
        return np.ones(len(example.measures) + 1, bool)
    silent = example.row.says_nothing
    allowed = np.append(match_mask(example, example.row) & (not silent), silent)
    return allowed if allowed.any() else np.ones(len(allowed), bool)


def fit_sides(pictures: Iterable[LabelledPicture]) -> Assignment:
    """Fit the weights of the sides' assignment by maximum likelihood of what the ground truth allows.

    Args:
        pictures: The pictures.

    Raises:
        GroundTruthError: There is none.
    """
    labelled = list(pictures)
    if not labelled:
        raise GroundTruthError(
            "expected pictures whose sides were read by eye, received none: add rows of at least one, with a "
            f"source other than {' and '.join(sorted(NOT_READ_BY_EYE))}, and with an empty answer where the "
            "picture doesn't say"
        )
    start = np.zeros(len(SIDES) * (len(CHOICE_EVIDENCE) + len(PAIR_EVIDENCE)))
    result = minimize(
        _loss,
        start,
        args=(labelled,),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MAX_ITERATIONS},
    )
    choices, pairs = _unpack(np.round(result.x, _DECIMALS))
    return Assignment(SIDES, dict(zip(SIDES, choices.tolist(), strict=True)), pairs.tolist())


def all_assignments(sides: Assignment) -> tuple[Assignment, ...]:
    """Return the assignments of all entities, given the fitted one of the sides."""
    same = [_SAME_MASS * (name == "same_named") for name in PAIR_EVIDENCE]
    masses = Assignment(MASSES, dict.fromkeys(MASSES, BY_RATING), [same])
    others = (name for name in UNITS_BY_ENTITY if name not in {*SIDES, *MASSES})
    return (sides, masses, *map(Assignment.independent, others))


def _unpack(weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the weights of choices and of pairs, each of shape (3, evidence)."""
    count = len(SIDES) * len(CHOICE_EVIDENCE)
    return weights[:count].reshape(len(SIDES), -1), weights[count:].reshape(len(SIDES), -1)


def _loss(weights: FloatArray, pictures: Sequence[LabelledPicture]) -> tuple[float, FloatArray]:
    """Return the negative log-likelihood with its penalty, and its gradient."""
    choices, pairs = _unpack(weights)
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
        axes = combinations(range(len(SIDES)), 2)
        for pair, (evidence, kept) in enumerate(zip(picture.pairs, axes, strict=True)):
            pair_gradient[pair] += np.tensordot(sum_over_others(difference, *kept), evidence, 2)
    gradient = np.concatenate([choice_gradient.ravel(), pair_gradient.ravel()])
    return total + _L2 / 2 * float(weights @ weights), gradient + _L2 * weights


def _mask(allowed: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
    first, second, third = allowed
    mask: npt.NDArray[np.bool_] = first[:, None, None] & second[None, :, None] & third[None, None, :]
    return mask


def _softmax(scores: FloatArray) -> tuple[FloatArray, float]:
    """Return the probabilities of scores, and the logarithm of the sum of their exponentials."""
    top = float(scores.max())
    weights = np.exp(scores - top)
    total = float(weights.sum())
    return weights / total, top + np.log(total)
