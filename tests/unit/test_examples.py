import csv
from pathlib import Path

import pytest
from PIL import Image

from tapeline.download.links import file_name_of
from tapeline.entities import UNITS_BY_ENTITY

EXAMPLES = Path(__file__).parents[2] / "examples"
IMAGES = EXAMPLES / "images"
PICTURES = sorted(path.name for path in IMAGES.iterdir())


def rows_of(name: str) -> list[dict[str, str]]:
    with (EXAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_twelve_pictures() -> None:
    assert len(PICTURES) == 12


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_of_a_seller_s_size_and_light(name: str) -> None:
    with Image.open(IMAGES / name) as image:
        assert all(600 <= side <= 1200 for side in image.size)
        assert image.format == {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}[Path(name).suffix]
    assert (IMAGES / name).stat().st_size < 80_000


def test_questions_and_answers_agree_in_index_and_order() -> None:
    asked, answered = rows_of("test.csv"), rows_of("expected.csv")
    assert list(asked[0]) == ["index", "image_link", "group_id", "entity_name"]
    assert list(answered[0]) == ["index", "prediction"]
    assert [row["index"] for row in asked] == [row["index"] for row in answered]
    assert len({row["index"] for row in asked}) == len(asked) == 24


def test_every_picture_and_every_entity_is_asked_for() -> None:
    asked = rows_of("test.csv")
    links = {row["image_link"] for row in asked}
    assert {file_name_of(link) for link in links} == set(PICTURES)
    assert links == {f"https://images.example.com/{name}" for name in PICTURES}
    assert {row["entity_name"] for row in asked} == set(UNITS_BY_ENTITY)
    assert len({(row["image_link"], row["entity_name"]) for row in asked}) == len(asked)


def test_answers_are_a_number_and_a_unit_of_their_entity() -> None:
    empty = 0
    for question, answer in zip(rows_of("test.csv"), rows_of("expected.csv"), strict=True):
        if not answer["prediction"]:
            empty += 1
            continue
        number, _, unit = answer["prediction"].partition(" ")
        assert float(number) > 0
        assert unit in UNITS_BY_ENTITY[question["entity_name"]], question
    assert empty == 5


def test_rows_of_one_picture_share_a_group() -> None:
    groups: dict[str, set[str]] = {}
    for row in rows_of("test.csv"):
        groups.setdefault(row["image_link"], set()).add(row["group_id"])
        assert int(row["group_id"]) > 0
    assert all(len(group) == 1 for group in groups.values())
