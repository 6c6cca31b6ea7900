"""Observing and answering folders of pictures as the workers do, in several processes."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import batched
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from infra.training.cache import CachedReader, CachedShapeFinder, JsonCache
from infra.training.ground_truth import TruthRow, by_picture
from tapeline.adapters.opencv_shapes import OpenCvShapeFinder
from tapeline.adapters.openvino_reader import OpenVinoReader
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.adapters.precision import Precision
from tapeline.answerer import Answerer
from tapeline.answering import Components, answer_pictures
from tapeline.answers import Answer, PictureQuery
from tapeline.download.links import copy_name
from tapeline.entities import EIGHT, EntitySet
from tapeline.errors import ErrorCode, RowError
from tapeline.reading.scene import Scene

# Goes up with each change of the reader that changes what it finds.
_CACHE_VERSION: Final = "4"

# What it computes in: what is nearest to one text on all machines; bfloat16 isn't on each.
_PRECISION: Final[Precision] = "int8"

# Pictures that a process observes or answers at a time. Chosen by hand: some twenty seconds of OCR.
_CHUNK: Final = 20


def queries_of(rows: Iterable[TruthRow], entities: EntitySet = EIGHT) -> list[PictureQuery]:
    """Return what rows ask of ``entities``, one query for each picture."""
    return [
        PictureQuery(
            link,
            tuple(dict.fromkeys(row.entity_name for row in asked)),
            entities=entities,
            category=asked[0].category,
        )
        for link, asked in by_picture(rows).items()
    ]


@dataclass(frozen=True, slots=True)
class FolderFetcher:
    """Brings pictures from a folder; implements :class:`tapeline.ports.PictureFetcher`.

    Attributes:
        folder: Its files are named after the last part of the links, percent-decoded for http(s).
    """

    folder: Path

    def fetch(self, link: str) -> bytes:
        """Return a picture's bytes.

        Raises:
            RowError: With ``bad_link`` where the link is malformed, and with ``http_status`` where the folder
                has no such file.
        """
        name = copy_name(link)
        try:
            if not name:
                raise FileNotFoundError(name)
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise RowError(
                ErrorCode.HTTP_STATUS,
                f"expected a picture named {name!r} in {self.folder}, received none: "
                "name the pictures' folder with --images",
            ) from error


def cache_folder(cache_dir: Path) -> Path:
    """Return the folder, within that of the cache, of documents that this version's components make."""
    return cache_dir / f"openvino-{version('openvino')}-{_CACHE_VERSION}"


@cache
def answerer(cache_dir: Path) -> Answerer:
    """Return what answers pictures as in the workers' reading process, with cached OCR and shapes.

    Args:
        cache_dir: The folder of the cache.
    """
    store = JsonCache(cache_folder(cache_dir))
    return Answerer(
        decoder=PillowDecoder(),
        reader=CachedReader(lambda: OpenVinoReader(1, _PRECISION), store),
        # Labels don't bear on answers.
        classifier=None,
        shape_finder=CachedShapeFinder(OpenCvShapeFinder(), store),
    )


def observe_pictures(
    queries: Sequence[PictureQuery], images: Path, cache_dir: Path, *, second_pass: bool = True
) -> dict[str, Scene]:
    """Observe pictures; those that are missing or can't be decoded are left out.

    Args:
        queries: The pictures, with what is asked of them.
        images: The folder of the pictures.
        cache_dir: The folder of the cache.
        second_pass: Whether second OCR passes may be made.

    Returns:
        Link -> what was observed.
    """
    with _pool() as pool:
        jobs = [
            (chunk, pool.submit(_observe, chunk, images, cache_dir, second_pass))
            for chunk in batched(queries, _CHUNK)
        ]
        found = [
            (query.image_link, scene)
            for chunk, job in jobs
            for query, scene in zip(chunk, job.result(), strict=True)
        ]
    return {link: scene for link, scene in found if scene is not None}


def answer_queries(queries: Sequence[PictureQuery], images: Path, cache_dir: Path) -> list[dict[str, Answer]]:
    """Answer pictures by the call that the workers make.

    Args:
        queries: What is asked.
        images: The folder of the pictures.
        cache_dir: The folder of the cache.

    Returns:
        For each query, in their order, entity -> its answer; none for a picture that is missing or can't be
        decoded.
    """
    with _pool() as pool:
        jobs = [pool.submit(_answer, chunk, images, cache_dir) for chunk in batched(queries, _CHUNK)]
        return [answers for job in jobs for answers in job.result()]


def _observe(
    queries: Sequence[PictureQuery], images: Path, cache_dir: Path, second_pass: bool
) -> list[Scene | None]:
    own, fetcher = answerer(cache_dir), FolderFetcher(images)
    scenes: list[Scene | None] = []
    for query in queries:
        try:
            picture = own.decoder.decode(fetcher.fetch(query.image_link))
        except RowError:
            scenes.append(None)
        else:
            scenes.append(own.observe(picture, query.entity_names, query.entities, second_pass=second_pass))
    return scenes


def _answer(queries: Sequence[PictureQuery], images: Path, cache_dir: Path) -> list[dict[str, Answer]]:
    own = Components(FolderFetcher(images), answerer(cache_dir))
    # Only answers are needed: pictures without one are left out of the scores.
    return [
        {name: answer for name, answer in result.answers.items() if isinstance(answer, Answer)}
        for result in answer_pictures(queries, own)
    ]


def _pool() -> ProcessPoolExecutor:
    # OpenVINO's threads don't survive a fork.
    return ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=get_context("spawn"))
