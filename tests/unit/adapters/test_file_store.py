"""A folder as a bucket."""

import io
import threading
from pathlib import Path

import pytest

from tapeline.adapters.file_store import FileStore
from tapeline.errors import ObjectMissingError

KEYS = ("runs/a/shards/00000.jsonl", "runs/a/shards/00001.jsonl", "runs/ab/run.json", "runs/a.json", "top")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "results")


def test_what_is_written_is_read_again(store: FileStore) -> None:
    store.write("runs/a.json", b"one", content_type="text/plain")
    store.write("runs/a.json", io.BytesIO(b"two"), content_type="text/plain")
    assert store.read("runs/a.json") == b"two"
    with store.open("runs/a.json", "any version") as chunks:
        assert b"".join(chunks) == b"two"
    assert store.exists("runs/a.json")
    assert not store.exists("runs")


@pytest.mark.parametrize("key", ["runs/b.json", "runs", "runs/a.json/below"])
def test_a_missing_object_is_an_error(store: FileStore, key: str) -> None:
    store.write("runs/a.json", b"", content_type="text/plain")
    with pytest.raises(ObjectMissingError, match="expected the object"):
        store.read(key)


def test_keys_come_in_order_and_by_any_beginning(store: FileStore) -> None:
    assert list(store.keys("")) == []
    for key in KEYS:
        store.write(key, b"", content_type="text/plain")
    assert list(store.keys("")) == sorted(KEYS)
    assert list(store.keys("runs/a/shards/")) == sorted(KEYS[:2])
    assert list(store.keys("runs/a/shards/00001.")) == [KEYS[1]]
    assert list(store.keys("runs/a")) == sorted(KEYS[:4])
    assert list(store.keys("nowhere/")) == []


def test_one_of_many_writers_gets_a_key(store: FileStore) -> None:
    written: list[bytes] = []

    def write(body: bytes) -> None:
        if store.write_once("runs/a.json", body, content_type="text/plain"):
            written.append(body)

    threads = [threading.Thread(target=write, args=(b"%d" % number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.read("runs/a.json")] == written


def test_what_could_not_be_written_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        store.write("runs/a.json", Broken(), content_type="text/plain")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_object_has_an_address(store: FileStore) -> None:
    store.write("runs/a b.json", b"", content_type="text/plain")
    assert store.sign("runs/a b.json", 60).startswith("file:///")
    assert store.sign("runs/a b.json", 60).endswith("/runs/a%20b.json")


def test_a_tagged_object_is_written_in_place_of_the_one_that_was_read(store: FileStore) -> None:
    assert store.read_tagged("a/b") == (b"", "")
    assert store.write_tagged("a/b", b"one", "other", content_type="text/plain") is None
    tag = store.write_tagged("a/b", b"one", "", content_type="text/plain")
    assert tag
    assert store.read_tagged("a/b") == (b"one", tag)
    assert store.write_tagged("a/b", b"two", "", content_type="text/plain") is None
    assert store.write_tagged("a/b", b"two", tag, content_type="text/plain") not in {None, tag}
    assert store.read("a/b") == b"two"
    assert list(store.keys("a/")) == ["a/b"]
