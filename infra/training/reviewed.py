"""Rows that persons reviewed: how many there are, and what they bring."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from infra.training.cross_validation import CrossValidation, cross_validate, outcomes
from infra.training.examples import Example, is_contradicted
from infra.training.ground_truth import TruthRow
from infra.training.report import score_table
from infra.training.scoring import Outcome, scores
from tapeline.ranking.priors import Priors

# The ``source`` of rows that a person decided in a run's review: those of a corrections.csv.
REVIEW: Final = "review"


def count_reviewed(rows: Iterable[TruthRow]) -> str:
    """Return how many rows were reviewed, by entity; empty where none was."""
    reviewed = [row for row in rows if row.source == REVIEW]
    if not reviewed:
        return ""
    every = Counter(row.entity_name for row in reviewed)
    silent = Counter(row.entity_name for row in reviewed if row.says_nothing)
    lines = [f"{'reviewed rows':32s} rows  with a value  silent"]
    lines += [
        f"{name:32s} {count:4d}  {count - silent[name]:12d}  {silent[name]:6d}"
        for name, count in sorted(every.items())
    ]
    return "\n".join([*lines, f"{'all':32s} {len(reviewed):4d}"])


def compare_without(found: CrossValidation, priors: Priors) -> str:
    """Return the cross-validated F1 with the reviewed rows and without them.

    Both are scored on the same rows and dealt alike: without them, reviewed rows are answered, but teach
    nothing.

    Args:
        found: The cross-validation with all examples.
        priors: Which units and sizes each entity usually has.
    """
    teachers = without_reviewed(found.examples)
    bare = cross_validate(found.examples, teachers=teachers)
    tables = [
        score_table(f"cross-validated, {name} reviewed", scores(_kinds(validated, priors)))
        for name, validated in (("with", found), ("without", bare))
    ]
    return "\n".join(tables)


def without_reviewed(examples: Sequence[Example]) -> list[Example]:
    """Return examples as they would be without reviewed rows, in the same order."""
    return [
        replace(
            example,
            row=None if example.row is not None and example.row.source == REVIEW else example.row,
            picture_rows=[row for row in example.picture_rows if row.source != REVIEW],
        )
        for example in examples
    ]


def _kinds(validated: CrossValidation, priors: Priors) -> Iterator[tuple[str, Outcome]]:
    for example, result in outcomes(validated, priors):
        if example.row is not None and not is_contradicted(example):
            yield ("reviewed rows" if example.row.source == REVIEW else "other rows"), result
