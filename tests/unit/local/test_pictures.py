"""Which of a table's pictures are on this machine."""

from pathlib import Path

import pytest

from tapeline.errors import SettingsError
from tapeline.local.pictures import find_pictures


@pytest.fixture
def table(tmp_path: Path) -> Path:
    for name in ("pictures/kettle.jpg", "near/jar.png", "near/kettle.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"picture")
    path = tmp_path / "test.csv"
    path.write_text(
        "image_link,entity_name\n"
        "https://example.com/kettle.jpg,width\n"
        "https://example.com/kettle.jpg,height\n"
        "https://example.com/other.jpg,width\n"
        "near/jar.png,width\n"
        "near/none.png,width\n"
        "http://,width\n"
    )
    return path


def test_links_are_counted_once_and_found_by_name_or_path(table: Path, tmp_path: Path) -> None:
    found = find_pictures(table, tmp_path / "pictures")
    assert (found.links, found.downloads, len(found.files)) == (5, 1, 2)
    assert sorted(found.by_name()) == ["jar.png", "kettle.jpg"]


def test_a_folder_without_any_of_them_stops_the_run(table: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    table.write_text("image_link,entity_name\nhttps://example.com/kettle.jpg,width\n")
    with pytest.raises(SettingsError, match=r"expected pictures in .*empty .* found none of 1"):
        find_pictures(table, tmp_path / "empty")


def test_two_pictures_of_one_name_have_no_copies_by_name(table: Path, tmp_path: Path) -> None:
    with table.open("a") as file:
        file.write("near/kettle.jpg,width\n")
    with pytest.raises(SettingsError, match="different names"):
        find_pictures(table, tmp_path / "pictures").by_name()


def test_what_is_no_table_has_no_pictures(table: Path) -> None:
    table.write_text("picture;entity\n")
    assert find_pictures(table, None).links == 0
