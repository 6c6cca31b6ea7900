"""Which of a table's pictures are on this machine, before a run begins."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tapeline.adapters.local_fetcher import find_file
from tapeline.batch.rows import RowReader
from tapeline.download.links import is_path
from tapeline.errors import RejectedInputError, RowError, SettingsError

# Bytes of the table that are read at once. Chosen by hand.
_CHUNK_BYTES: Final = 64 * 1024


@dataclass(slots=True)
class LocalPictures:
    """The pictures of a table.

    Attributes:
        links: Distinct links in it.
        downloads: Links among them that aren't on this machine and have a scheme.
        files: The link of each picture that is on this machine -> its file.
    """

    links: int = 0
    downloads: int = 0
    files: dict[str, Path] = field(default_factory=dict)

    def by_name(self) -> dict[str, Path]:
        """Return file name -> file, for where pictures are known by their names alone.

        Raises:
            SettingsError: Different files have the same name.
        """
        found: dict[str, Path] = {}
        for path in self.files.values():
            first = found.setdefault(path.name, path)
            if first.resolve() != path.resolve():
                raise SettingsError(
                    f"expected pictures with different names for a local cloud, received {first} and {path}: "
                    "run without --cloud, or rename one"
                )
        return found


def find_pictures(table: Path, folder: Path | None, *, needed: bool = True) -> LocalPictures:
    """Find the pictures of a table's links on this machine, as far as the table can be read.

    Args:
        table: The input.
        folder: The folder with copies; None for none.
        needed: Whether the folder has to have some of them.

    Raises:
        SettingsError: The folder has to have some of them, and none of the links is answered from it.
    """
    found = LocalPictures()
    for link in dict.fromkeys(_links(table)):
        found.links += 1
        try:
            path = find_file(link, folder, table.parent)
        except RowError:
            continue  # The run itself gives the row its error.
        if path is not None:
            found.files[link] = path
        elif not is_path(link):
            found.downloads += 1
    if needed and folder is not None and found.links and not found.files:
        raise SettingsError(
            f"expected pictures in {folder} under the last parts of the links in {table}, found none of "
            f"{found.links}: say the folder that has them, or leave --images out to download them"
        )
    return found


def _links(table: Path) -> Iterator[str]:
    with table.open("rb") as file:
        try:
            for row in RowReader(iter(lambda: file.read(_CHUNK_BYTES), b"")):
                yield row.image_link
        except RejectedInputError:
            return  # The run rejects the table too.
