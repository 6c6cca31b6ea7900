"""The project's own labels: which rows they stand in for, and what they are."""

from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from infra.training.eye_labels import LABELS, with_eye_labels
from infra.training.ground_truth import read_ground_truth
from tapeline.entities import UNITS_BY_ENTITY
from tests.unit.infra.small_truth import truth_row

KETTLE = "https://e.org/kettle.jpg"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(
        "image_link,entity_name,answers,status,source\n"
        f"{KETTLE},width,20 centimetre,value,eye\n"
        f"{KETTLE},depth,,none,eye\n"
        f"{KETTLE},voltage,12 volt,ambiguous,eye\n"
        "https://e.org/elsewhere.jpg,width,,none,eye\n"
    )
    return path


@pytest.mark.parametrize("source", ["vote", "catalogue"])
def test_a_label_stands_in_for_what_nobody_read(source: str, labels: Path) -> None:
    rows = [
        truth_row("width", "30 centimetre", link=KETTLE, source=source),
        truth_row("voltage", "230 volt", link=KETTLE, source=source),
    ]
    voltage, width, depth = with_eye_labels(rows, labels)
    assert voltage is rows[1]
    assert (width.entity_name, width.source, width.says_nothing) == ("width", "eye", False)
    assert (depth.entity_name, depth.source, depth.says_nothing) == ("depth", "eye", True)


def test_what_was_read_by_eye_already_stays(labels: Path) -> None:
    rows = [truth_row("width", "30 centimetre", link=KETTLE, source="small")]
    assert [(row.entity_name, row.source) for row in with_eye_labels(rows, labels)] == [
        ("width", "small"),
        ("depth", "eye"),
    ]


def test_pictures_without_a_row_get_no_label(labels: Path) -> None:
    rows = [truth_row("width", "30 centimetre")]
    assert with_eye_labels(rows, labels) == rows


def test_the_labels_ask_every_entity_once_and_answer_in_its_units() -> None:
    rows = read_ground_truth(LABELS)
    assert {row.split for row in rows} == {"train"}
    assert {row.source for row in rows} == {"eye"}
    assert max(Counter((row.image_link, row.entity_name) for row in rows).values()) == 1
    # A picture's rows stand together, so that a reader has all that is said of it.
    assert len(list(groupby(rows, lambda row: row.image_link))) == len({row.image_link for row in rows})
    assert {row.entity_name for row in rows} == set(UNITS_BY_ENTITY)
    for row in rows:
        assert row.answers or row.says_nothing
        for answer in row.answers:
            assert answer.unit in UNITS_BY_ENTITY[row.entity_name], row
