"""Fitting the head on ResNet50: the compression of pooled features, and the answers of similar pictures."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from infra.training.labels import LabelledRow
from infra.training.scoring import is_right
from tapeline.head import COMPONENTS, NEIGHBOURS, Compression, Head, Neighbourhood, unit_length, vote
from tapeline.quantities import format_quantity, parse_quantity
from tapeline.ranking.features import Matrix, Scene

_PAYS: Final = 0.5
# A right answer gains about what a wrong one costs.
_FEWEST: Final = 10
# Training pictures that have to be answered for a share to count as tried.


def fit_head(rows: Iterable[LabelledRow], scenes: Mapping[str, Scene]) -> Head | None:
    """Fit the head to training pictures; None where fewer than its components have pooled features.

    Args:
        rows: Labelled rows.
        scenes: Link -> what was seen in the picture.
    """
    pooled = {link: scenes[link].pooled for link in sorted(scenes)}
    known = [features for features in pooled.values() if features is not None]
    if len(known) <= COMPONENTS:
        return None
    unit = np.stack([unit_length(features) for features in known])
    mean = unit.mean(axis=0)
    _, deviations, axes = np.linalg.svd(unit - mean, full_matrices=False)
    # The sign of a component is arbitrary: its largest weight is made positive.
    axes = axes[:COMPONENTS]
    axes *= np.sign(axes[np.arange(COMPONENTS), abs(axes).argmax(axis=1)])[:, None]
    spread = np.maximum(deviations[:COMPONENTS, None] / np.sqrt(len(known)), 1e-9)
    compression = Compression(mean.astype(float), (axes / spread).astype(float))
    asked: dict[str, dict[str, LabelledRow]] = {}
    for row in rows:
        if row.answers and pooled.get(row.image_link) is not None:
            asked.setdefault(row.entity_name, {}).setdefault(row.image_link, row)
    places = {link: compression.compress(found) for link, found in pooled.items() if found is not None}
    found = {entity: _neighbourhood(by_link, places) for entity, by_link in sorted(asked.items())}
    head = Head(compression, {entity: known for entity, known in found.items() if known is not None})
    # What is learned from has to be what the written artefact gives.
    return Head.from_document(head.document())


def _neighbourhood(rows: Mapping[str, LabelledRow], places: Mapping[str, Matrix]) -> Neighbourhood | None:
    """Return one entity's pictures, with the least share that pays; None where none does."""
    if len(rows) <= NEIGHBOURS:
        return None
    stand = np.stack([places[link] for link in rows])
    answers = tuple(min(map(format_quantity, row.answers)) for row in rows.values())
    tried: list[tuple[float, bool]] = []
    for place, row in enumerate(rows.values()):
        # Neither the picture itself nor the same picture under another link.
        others = np.flatnonzero(((stand - stand[place]) ** 2).sum(axis=1) > 1e-9)
        if len(others):
            answer, share = vote(stand[others], tuple(answers[n] for n in others), stand[place])
            tried.append((share, is_right(row, parse_quantity(answer))))
    for count in range(1, NEIGHBOURS + 1):
        right = [hit for share, hit in tried if share >= count / NEIGHBOURS]
        if len(right) < _FEWEST:
            return None
        if sum(right) / len(right) >= _PAYS:
            return Neighbourhood(stand, answers, count / NEIGHBOURS, round(sum(right) / len(right), 4))
    return None
