"""Labelled rows: the input's columns, and the right answers beside them."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import TapelineError
from tapeline.quantities import MAX_DECIMALS, Quantity, parse_quantity

AMBIGUOUS: Final = "ambiguous"
"""The ``status`` of rows that are neither learned from nor scored."""


class LabelError(TapelineError):
    """A file of labelled rows has another form than docs/formats.md says."""


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A question with its right answers.

    Attributes:
        index: As in the input.
        image_link: The picture.
        entity_name: What is asked for.
        answers: All right answers that a prediction can equal.
        silent: Whether the picture doesn't say, so that the right prediction is empty.
        source: Where the label is from; empty where the file doesn't tell.
        split: ``train`` or ``dev``; ``train`` where the file doesn't tell.
        group_id: The product's group; empty where the file doesn't tell.
    """

    index: str
    image_link: str
    entity_name: str
    answers: frozenset[Quantity]
    silent: bool
    source: str = ""
    split: str = "train"
    group_id: str = ""

    @property
    def file_name(self) -> str:
        """The last part of the link, under which the picture lies in a folder."""
        return PurePosixPath(urlsplit(self.image_link).path).name


def read_labels(path: Path) -> list[LabelledRow]:
    """Read labelled rows, without those that are ambiguous.

    Args:
        path: A CSV with ``image_link,entity_name,answers`` and, optionally, ``index``, ``group_id``,
            ``status``, ``source`` and ``split``; see docs/formats.md.

    Raises:
        LabelError: A column is missing, or a row has an unknown entity.
    """
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"image_link", "entity_name", "answers"} - set(reader.fieldnames or ())
        if missing:
            raise LabelError(
                f"expected the columns image_link, entity_name and answers in {path}, found none named "
                f"{', '.join(sorted(missing))}: see docs/formats.md"
            )
        for number, row in enumerate(reader):
            if row.get("status") == AMBIGUOUS:
                continue
            if row["entity_name"] not in UNITS_BY_ENTITY:
                raise LabelError(
                    f"expected one of {', '.join(UNITS_BY_ENTITY)} as entity_name in {path}, row {number}, "
                    f"received {row['entity_name']!r}"
                )
            written = [answer.strip() for answer in (row["answers"] or "").split("|") if answer.strip()]
            rows.append(
                LabelledRow(
                    index=row.get("index") or str(number),
                    image_link=row["image_link"],
                    entity_name=row["entity_name"],
                    answers=frozenset(filter(None, map(_answer, written))),
                    silent=not written,
                    source=row.get("source") or "",
                    split=row.get("split") or "train",
                    group_id=row.get("group_id") or "",
                )
            )
    return rows


def _answer(text: str) -> Quantity | None:
    """Return an answer as a quantity; None for a range or a free text, which no prediction equals."""
    try:
        quantity = parse_quantity(text.lower())
    except ValueError:
        return None
    return Quantity(round(quantity.value, MAX_DECIMALS).normalize(), quantity.unit)


def by_picture(rows: Iterable[LabelledRow]) -> dict[str, list[LabelledRow]]:
    """Return the rows of each picture, by its link."""
    pictures = defaultdict(list)
    for row in rows:
        pictures[row.image_link].append(row)
    return dict(pictures)
