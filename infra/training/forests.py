"""Training the ranker's trees with LightGBM."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import lightgbm
import numpy as np
import numpy.typing as npt

from infra.training.examples import Example, training_targets
from tapeline.entities import SIDES, UNITS_BY_ENTITY
from tapeline.errors import GroundTruthError
from tapeline.picture import FloatArray
from tapeline.ranking.features import FEATURE_SETS, FEATURES

# Kinds of entities that share a forest.
FAMILIES: Final = (SIDES, tuple(name for name in UNITS_BY_ENTITY if name not in SIDES))

# The group of features that trees for products of unknown category aren't trained with.
CATEGORY: Final = "category"

# Log-odds that each measure starts from: about one measure in four is right.
BASE_LOG_ODDS: Final = -1.0

# Boosting rounds, so trees, of each seed. Chosen by hand.
_ROUNDS: Final = 300

# Seeds of each objective, whose mean is less random than each. Chosen by hand.
_SEEDS: Final = 2

# Chosen by hand; https://lightgbm.readthedocs.io/en/stable/Parameters.html says what each one does.
_PARAMETERS: Final[dict[str, Any]] = {
    "num_leaves": 15,
    "min_data_in_leaf": 15,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 3.0,
    "deterministic": True,
    "force_row_wise": True,
    # More threads add up in another order, and so train other trees.
    "num_threads": 1,
    "verbose": -1,
}

# What differs for sides, of which most evidence is rare. Cross-validated: F1 on rows read by eye rises by
# 0.003 on large and small pictures, and log loss falls from 0.562 to 0.554.
_PARAMETERS_OF_SIDES: Final[dict[str, Any]] = {
    "min_data_in_leaf": 5,
    "feature_fraction": 0.3,
    "lambda_l2": 1.0,
}

# Learning rates of the two objectives. That of choices was cross-validated: at 0.05 and 0.03 less likely
# choices are found.
_LEARNING_RATE_OF_MEASURES: Final = 0.05
_LEARNING_RATE_OF_CHOICES: Final = 0.08

# Log-odds that scores are cut off at, either way, so that their exponentials stay finite.
_MAX_SCORE: Final = 30.0

# Second derivatives of the loss of choices at least, so that a leaf's value stays finite. Chosen by hand.
_LEAST_CURVATURE: Final = 1e-3

# Features that can only speak for a measure, however few pictures show it (monotone constraints).
_INCREASING: Final = frozenset(
    {
        "words_for", "caption_for", "table_row_for", "prior_size", "prior_unit", "prior_value", "letter_lead",
        "score", "of_whole", "net_words",
    }
)  # fmt: skip

# Features that can only speak against a measure (monotone constraints).
_DECREASING: Final = frozenset(
    {"words_against", "caption_against", "table_row_against", "rival_words", "of_another_thing"}
)


@dataclass(frozen=True, slots=True)
class BoostedTrees:
    """The trees of one family: the mean over both objectives and a few seeds.

    Attributes:
        boosters: One for each objective and seed.
    """

    boosters: Sequence[lightgbm.Booster]

    def rate(self, example: Example) -> FloatArray:
        """Return the log-odds of each measure: base and trees; shape (measures,)."""
        if not len(example.measures):
            return np.zeros(0)
        raw = [booster.predict(example.features, raw_score=True) for booster in self.boosters]
        total: FloatArray = BASE_LOG_ODDS + np.mean(raw, axis=0)
        return total


class TrainingData(NamedTuple):
    """The measures of which something is known, of all examples.

    Attributes:
        features: Shape (measures, :data:`~tapeline.ranking.features.FEATURES`).
        targets: 1 for a right measure, else 0, shape (measures,).
        weights: Of each measure in the loss, shape (measures,).
        choices: The number of each one's example, from 0, shape (measures,).
    """

    features: FloatArray
    targets: FloatArray
    weights: FloatArray
    choices: npt.NDArray[np.int64]


def train_forest(
    examples: Sequence[Example],
    family: Sequence[str],
    *,
    without: str = "",
    filter_votes: bool = True,
    rounds: int = _ROUNDS,
    seeds: int = _SEEDS,
) -> BoostedTrees:
    """Train a family's trees, half of them on whether each measure is right, half on which one is.

    The second half's loss is that of a conditional logit over an example's measures and silence (McFadden,
    "Conditional logit analysis of qualitative choice behavior", 1974).

    Args:
        examples: What to train on.
        family: Names of entities; examples about others are left out.
        without: A group of :data:`~tapeline.ranking.features.FEATURE_SETS` to hide; none where it is empty.
        filter_votes: See :func:`~infra.training.examples.training_targets`.
        rounds: Trees of each seed.
        seeds: How many times to train with each objective.

    Raises:
        GroundTruthError: Nothing is known of any measure of the family.
    """
    data = _training_data([e for e in examples if e.entity in family], family, filter_votes=filter_votes)
    hidden = FEATURE_SETS.get(without, ())
    features = data.features * np.array([name not in hidden for name in FEATURES])
    monotone = [(name in _INCREASING) - (name in _DECREASING) for name in FEATURES]
    parameters = {
        **_PARAMETERS,
        **(_PARAMETERS_OF_SIDES if family == SIDES else {}),
        "monotone_constraints": monotone,
    }
    objectives: list[tuple[str | Callable[..., tuple[FloatArray, FloatArray]], float]] = [
        ("binary", _LEARNING_RATE_OF_MEASURES),
        (partial(choice_loss, data), _LEARNING_RATE_OF_CHOICES),
    ]
    if not _can_be_split(data, features, parameters):
        # With an objective of its own LightGBM refuses what it otherwise gives trees of one leaf.
        objectives = objectives[:1]
    return BoostedTrees(
        [
            lightgbm.train(
                {**parameters, "objective": objective, "learning_rate": learning_rate, "seed": seed},
                _dataset(data, features),
                rounds,
            )
            for objective, learning_rate in objectives
            for seed in range(seeds)
        ]
    )


def choice_loss(data: TrainingData, scores: FloatArray, _: object = None) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of the negative log-likelihood of choosing what is right.

    An example's choices are its measures, whose scores are log-odds against silence, and silence. Right are
    the measures of target 1, any of them; where none is, silence.

    Args:
        data: What is trained on.
        scores: Log-odds of each measure, shape (measures,).

    Returns:
        The first derivative by each score, and the second, each of shape (measures,).
    """
    odds = np.exp(np.clip(scores, -_MAX_SCORE, _MAX_SCORE))
    every = np.bincount(data.choices, odds)
    right = np.bincount(data.choices, odds * data.targets)
    probabilities = odds / (1.0 + every[data.choices])
    wanted = data.targets * odds / np.maximum(right[data.choices], np.finfo(np.float64).tiny)
    curvature = np.maximum(probabilities * (1.0 - probabilities), _LEAST_CURVATURE)
    return data.weights * (probabilities - wanted), data.weights * curvature


def _dataset(
    data: TrainingData, features: FloatArray, parameters: dict[str, Any] | None = None
) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        features,
        data.targets,
        weight=data.weights,
        init_score=np.full(len(data.targets), BASE_LOG_ODDS),
        feature_name=list(FEATURES),
        params=parameters,
    )


def _can_be_split(data: TrainingData, features: FloatArray, parameters: dict[str, Any]) -> bool:
    """Say whether any feature parts the measures into two leaves that are large enough."""
    dataset = _dataset(data, features, parameters).construct()
    return any(dataset.feature_num_bin(name) > 0 for name in FEATURES)


def _training_data(examples: Sequence[Example], family: Sequence[str], *, filter_votes: bool) -> TrainingData:
    parts: list[TrainingData] = []
    for example in examples:
        targets = training_targets(example, filter_votes=filter_votes)
        if targets is None:
            continue
        known = ~np.isnan(targets.values)
        parts.append(
            TrainingData(
                example.features[known],
                targets.values[known],
                targets.weights[known],
                np.full(known.sum(), len(parts)),
            )
        )
    if not parts:
        raise GroundTruthError(
            f"expected ground truth of {', '.join(family)} on pictures with a quantity to choose, received "
            "none: add rows of at least one of them"
        )
    return TrainingData(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
