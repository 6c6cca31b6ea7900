"""Pictures of a folder, fetched as runs and mirrors name them."""

from pathlib import Path

import pytest

from infra.training.pictures import FolderFetcher, queries_of
from tapeline.errors import ErrorCode, RowError
from tests.unit.infra.small_truth import truth_row


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://e.org/folder/a%20b.jpg", "a b.jpg"),
        ("https://e.org/a.jpg?size=2", "a.jpg"),
        ("s3://bucket/folder/a%20b.jpg", "a%20b.jpg"),
    ],
)
def test_a_folder_has_pictures_under_the_last_part_of_their_links(
    tmp_path: Path, link: str, name: str
) -> None:
    (tmp_path / name).write_bytes(b"picture")
    assert FolderFetcher(tmp_path).fetch(link) == b"picture"
    assert truth_row("width", link=link).file_name == name


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("https://e.org/missing.jpg", ErrorCode.HTTP_STATUS),
        ("https://e.org/", ErrorCode.HTTP_STATUS),
        ("https://e.org/..%2Fsecret.jpg", ErrorCode.HTTP_STATUS),
        ("https://e.org/inner%2Fa.jpg", ErrorCode.HTTP_STATUS),
        ("https://e.org/..", ErrorCode.HTTP_STATUS),
        ("https://e.org/a%00.jpg", ErrorCode.HTTP_STATUS),
        ("ftp://e.org/a.jpg", ErrorCode.BAD_LINK),
    ],
)
def test_what_is_not_in_the_folder_is_the_row_s_error(tmp_path: Path, link: str, code: ErrorCode) -> None:
    images = tmp_path / "images"
    (images / "inner").mkdir(parents=True)
    (images / "inner" / "a.jpg").write_bytes(b"picture")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    with pytest.raises(RowError) as caught:
        FolderFetcher(images).fetch(link)
    assert caught.value.code is code


def test_a_picture_s_rows_are_one_query() -> None:
    rows = [truth_row("width"), truth_row("height"), truth_row("width", source="hand")]
    (query,) = queries_of(rows)
    assert (query.image_link, query.entity_names) == ("https://e.org/a.jpg", ("width", "height"))
