"""Ablation: how well rows are answered without each part of the ranker."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from infra.training.artefact import forest_document
from infra.training.examples import Example, build_examples, match_mask
from infra.training.forests import FAMILIES, BoostedTrees, train_forest
from infra.training.ground_truth import TruthRow, by_picture
from infra.training.scoring import Outcome, outcome
from tapeline.ranking.choosing import choose_answers
from tapeline.ranking.features import FEATURE_SETS
from tapeline.ranking.forest import Forest
from tapeline.ranking.ranker import Ranker
from tapeline.reading.scene import Scene

# Rows with what their answers count as.
type RowOutcomes = list[tuple[TruthRow, Outcome]]


@dataclass(frozen=True, slots=True)
class ObservedRows:
    """Rows to answer, with their pictures.

    Attributes:
        rows: The rows.
        scenes: Link -> what was observed in the picture; rows of other pictures are left out.
    """

    rows: Sequence[TruthRow]
    scenes: Mapping[str, Scene]

    def answer(self, ranker: Ranker) -> RowOutcomes:
        """Answer the rows as the workers do, but with this ranker."""
        found: RowOutcomes = []
        for link, asked in by_picture(self.rows).items():
            if link in self.scenes:
                names = [row.entity_name for row in asked]
                answers = choose_answers(self.scenes[link], names, ranker=ranker)
                found += [(row, outcome(row, answers[row.entity_name].quantity)) for row in asked]
        return found


def ablate(
    training: Sequence[Example], reported: ObservedRows, first_pass: ObservedRows, ranker: Ranker
) -> Iterator[tuple[str, RowOutcomes]]:
    """Answer rows without each part, one after the other: training again takes a minute each.

    Args:
        training: What the ranker was trained on.
        reported: The rows to answer.
        first_pass: The same rows, with pictures that were observed without a second OCR pass.
        ranker: The whole ranker.

    Yields:
        What is left out or compared with, and the outcomes.
    """

    def train_again(train: Callable[[Sequence[Example], Sequence[str]], BoostedTrees]) -> Ranker:
        return _with_forests(ranker, [train(training, family) for family in FAMILIES])

    for group in FEATURE_SETS:
        yield f"without {group}", reported.answer(train_again(partial(train_forest, without=group)))
    unfiltered = train_again(partial(train_forest, filter_votes=False))
    yield "without the filter of votes", reported.answer(unfiltered)
    yield "without weighing sides together", reported.answer(replace(ranker, together=False))
    yield "without the second OCR pass", first_pass.answer(ranker)
    yield "rules alone", reported.answer(rules_alone(ranker))
    yield "the best of what was read", best_possible(reported, ranker)


def rules_alone(ranker: Ranker) -> Ranker:
    """Return a ranker that goes by the log-odds of the rules: without trees, sides not weighed together."""
    without_trees = BoostedTrees(())
    return replace(_with_forests(ranker, [without_trees] * len(FAMILIES)), together=False)


def best_possible(reported: ObservedRows, ranker: Ranker) -> RowOutcomes:
    """Return the outcomes if a right measure, or none where the picture doesn't say, were always chosen."""
    found: RowOutcomes = []
    for example in build_examples(reported.rows, reported.scenes, ranker.priors):
        if example.row is not None:
            is_read = match_mask(example, example.row).any()
            best: Outcome = "tn" if example.row.says_nothing else "tp" if is_read else "fn"
            found.append((example.row, best))
    return found


def _with_forests(ranker: Ranker, forests: Sequence[BoostedTrees]) -> Ranker:
    families = [
        replace(family, forest=Forest.from_document(forest_document(forest)))
        for family, forest in zip(ranker.families, forests, strict=True)
    ]
    return replace(ranker, families=tuple(families))
