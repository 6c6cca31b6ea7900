"""Fetches pictures that are on this machine: by their path, or as copies in a folder."""

from pathlib import Path

from tapeline.download.limits import MAX_PICTURE_BYTES
from tapeline.download.links import copy_name, is_path, show_link
from tapeline.errors import ErrorCode, RowError
from tapeline.ports import PictureFetcher


class LocalFetcher:
    """Takes pictures from this machine where they are there, else from the origin; a ``PictureFetcher``.

    For runs on this machine alone: a worker in the cloud has no files that a link may name.

    - The copy of ``https://host/path/NAME`` is ``folder/NAME``, with NAME as
      :func:`~tapeline.download.links.copy_name` defines it.
    - A link without a scheme is a path from ``base``, or its last part is a name in ``folder``.

    Args:
        origin: Fetches what isn't here.
        folder: The folder with copies; None for none.
        base: What relative paths are relative to: the folder of the table that they are in.
        max_bytes: Bytes of a picture.
    """

    def __init__(
        self,
        origin: PictureFetcher,
        folder: Path | None = None,
        base: Path = Path(),
        max_bytes: int = MAX_PICTURE_BYTES,
    ) -> None:
        self._origin = origin
        self._folder = folder
        self._base = base
        self._max_bytes = max_bytes

    def fetch(self, link: str) -> bytes:
        """Return a file's bytes, or the origin's.

        Raises:
            RowError: ``bad_link`` for a path at which there is no file; ``too_large``; as the origin's
                ``fetch`` for everything else.
        """
        path = find_file(link, self._folder, self._base)
        if path is not None:
            return self._read(path)
        if is_path(link):
            where = f"{self._base}{f' or {self._folder}' if self._folder else ''}"
            raise RowError(
                ErrorCode.BAD_LINK,
                f"expected a link, or the path of a picture from {where}, received {show_link(link)}, where "
                "there is no file: correct the path, or say the pictures' folder with --images",
            )
        return self._origin.fetch(link)

    def _read(self, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                body = file.read(self._max_bytes + 1)
        except OSError as error:
            raise RowError(
                ErrorCode.BAD_LINK,
                f"expected to read {str(path)!r}, received {error.strerror}: check its permissions",
            ) from error
        if len(body) > self._max_bytes:
            raise RowError(
                ErrorCode.TOO_LARGE,
                f"expected at most {self._max_bytes} bytes, received more at {str(path)!r}: "
                "save a smaller version of the picture",
            )
        return body


def find_file(link: str, folder: Path | None, base: Path = Path()) -> Path | None:
    """Return the file on this machine that answers a link; None where there is none.

    Args:
        link: As it stands in the table.
        folder: The folder with copies; None for none.
        base: What relative paths are relative to.

    Raises:
        RowError: ``bad_link``, where the link is neither a path nor an accepted link.
    """
    name = copy_name(link)
    candidates = [base / link] if is_path(link) else []
    if folder is not None and name:
        candidates.append(folder / name)
    return next((path for path in candidates if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False  # Such as a name that is too long, or has a NUL in it.
