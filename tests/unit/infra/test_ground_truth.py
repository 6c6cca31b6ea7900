"""Reading rows with right answers."""

from decimal import Decimal
from pathlib import Path

import pytest

from infra.training.ground_truth import by_picture, read_ground_truth
from tapeline.errors import GroundTruthError, TapelineError
from tapeline.quantities import Quantity
from tests.unit.infra.small_truth import truth_row

HEADER = "index,image_link,entity_name,answers,status,source,split\n"


def test_ground_truth_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        HEADER
        + "7,https://e.org/a.jpg,item_weight,2 pound | 907 gram,value,hand,dev\n"
        + "8,https://e.org/a.jpg,width,,none,hand,dev\n"
        + "9,https://e.org/a.jpg,depth,2 inch,ambiguous,hand,dev\n"
        + "10,https://e.org/b.jpg,height,1 metre to 2 metre,value,vote,train\n"
    )
    weight, width, height = read_ground_truth(path)
    assert weight.answers == {Quantity(Decimal(2), "pound"), Quantity(Decimal(907), "gram")}
    assert (weight.split, weight.file_name, weight.says_nothing) == ("dev", "a.jpg", False)
    assert width.says_nothing
    assert not height.says_nothing
    assert not height.answers


def test_columns_that_the_file_lacks_have_defaults(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("image_link,entity_name,answers\nhttps://e.org/a.jpg,width,2.00001 Inch\n")
    (row,) = read_ground_truth(path)
    assert (row.index, row.source, row.split) == ("0", "", "train")
    assert row.answers == {Quantity(Decimal(2), "inch")}


@pytest.mark.parametrize(
    "text", ["image_link,entity_name\n", HEADER + "1,https://e.org/a,colour,red,value,,\n"]
)
def test_ground_truth_in_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(GroundTruthError, match="expected"):
        read_ground_truth(path)
    assert issubclass(GroundTruthError, TapelineError)


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://e.org/folder/a%20b.jpg", "a b.jpg"),
        ("https://e.org/a+b.jpg?size=2", "a+b.jpg"),
        ("s3://bucket/folder/a%20b.jpg", "a%20b.jpg"),
        ("https://e.org/", ""),
    ],
)
def test_a_picture_s_name_is_the_last_part_of_its_link(link: str, name: str) -> None:
    assert truth_row("width", link=link).file_name == name


@pytest.mark.parametrize("link", ["", "http://", "ftp://e.org/a.jpg", "https://e.org:99/a.jpg"])
def test_a_row_with_a_malformed_link_is_read_and_has_no_picture(tmp_path: Path, link: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"{HEADER}1,{link},width,2 inch,value,hand,dev\n")
    (row,) = read_ground_truth(path)
    assert row.image_link == link
    assert row.file_name == ""


def test_rows_are_put_together_by_picture() -> None:
    rows = [
        truth_row("width", link="https://e.org/a.jpg"),
        truth_row("width", link="https://e.org/b.jpg"),
        truth_row("height", link="https://e.org/a.jpg"),
    ]
    assert by_picture(rows) == {
        "https://e.org/a.jpg": [rows[0], rows[2]],
        "https://e.org/b.jpg": [rows[1]],
    }
