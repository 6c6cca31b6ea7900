"""Looking at folders of pictures with the components that the workers have, in several processes."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from infra.training.cache import CachedReader, CachedShapeFinder, JsonCache
from infra.training.labels import LabelledRow, by_picture
from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.adapters.rapidocr_reader import RapidOcrReader
from tapeline.answering import Components, PictureAnswers, PictureQuery, answer_pictures
from tapeline.errors import ErrorCode, RowError
from tapeline.reading.scene import Scene

_READER: Final = "1"
# Goes up with each change of the reader or the shape finder that changes what they find.


def queries_of(rows: Iterable[LabelledRow]) -> list[PictureQuery]:
    """Return what labelled rows ask, a query for each picture."""
    return [
        PictureQuery(link, tuple(dict.fromkeys(row.entity_name for row in asked)))
        for link, asked in by_picture(rows).items()
    ]


@dataclass(frozen=True, slots=True)
class FolderFetcher:
    """Brings the file that has the name of a link's last part."""

    folder: Path

    def fetch(self, link: str) -> bytes:
        """Return the file's bytes.

        Raises:
            RowError: With ``http_status``, where there is no such file.
        """
        path = self.folder / PurePosixPath(urlsplit(link).path).name
        try:
            return path.read_bytes()
        except OSError as error:
            raise RowError(
                ErrorCode.HTTP_STATUS, f"expected the picture {path}, found none: name its folder as IMAGES"
            ) from error


@cache
def components(images: Path, kept: Path) -> Components:
    """Return components that read from a folder of pictures, and each picture's text only once.

    Args:
        images: The folder.
        kept: Where what was read is kept.
    """
    store = JsonCache(kept / f"rapidocr-{version('rapidocr')}-{_READER}")
    return Components(
        fetcher=FolderFetcher(images),
        decoder=PillowDecoder(),
        reader=CachedReader(lambda: RapidOcrReader(threads=1), store),
        classifier=None,
        shape_finder=CachedShapeFinder(OpenCvShapeFinder(), store),
    )


def _scene(query: PictureQuery, images: Path, kept: Path, closer: bool) -> Scene | None:
    own = components(images, kept)
    try:
        picture = own.decoder.decode(own.fetcher.fetch(query.image_link))
    except RowError:
        return None
    return own.observe(picture, query.entity_names, second_pass=closer)


def _scenes(queries: Sequence[PictureQuery], images: Path, kept: Path, closer: bool) -> list[Scene | None]:
    return [_scene(query, images, kept, closer) for query in queries]


def _answers(queries: Sequence[PictureQuery], images: Path, kept: Path) -> list[PictureAnswers]:
    return list(answer_pictures(queries, components(images, kept)))


def _chunks(queries: Iterable[PictureQuery], size: int = 20) -> list[list[PictureQuery]]:
    every = list(queries)
    return [every[start : start + size] for start in range(0, len(every), size)]


def look_at(
    queries: Sequence[PictureQuery],
    images: Path,
    kept: Path,
    *,
    closer: bool = True,
) -> dict[str, Scene]:
    """Look at pictures; those that can't be had or decoded are left out.

    Args:
        queries: The pictures.
        images: Their folder.
        kept: Where what is read is kept.
        closer: Whether to take second looks.

    Returns:
        Link -> what was seen.
    """
    with _pool() as pool:
        jobs = [(chunk, pool.submit(_scenes, chunk, images, kept, closer)) for chunk in _chunks(queries)]
        found = [
            (query.image_link, scene)
            for chunk, job in jobs
            for query, scene in zip(chunk, job.result(), strict=True)
        ]
    return {link: scene for link, scene in found if scene is not None}


def answer(queries: Sequence[PictureQuery], images: Path, kept: Path) -> list[PictureAnswers]:
    """Answer pictures by the call that the workers make, in the order of the queries."""
    with _pool() as pool:
        jobs = [pool.submit(_answers, chunk, images, kept) for chunk in _chunks(queries)]
        return [result for job in jobs for result in job.result()]


def _pool() -> ProcessPoolExecutor:
    # onnxruntime's threads don't survive a fork.
    return ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=get_context("spawn"))
