"""Training the ranker's trees with LightGBM."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import lightgbm
import numpy as np

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

# Seeds of a forest, whose mean is less random than each. Chosen by hand.
_SEEDS: Final = 3

# Chosen by hand; https://lightgbm.readthedocs.io/en/stable/Parameters.html says what each one does.
_PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary",
    "learning_rate": 0.05,
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

# Features that can only speak for a measure, however few pictures show it (monotone constraints).
_INCREASING: Final = frozenset(
    {
        "words_for", "caption_for", "table_row_for", "prior_size", "prior_unit", "prior_value", "letter_lead",
        "score", "of_whole",
    }
)  # fmt: skip

# Features that can only speak against a measure (monotone constraints).
_DECREASING: Final = frozenset(
    {"words_against", "caption_against", "table_row_against", "rival_words", "of_another_thing"}
)


@dataclass(frozen=True, slots=True)
class BoostedTrees:
    """The trees of one family: the mean over a few seeds.

    Attributes:
        boosters: One for each seed.
    """

    boosters: Sequence[lightgbm.Booster]

    def rate(self, example: Example) -> FloatArray:
        """Return the log-odds of each measure: base and trees; shape (measures,)."""
        if not len(example.measures):
            return np.zeros(0)
        raw = [booster.predict(example.features, raw_score=True) for booster in self.boosters]
        total: FloatArray = BASE_LOG_ODDS + np.mean(raw, axis=0)
        return total


def train_forest(
    examples: Sequence[Example],
    family: Sequence[str],
    *,
    without: str = "",
    filter_votes: bool = True,
    rounds: int = _ROUNDS,
    seeds: int = _SEEDS,
) -> BoostedTrees:
    """Train a family's trees.

    Args:
        examples: What to train on.
        family: Names of entities; examples about others are left out.
        without: A group of :data:`~tapeline.ranking.features.FEATURE_SETS` to hide; none where it is empty.
        filter_votes: See :func:`~infra.training.examples.training_targets`.
        rounds: Trees of each seed.
        seeds: How many times to train.

    Raises:
        GroundTruthError: Nothing is known of any measure of the family.
    """
    data = _training_data([e for e in examples if e.entity in family], family, filter_votes=filter_votes)
    hidden = FEATURE_SETS.get(without, ())
    features = data.features * np.array([name not in hidden for name in FEATURES])
    parameters = _PARAMETERS | (_PARAMETERS_OF_SIDES if family == SIDES else {})
    monotone = [(name in _INCREASING) - (name in _DECREASING) for name in FEATURES]
    return BoostedTrees(
        [
            lightgbm.train(
                {**parameters, "seed": seed, "monotone_constraints": monotone},
                lightgbm.Dataset(
                    features,
                    data.targets,
                    weight=data.weights,
                    init_score=np.full(len(data.targets), BASE_LOG_ODDS),
                    feature_name=list(FEATURES),
                ),
                rounds,
            )
            for seed in range(seeds)
        ]
    )


class _TrainingData(NamedTuple):
    """The measures of which something is known, of all examples; each but the first of shape (measures,)."""

    # Shape (measures, FEATURES).
    features: FloatArray
    targets: FloatArray
    weights: FloatArray


def _training_data(
    examples: Sequence[Example], family: Sequence[str], *, filter_votes: bool
) -> _TrainingData:
    parts: list[_TrainingData] = []
    for example in examples:
        targets = training_targets(example, filter_votes=filter_votes)
        if targets is None:
            continue
        known = ~np.isnan(targets.values)
        parts.append(
            _TrainingData(
                example.features[known],
                targets.values[known],
                targets.weights[known],
            )
        )
    if not parts:
        raise GroundTruthError(
            f"expected ground truth of {', '.join(family)} on pictures with a quantity to choose, received "
            "none: add rows of at least one of them"
        )
    return _TrainingData(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
