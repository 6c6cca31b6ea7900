"""Thumbnails: what is around the least sure answers of a run, and how many of them a worker keeps."""

import base64
import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tapeline.answers import Answer, Crop, PictureAnswers
from tapeline.batch import keys
from tapeline.batch.documents import JSON_TYPE, RunDocument, dump_document
from tapeline.batch.parallel import map_ahead
from tapeline.batch.schema import Schema
from tapeline.batch.shards import PictureTask
from tapeline.errors import CorruptObjectError, ObjectMissingError
from tapeline.ports import ObjectStore

# Thumbnails that a worker keeps of one shard at most: its memory is limited. Chosen by hand: 12 MB of them.
_MOST_OF_SHARD: Final = 500

# Thumbnails that are written at once. Chosen by hand, as for shards.
_WRITERS: Final = 16


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """What is around one row's answer.

    Attributes:
        bounds: Left, top, right and bottom, in pixels of the original picture.
        webp: The WebP file of at most 24 KiB, in base64.
    """

    bounds: tuple[float, float, float, float]
    webp: str

    def dump(self) -> bytes:
        """Return the thumbnail as JSON."""
        return dump_document(self)

    @classmethod
    def load(cls, body: bytes) -> "Thumbnail":
        """Return what :meth:`dump` wrote.

        Raises:
            CorruptObjectError: The bytes are something else.
        """
        return _THUMBNAIL.load(body)


_THUMBNAIL: Final = Schema(Thumbnail, name="a thumbnail", advice="start the run again")


@dataclass(frozen=True, slots=True)
class Reviewing:
    """What is kept for those who review a run.

    Attributes:
        threshold: How sure an answer has to be, from 0 to 1, not to be reviewed.
        thumbnails: Thumbnails of a run at most, and a few more: each shard has its share, rounded up.
    """

    threshold: float = 0.0
    thumbnails: int = 0


def shard_share(run: str, store: ObjectStore, pictures: int, reviewing: Reviewing) -> int:
    """Return how many thumbnails a worker keeps of a shard: the shard's part of the run's.

    Args:
        run: The run's name.
        store: The results bucket, with the run's description.
        pictures: Pictures in the shard.
        reviewing: What is kept of a run.
    """
    if not reviewing.thumbnails:
        return 0
    try:
        document = RunDocument.load(store.read(keys.run_document_key(run)))
    except (ObjectMissingError, CorruptObjectError):
        return 0  # Answers come first: the run's end says what is wrong with it.
    return min(math.ceil(reviewing.thumbnails * pictures / max(document.pictures, 1)), _MOST_OF_SHARD)


@dataclass(slots=True)
class ThumbnailKeeper:
    """Keeps the crops of a shard's least sure answers.

    Attributes:
        most: How many.
    """

    most: int
    # The surest first: minus sureness, minus position, and the crop.
    _kept: list[tuple[float, int, Crop]] = field(default_factory=list)

    def add(self, task: PictureTask, answers: PictureAnswers) -> None:
        """Add the crops of a picture, for each of its questions."""
        if not self.most or not answers.crops:
            return
        for question in task.questions:
            answer = answers.answers.get(question.entity_name)
            crop = answers.crops.get(question.entity_name)
            if crop is None or not isinstance(answer, Answer) or question.problem is not None:
                continue
            item = (-answer.sureness, -question.position, crop)
            if len(self._kept) < self.most:
                heapq.heappush(self._kept, item)
            elif item[:2] > self._kept[0][:2]:
                heapq.heapreplace(self._kept, item)

    def write(self, run: str, store: ObjectStore) -> None:
        """Write what was kept, in place of what another worker wrote."""

        def write(item: tuple[float, int, Crop]) -> None:
            _, position, crop = item
            bounds = crop.bounds
            corners = (bounds.left, bounds.top, bounds.right, bounds.bottom)
            body = Thumbnail(corners, base64.b64encode(crop.webp).decode()).dump()
            store.write(keys.thumbnail_key(run, -position), body, content_type=JSON_TYPE)

        for _ in map_ahead(write, self._kept, threads=_WRITERS):
            pass


def read_thumbnails(run: str, rows: Iterable[int], store: ObjectStore) -> dict[int, Thumbnail]:
    """Return the thumbnails of some rows, by row; those that aren't there, or are broken, are left out."""

    def read(row: int) -> tuple[int, Thumbnail | None]:
        try:
            return row, Thumbnail.load(store.read(keys.thumbnail_key(run, row)))
        except (ObjectMissingError, CorruptObjectError):
            return row, None

    found = map_ahead(read, rows, threads=_WRITERS)
    return {row: thumbnail for row, thumbnail in found if thumbnail is not None}
