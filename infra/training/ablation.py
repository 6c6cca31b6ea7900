"""Ablation: the cross-validated F1 of the train rows without each part of the ranker."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final

import numpy as np

from infra.training.cross_validation import CrossValidation, Train, cross_validate, outcomes
from infra.training.examples import Example, is_contradicted
from infra.training.forests import train_forest
from infra.training.scoring import scores
from tapeline.entities import SIDES
from tapeline.ranking.features import FEATURE_SETS
from tapeline.ranking.priors import Priors

# How often the pictures are dealt anew into the parts of the cross-validation, whose mean F1 is printed: one
# dealing moves it by about 0.01.
_DEALINGS: Final = 2


def ablate(examples: Sequence[Example], priors: Priors, *, dealings: int = _DEALINGS) -> Iterator[str]:
    """Cross-validate without each part, one after the other: each takes minutes.

    Args:
        examples: What the ranker is trained on.
        priors: Which units and sizes each entity usually has.
        dealings: How often the pictures are dealt into parts.

    Yields:
        A table, line by line: a part, and the F1 of each source and of its sides without it.
    """
    kinds = list(dict.fromkeys(chain.from_iterable(map(_kinds, examples))))
    yield f"{'cross-validated F1':32s}" + "".join(f"{kind:>20s}" for kind in kinds)

    def line(title: str, train: Train, *, together: bool = True) -> str:
        found = [
            _f1(cross_validate(examples, train=train, together=together, seed=seed), priors)
            for seed in range(dealings)
        ]
        return f"{title:32s}" + "".join(f"{np.mean([f1[kind] for f1 in found]):20.3f}" for kind in kinds)

    yield line("all", train_forest)
    yield line("without assigning together", train_forest, together=False)
    yield line("without the filter of votes", partial(train_forest, filter_votes=False))
    for group in FEATURE_SETS:
        yield line(f"without {group}", partial(train_forest, without=group))


def _f1(found: CrossValidation, priors: Priors) -> dict[str, float]:
    """Return the F1 of each kind of rows, without contradicted votes."""
    credible = [
        (example, result) for example, result in outcomes(found, priors) if not is_contradicted(example)
    ]
    return {
        kind: score.f1
        for kind, score in scores(
            (kind, result) for example, result in credible for kind in _kinds(example)
        ).items()
    }


def _kinds(example: Example) -> list[str]:
    """Return the kinds of rows that an example counts for: its source, and that with its side."""
    if example.row is None:
        return []
    source = example.row.source or "all rows"
    return [source, *([f"{source} {example.entity}"] if example.entity in SIDES else [])]
