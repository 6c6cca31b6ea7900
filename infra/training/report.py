"""What training and evaluation print, as text."""

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from infra.training.ablation import RowOutcomes
from infra.training.examples import Example, is_contradicted
from infra.training.ground_truth import TruthRow
from infra.training.scoring import Outcome, Score, ScoredAnswer, scores
from tapeline.quantities import format_prediction, format_quantity
from tapeline.ranking.choosing import Answer
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


def f1_header(sources: Sequence[str]) -> str:
    """Return the first line of the table that :func:`f1_line` continues."""
    return f"{'F1 on the other rows':36s}" + "".join(f"{source:>20s}" for source in sources)


def f1_line(title: str, outcomes: RowOutcomes, sources: Sequence[str]) -> str:
    """Return the F1 of each source, as a line of a table."""
    by_source = scores((row.source, result) for row, result in outcomes)
    return f"{title:36s}" + "".join(f"{by_source[source].f1:20.3f}" for source in sources)


def evaluation_report(results: Sequence[ScoredAnswer]) -> str:
    """Return the scores of each source by entity."""
    tables = []
    for source in sorted({result.row.source for result in results}):
        own = [result for result in results if result.row.source == source]
        by_entity = scores((result.row.entity_name, result.outcome) for result in own)
        tables.append(f"{score_table(source or 'all rows', by_entity)}\n")
    return "\n".join(tables)


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
