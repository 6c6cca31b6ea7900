"""The project's own labels: pictures full of text, of which the challenge's rows tell little, read by eye.

``eye_labels.csv`` has a row for each entity of each picture, silence included, with the source ``eye``. They
were read by the rules of docs/decisions/0012-labels-read-by-eye.md.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from infra.training.examples import is_read_by_eye
from infra.training.ground_truth import TruthRow, read_ground_truth

# The labels, in the form of ground truth that docs/formats.md describes.
LABELS: Final = Path(__file__).with_name("eye_labels.csv")


def with_eye_labels(rows: Sequence[TruthRow], labels: Path = LABELS) -> list[TruthRow]:
    """Return rows with the labels of their pictures.

    What somebody voted for, or the catalogue says, makes way for what was read by eye of the same entity; a
    row that was read by eye already stays, and its label is left out.

    Args:
        rows: Rows to train on.
        labels: The file with the labels.
    """
    links = {row.image_link for row in rows}
    read = {_question(row) for row in rows if is_read_by_eye(row)}
    added = [
        row for row in read_ground_truth(labels) if row.image_link in links and _question(row) not in read
    ]
    labelled = {_question(row) for row in added}
    return [*(row for row in rows if _question(row) not in labelled), *added]


def _question(row: TruthRow) -> tuple[str, str]:
    return row.image_link, row.entity_name
