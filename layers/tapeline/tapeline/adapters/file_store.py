"""A bucket in a folder, for runs on this machine."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Final

from tapeline.errors import ObjectMissingError

# Bytes of a file that are read at once. Chosen by hand.
_CHUNK_BYTES: Final = 1 << 20

# What the names of files begin with that aren't whole yet. No key of a run has such a name.
_PARTIAL: Final = ".partial-"


class FileStore:
    """Objects as files under their keys; a :class:`tapeline.ports.ObjectStore` and a LinkSigner.

    An object is whole or not there: it is written beside its place and renamed. Several processes may share
    a folder.

    Args:
        folder: Where the objects are; made with the first one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open(self, key: str, version: str | None = None) -> Iterator[Iterator[bytes]]:  # noqa: ARG002
        """Stream an object's bytes in chunks; there is one version of each.

        Raises:
            ObjectMissingError: There is no such key.
        """
        try:
            file = self.path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise _missing(self._folder, key) from error
        with file:
            yield iter(lambda: file.read(_CHUNK_BYTES), b"")

    def read(self, key: str) -> bytes:
        """Return a whole object.

        Raises:
            ObjectMissingError: There is no such key.
        """
        with self.open(key) as chunks:
            return b"".join(chunks)

    def exists(self, key: str) -> bool:
        """Say whether there is an object under this key."""
        return self.path(key).is_file()

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with ``prefix``, in ascending order."""
        # The folder that all of them are in: what follows the last slash is the beginning of a name.
        top = self._folder / prefix.rpartition("/")[0]
        found = []
        for folder, _, names in os.walk(top):
            inner = Path(folder).relative_to(self._folder).as_posix()
            begin = "" if inner == "." else f"{inner}/"
            found += [f"{begin}{name}" for name in names if not name.startswith(_PARTIAL)]
        yield from sorted(key for key in found if key.startswith(prefix))

    def write(self, key: str, body: bytes | IO[bytes], *, content_type: str) -> None:  # noqa: ARG002
        """Write a whole object, in place of any other."""
        path = self.path(key)
        with _beside(path, body) as partial:
            partial.replace(path)

    def write_once(self, key: str, body: bytes, *, content_type: str) -> bool:  # noqa: ARG002
        """Write a whole object unless the key is taken; say whether it was written."""
        path = self.path(key)
        with _beside(path, body) as partial:
            try:
                # Unlike a renamed file, a link takes nobody's place.
                path.hardlink_to(partial)
            except FileExistsError:
                return False
        return True

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        """Return a whole object and a hash of it; nothing, and an empty tag, where there is none."""
        try:
            body = self.read(key)
        except ObjectMissingError:
            return b"", ""
        return body, _tag(body)

    def write_tagged(self, key: str, body: bytes, tag: str, *, content_type: str) -> str | None:
        """Write a whole object in place of the one with a hash, or of none where the hash is empty.

        Returns:
            The new object's hash; None where another one is there.
        """
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / f"{_PARTIAL}lock").open("wb") as lock:
            # Closing the file ends it.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.read_tagged(key)[1] != tag:
                return None
            self.write(key, body, content_type=content_type)
        return _tag(body)

    def sign(self, key: str, seconds: int) -> str:  # noqa: ARG002 - the port's signature
        """Return the address of an object's file, which needs no signature."""
        return self.path(key).resolve().as_uri()

    def path(self, key: str) -> Path:
        """Return the file of an object."""
        return self._folder / key


@contextmanager
def _beside(path: Path, body: bytes | IO[bytes]) -> Iterator[Path]:
    """Yield a file with a body in a path's folder; what is left of it in the end is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=_PARTIAL, dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            shutil.copyfileobj(BytesIO(body) if isinstance(body, bytes) else body, file, _CHUNK_BYTES)
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _missing(folder: Path, key: str) -> ObjectMissingError:
    return ObjectMissingError(
        f"expected the object {key} in {folder}, received none: run it again with --replace"
    )
