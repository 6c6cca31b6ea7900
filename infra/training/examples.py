"""Examples to learn from: measures with what labels say of them, and labels that can't be right left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from infra.training.labels import LabelledRow, by_picture
from infra.training.scoring import is_right
from tapeline.entities import SIDES
from tapeline.ranking.features import FEATURES, compute_features
from tapeline.ranking.measures import Measure
from tapeline.ranking.priors import Priors
from tapeline.ranking.ranker import MeasureSets
from tapeline.ranking.rules import rule_log_odds
from tapeline.reading.scene import Matrix, Scene

LOADS: Final = ("item_weight", "maximum_weight_recommendation")

_DRAWN: Final = 0.06
# The least strength of a line that can contradict a label; see axis_strengths.
_CLEARLY: Final = 2.0
_UNREAD_VOTE: Final = 0.3
# A vote whose number wasn't read says little of the other numbers: they may be its misreadings.
_CATALOGUE: Final = 0.7
# One in five values of the catalogue isn't what the picture says.


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One entity of one picture, with its measures.

    Attributes:
        entity: What is asked for.
        scene: The picture.
        link: Its link.
        row: The labelled row that asks it; None where only other entities of the picture have a label.
        others: The picture's labelled rows.
        measures: What could answer it.
        features: See :func:`tapeline.ranking.features.compute_features`.
        odds: See :func:`tapeline.ranking.rules.rule_log_odds`.
        strengths: See :func:`tapeline.ranking.line_evidence.direction_strengths`.
    """

    entity: str
    scene: Scene
    link: str
    row: LabelledRow | None
    others: Sequence[LabelledRow]
    measures: Sequence[Measure]
    features: Matrix
    odds: Matrix
    strengths: Matrix


def ask(rows: Iterable[LabelledRow], scenes: Mapping[str, Scene], priors: Priors) -> list[Question]:
    """Return the questions that labelled rows ask, and those that they answer by the way.

    Args:
        rows: Labelled rows.
        scenes: Link -> what was seen in the picture; others are left out.
        priors: Which units and sizes each entity usually has.
    """
    questions = []
    for link, labelled in by_picture(rows).items():
        scene = scenes.get(link)
        if scene is None:
            continue
        sets = MeasureSets(scene)
        asked = {row.entity_name for row in labelled}
        entities = dict.fromkeys(row.entity_name for row in labelled)
        for kin in (SIDES, LOADS):
            if asked & set(kin):
                entities |= dict.fromkeys(kin)
        for entity in entities:
            found = sets.of(entity)
            measures, strengths = found.measures, found.strengths
            features = compute_features(found, entity, priors)
            odds = rule_log_odds(found, entity, priors)
            own = [row for row in labelled if row.entity_name == entity]
            questions += [
                Question(entity, scene, link, row, labelled, measures, features, odds, strengths)
                for row in own or (None,)
            ]
    return questions


def hits(question: Question, row: LabelledRow) -> npt.NDArray[np.bool_]:
    """Say of each measure whether one of its candidates is right, shape (measures,)."""
    return np.array([any(is_right(row, c.quantity) for c in m.candidates) for m in question.measures], bool)


def contradicted(question: Question, entity: str) -> npt.NDArray[np.bool_]:
    """Say of each measure whether the line that it stands on shows that it isn't this side.

    A height doesn't stand on a flat line, nor a width or depth on an upright one. A word that names the
    side outweighs the line.

    Args:
        question: About any side of the picture.
        entity: The side.
    """
    flat, upright, oblique = question.strengths.T
    if entity == "height":
        wrong, rest = flat, np.maximum(upright, oblique)
    else:
        wrong, rest = upright, np.maximum(flat, oblique)
    named = question.features[:, FEATURES.index("words_for")] > 0
    against: npt.NDArray[np.bool_] = (wrong > _DRAWN) & (wrong > _CLEARLY * rest) & ~named
    return against


def is_contradicted(question: Question) -> bool:
    """Say whether a vote can't be right: all places of its number stand on a line of another side."""
    row = question.row
    if row is None or row.source != "vote" or question.entity not in SIDES:
        return False
    right = hits(question, row)
    return bool(right.any() and contradicted(question, question.entity)[right].all())


def lesson(question: Question, *, clean: bool = True) -> tuple[Matrix, Matrix] | None:
    """Return what is to be learned from a question.

    Teams mostly voted with one number for all sides of a product, so a vote that its own line contradicts
    teaches that the number is not this side. An answer to height teaches that it is neither width nor
    depth, and a weight that it isn't a load, and the reverse.

    Args:
        question: A question.
        clean: Whether to mistrust votes that their line contradicts.

    Returns:
        For each measure 1 for right, 0 for wrong and NaN for not known, and its weight; None where nothing
        is known.
    """
    count, row = len(question.measures), question.row
    if not count:
        return None
    if row is None or (clean and is_contradicted(question)):
        known = _answers_to_others(question, clean=clean)
        if row is not None:
            known[hits(question, row)] = 0.0
        return None if np.isnan(known).all() else (known, np.ones(count))
    right = hits(question, row)
    known, weights = right.astype(np.float64), np.ones(count)
    if clean and row.source == "vote" and question.entity in SIDES:
        known[right & contradicted(question, question.entity)] = np.nan
    if row.source == "vote" and not right.any():
        weights *= _UNREAD_VOTE
    if row.source == "catalogue":
        weights *= _CATALOGUE
    return known, weights


def _answers_to_others(question: Question, *, clean: bool) -> Matrix:
    """Return 0 for measures that answer another entity of the picture, NaN for the others."""
    known = np.full(len(question.measures), np.nan)
    for row in question.others:
        if row.silent or row.entity_name == question.entity:
            continue
        right = hits(question, row)
        if question.entity in SIDES and row.entity_name == "height":
            # A number that stands twice in a picture may well be two sides.
            trusted = not (clean and row.source == "vote" and contradicted(question, "height")[right].all())
            if right.sum() == 1 and trusted:
                known[right] = 0.0
        elif question.entity in LOADS and row.entity_name in LOADS:
            known[right] = 0.0
    return known
