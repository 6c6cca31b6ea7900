"""The components of a worker on this machine: what its pictures are fetched with, and its reading process."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tapeline.adapters.local_fetcher import LocalFetcher
from tapeline.errors import MissingPackageError
from tapeline.ports import PictureFetcher

if TYPE_CHECKING:
    from tapeline.adapters.reading_process import ReadingProcess

# Threads that a worker computes with, as in the template's InferenceFunction: results don't depend on the
# machine, and several workers make better use of processors than several threads.
_THREADS: Final = 1

# The variable that names the folder of the model files, and where it is without one.
_MODELS_VARIABLE: Final = "TAPELINE_MODELS"
_MODELS_FOLDER: Final = "tapeline/models"

# Where compiled models are kept, in the user's cache: a third of the first answer's time.
_COMPILED_FOLDER: Final = "tapeline/compiled"

# A package of the extra ``read`` that nothing else brings along.
_READER_PACKAGE: Final = "cv2"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where pictures may be.

    Attributes:
        folder: A folder whose files answer links by their last part; None for none.
        base: What relative paths are relative to.
        s3: Where ``s3://`` links may lead: ``bucket``, or ``bucket/prefix/``; nowhere by default.
    """

    folder: Path | None = None
    base: Path = Path()
    s3: tuple[str, ...] = ()


def processors() -> int:
    """Return how many processors this process may use: as many workers are the default."""
    return len(os.sched_getaffinity(0))


def models_folder() -> Path:
    """Return the folder of the model files: $TAPELINE_MODELS, or the user's cache."""
    named = os.environ.get(_MODELS_VARIABLE)
    return Path(named).expanduser() if named else _user_cache() / _MODELS_FOLDER


def _user_cache() -> Path:
    # Source: the XDG Base Directory Specification 0.8.
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def check_packages() -> None:
    """Check that the packages that reading needs are installed.

    Raises:
        MissingPackageError: They aren't.
    """
    if find_spec(_READER_PACKAGE) is None:
        raise MissingPackageError(
            "expected the packages that reading needs, received none: pip install 'tapeline[read]'"
        )


def start_local_answerer(models: Path | None = None) -> "ReadingProcess":
    """Start a process that loads the models and answers pictures.

    Args:
        models: The folder of the model files; None for :func:`models_folder`.

    Raises:
        MissingPackageError: The packages for reading aren't installed.
    """
    check_packages()
    # Only now: what has no need of it shouldn't wait for it.
    from tapeline.batch.estimate import Pace  # noqa: PLC0415
    from tapeline.worker.starting import start_answerer  # noqa: PLC0415

    return start_answerer(
        models or models_folder(),
        threads=_THREADS,
        # As in the template's InferenceFunction: a picture has the same limits here as there.
        memory_megabytes=Pace().memory_megabytes,
        cache=_user_cache() / _COMPILED_FOLDER,
    )


def build_fetcher(pictures: Pictures) -> PictureFetcher:
    """Return what fetches pictures from where they may be."""
    return LocalFetcher(_OnDemand(pictures.s3), pictures.folder, pictures.base)


class _OnDemand:
    """A fetcher of links that imports what it takes at the first one: most pictures are on this machine."""

    def __init__(self, s3: Collection[str]) -> None:
        self._s3 = s3
        self._fetcher: PictureFetcher | None = None

    def fetch(self, link: str) -> bytes:
        if self._fetcher is None:
            from tapeline.worker.assembly import link_fetcher  # noqa: PLC0415

            self._fetcher = link_fetcher(self._s3)
        return self._fetcher.fetch(link)
