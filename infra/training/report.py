"""What training and evaluation print, as text."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from infra.training.examples import Example, is_contradicted
from infra.training.ground_truth import TruthRow
from infra.training.scoring import (
    Outcome,
    Score,
    ScoredAnswer,
    calibration_error,
    f1_interval,
    outcome,
    scores,
)
from tapeline.answers import Answer
from tapeline.quantities import Quantity, format_prediction, format_quantity
from tapeline.reading.scene import Scene

# Numbers of text lines below which pictures are scored together.
_TEXT_LINES: Final = (6, 15, 40)

# Wrong rows that are printed at most.
_WRONG_ROWS: Final = 30


def say(text: str) -> None:
    """Print progress or an error, on standard error."""
    print(f"tapeline: {text}", file=sys.stderr, flush=True)


def score_table(title: str, rows: Mapping[str, Score]) -> str:
    """Return scores as a table.

    Args:
        title: Stands above the kinds.
        rows: Kind of rows -> its score.
    """
    lines = [f"{title:32s} rows     P     R    F1    tp   fp   fn   tn"]
    lines += [
        f"{kind:32s} {s.rows:4d} {s.precision:.3f} {s.recall:.3f} {s.f1:.3f}  "
        f"{s.tp:4d} {s.fp:4d} {s.fn:4d} {s.tn:4d}"
        for kind, s in rows.items()
    ]
    return "\n".join(lines)


def cross_validation_report(outcomes: Sequence[tuple[Example, Outcome]]) -> str:
    """Return the scores of cross-validated examples by source, entity and number of text lines.

    Args:
        outcomes: Examples with a row of their own. The contradicted ones count by source only.
    """
    credible = [(example, result) for example, result in outcomes if not is_contradicted(example)]
    by_source = scores((f"source {e.row.source}", result) for e, result in outcomes if e.row)
    return "\n".join(
        [
            score_table("cross-validated, train rows", by_source),
            score_table("  by entity, credible answers", scores((e.entity, r) for e, r in credible)),
            score_table("  by text lines", scores((_kind_of(e.scene), r) for e, r in credible)),
        ]
    )


def evaluation_report(results: Sequence[ScoredAnswer]) -> str:
    """Return the scores of each source by entity, the interval of its F1, and how well it is calibrated."""
    tables = []
    for source in sorted({result.row.source for result in results}):
        own = [result for result in results if result.row.source == source]
        by_entity = scores((result.row.entity_name, result.outcome) for result in own)
        low, high = f1_interval([(result.row.image_link, result.outcome) for result in own])
        answered = [result for result in own if result.answer.quantity is not None]
        confidence = calibration_error(
            [result.answer.confidence for result in answered], [not result.is_wrong for result in answered]
        )
        stated = calibration_error(
            [result.answer.stated for result in own], [not result.row.says_nothing for result in own]
        )
        tables += [
            score_table(source or "all rows", by_entity),
            f"95 % interval of F1 by picture     {low:.3f} to {high:.3f}",
            f"calibration error of confidence    {confidence:.3f}",
            f"calibration error of stated        {stated:.3f}\n",
        ]
    return "\n".join(tables)


def changes(results: Sequence[ScoredAnswer], before: Mapping[str, Quantity | None]) -> str:
    """Return how many rows of each source were gained and lost against earlier predictions.

    Args:
        results: The rows, answered.
        before: Index -> what was predicted earlier, None where nothing was. Other rows are left out.
    """
    gained: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for result in results:
        if result.row.index in before:
            was_wrong = outcome(result.row, before[result.row.index]) in {"fp", "fn"}
            gained[result.row.source] += was_wrong and not result.is_wrong
            lost[result.row.source] += result.is_wrong and not was_wrong
    lines = [f"{source or 'all rows':32s} {gained[source]:6d} {lost[source]:6d}" for source in sorted(gained)]
    return "\n".join([f"{'against the earlier predictions':32s} gained   lost", *lines])


def wrong_rows(results: Sequence[ScoredAnswer]) -> str:
    """Return the first wrong rows, one a line."""
    wrong = [result for result in results if result.is_wrong]
    shown = wrong[:_WRONG_ROWS]
    title = f"the first {len(shown)} of {len(wrong)} wrong rows"
    return "\n".join([title, *(_wrong_row(result.row, result.answer) for result in shown)])


def format_truth(row: TruthRow) -> str:
    """Return a row's right answers; ``(empty)`` where there is none, ``?`` where none can be equalled."""
    answers = " | ".join(sorted(format_quantity(answer) for answer in row.answers))
    return answers or ("(empty)" if row.says_nothing else "?")


def _kind_of(scene: Scene) -> str:
    count = len(scene.text)
    kinds = (f"under {limit:2d} text lines" for limit in _TEXT_LINES if count < limit)
    return next(kinds, "more text lines")


def _wrong_row(row: TruthRow, answer: Answer) -> str:
    prediction = format_prediction(answer.quantity) or "(empty)"
    others = ", ".join(f"{format_quantity(r.quantity)} ({r.confidence:.2f})" for r in answer.runners_up)
    return (
        f"{row.index} {row.file_name} {row.entity_name}: {format_truth(row)}; chose {prediction} "
        f"({answer.confidence:.2f}, {answer.text!r}); then {others or 'nothing'}"
    )
