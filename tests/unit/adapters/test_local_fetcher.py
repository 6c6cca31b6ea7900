"""Pictures on this machine, by path or as copies."""

from pathlib import Path

import pytest

from tapeline.adapters.local_fetcher import LocalFetcher, find_file
from tapeline.errors import ErrorCode, RowError
from tests.unit.fakes import Fetcher


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("copies/kettle.jpg", "copies/a b.jpg", "table/jar.png", "table/inner/box.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


@pytest.mark.parametrize(
    ("link", "body"),
    [
        ("https://example.com/x/kettle.jpg?size=2", b"copies/kettle.jpg"),
        ("https://example.com/a%20b.jpg", b"copies/a b.jpg"),
        ("s3://bucket/x/kettle.jpg", b"copies/kettle.jpg"),
        ("kettle.jpg", b"copies/kettle.jpg"),
        ("elsewhere/kettle.jpg", b"copies/kettle.jpg"),
        ("jar.png", b"table/jar.png"),
        ("inner/box.png", b"table/inner/box.png"),
        ("../copies/a b.jpg", b"copies/a b.jpg"),
        ("https://example.com/other.jpg", b"https://example.com/other.jpg"),
    ],
)
def test_what_is_here_is_taken_from_here(folder: Path, link: str, body: bytes) -> None:
    fetcher = LocalFetcher(Fetcher(), folder / "copies", folder / "table")
    assert fetcher.fetch(link) == body


def test_an_absolute_path_is_read(folder: Path) -> None:
    assert LocalFetcher(Fetcher()).fetch(str(folder / "table/jar.png")) == b"table/jar.png"


@pytest.mark.parametrize("link", ["nowhere.jpg", "x" * 300, "a\0b", "inner", "..", "file:///etc/passwd"])
def test_a_path_without_a_file_is_the_row_s_error(folder: Path, link: str) -> None:
    with pytest.raises(RowError) as caught:
        LocalFetcher(Refusing(), folder / "copies", folder / "table").fetch(link)
    assert caught.value.code == ErrorCode.BAD_LINK


def test_a_large_file_is_refused(folder: Path) -> None:
    with pytest.raises(RowError) as caught:
        LocalFetcher(Fetcher(), base=folder / "table", max_bytes=5).fetch("jar.png")
    assert caught.value.code == ErrorCode.TOO_LARGE


def test_without_a_folder_links_have_no_copies(folder: Path) -> None:
    assert find_file("https://example.com/kettle.jpg", None) is None


class Refusing:
    """The origin, which knows the forms of links alone."""

    def fetch(self, link: str) -> bytes:
        raise RowError(ErrorCode.BAD_LINK, link)
