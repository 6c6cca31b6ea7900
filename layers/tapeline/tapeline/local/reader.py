"""The library's way in: pictures, folders and data frames to answers, with the models loaded once."""

import io
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from tapeline.answering import Components
from tapeline.answers import Answer, PictureAnswers, PictureQuery
from tapeline.entities import EntitySet
from tapeline.entity_file import DEFAULT, load_entities
from tapeline.errors import RowError, SettingsError
from tapeline.local.components import (
    Pictures,
    build_fetcher,
    check_packages,
    processors,
    start_local_answerer,
)
from tapeline.local.showing import ShownAnswer
from tapeline.local.side_by_side import answer_side_by_side
from tapeline.predicting import POSTED, Predictor

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from PIL.Image import Image as PilImage

    from tapeline.adapters.reading_process import ReadingProcess

# A picture as callers have it: a path, a link, a file's bytes, a PIL image, or pixels of shape (height,
# width), (height, width, 3) or (height, width, 4), dtype uint8.
type PictureLike = "str | Path | bytes | PilImage | npt.NDArray[np.uint8]"

# Seconds that one picture may take: the reading process has a limit of its own, which is shorter.
_SECONDS: Final = 600.0

# Suffixes of the files of a folder that are pictures: those of the formats that the decoder takes.
PICTURE_SUFFIXES: Final = frozenset({".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".png", ".webp"})


# The columns that read_frame() adds.
ADDED_COLUMNS: Final = (
    "prediction", "value", "unit", "confidence", "stated", "text", "box", "error_code", "error",
)  # fmt: skip


class Reader:
    """Reads quantities off pictures; the models are loaded at the first picture, once.

    ::

        from tapeline import Reader

        reader = Reader()
        reader.read("kettle.jpg", ["wattage", "voltage"])

    A reader is for one thread at a time. It may be used as a context manager, which ends its processes.

    Args:
        images: A folder where pictures are looked for by the last part of their links; what isn't there is
            downloaded.
        models: The folder of the model files, which ``tapeline models`` fills; None for the user's.
        s3: Where ``s3://`` links may lead: ``bucket``, or ``bucket/prefix/``; nowhere by default.
        entities: A file with own entities: ``products``, or a path.

    Raises:
        SettingsError: The entities file can't be used.
        MissingPackageError: The packages for reading aren't installed.
    """

    def __init__(
        self,
        *,
        images: str | Path | None = None,
        models: str | Path | None = None,
        s3: Sequence[str] = (),
        entities: str | Path = DEFAULT,
    ) -> None:
        check_packages()
        self._pictures = Pictures(None if images is None else Path(images), s3=tuple(s3))
        self._models = None if models is None else Path(models)
        self._entities = load_entities(str(entities))
        self._answerers: list[ReadingProcess] = []
        self._predictor = Predictor(
            lambda: Components(build_fetcher(self._pictures), self._started(1)[0], downloads=1)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes that hold the models; the next picture starts them again."""
        for answerer in self._answerers:
            answerer.close()

    def read(
        self, picture: PictureLike, entities: Iterable[str] | str | None = None, *, category: str = ""
    ) -> dict[str, ShownAnswer]:
        """Read one picture.

        Args:
            picture: A path, a link, a file's bytes, a PIL image or an array of pixels.
            entities: What to read; all entities where it is left out.
            category: The product's category, one of the challenge's ``group_id``; others change nothing.

        Returns:
            Entity -> its answer.

        Raises:
            RowError: The picture can't be had or read, or an entity isn't known.
        """
        names = _names(entities, self._entities)
        link, body = _as_link_or_bytes(picture)
        query = PictureQuery(link, names, preview=True, entities=self._entities, category=category)
        found = self._predictor.predict(query, body, _SECONDS).result
        answers = {}
        for name in names:
            answer = found.answers[name]
            if isinstance(answer, RowError):
                raise answer
            answers[name] = _shown(answer, name, found)
        return answers

    def folder(
        self,
        folder: str | Path,
        entities: Iterable[str] | str | None = None,
        *,
        workers: int | None = None,
        progress: bool | None = None,
    ) -> dict[str, dict[str, ShownAnswer | RowError]]:
        """Read all pictures of a folder.

        Args:
            folder: The folder; its own folders aren't searched.
            entities: What to read; all entities where it is left out.
            workers: Pictures that are read at once, each in a process of its own; as many as there are
                processors where it is left out.
            progress: Whether to draw a bar; where standard error is a terminal if left out.

        Returns:
            File name -> entity -> its answer, or why there is none; in the order of the names.
        """
        paths = pictures_in(Path(folder))
        found = self.read_all(map(str, paths), entities, workers=workers, progress=progress)
        return {path.name: found[str(path)] for path in paths}

    def read_all(
        self,
        pictures: Iterable[str],
        entities: Iterable[str] | str | None = None,
        *,
        workers: int | None = None,
        progress: bool | None = None,
    ) -> dict[str, dict[str, ShownAnswer | RowError]]:
        """Read pictures by their paths or links.

        Args:
            pictures: Paths and links; one that comes again is read once.
            entities: As for :meth:`folder`.
            workers: As for :meth:`folder`.
            progress: As for :meth:`folder`.

        Returns:
            Picture -> entity -> its answer, or why there is none; in the order given.
        """
        names = _names(entities, self._entities)
        queries = [
            PictureQuery(picture, names, preview=True, entities=self._entities)
            for picture in dict.fromkeys(pictures)
        ]
        results = self._answer(queries, self._pictures, workers, progress)
        return {
            query.image_link: {
                name: answer if isinstance(answer, RowError) else _shown(answer, name, found)
                for name, answer in ((name, found.answers[name]) for name in names)
            }
            for query, found in zip(queries, results, strict=True)
        }

    def read_frame(
        self,
        frame: "pd.DataFrame",
        *,
        images: str | Path | None = None,
        workers: int | None = None,
        progress: bool | None = None,
    ) -> "pd.DataFrame":
        """Answer the rows of a data frame.

        Each picture is read once for all of its rows.

        Args:
            frame: With the columns ``image_link`` (a link, or a path) and ``entity_name``, and optionally
                ``group_id``, the product's category.
            images: A folder whose files answer links by their last part; the reader's where it is left out.
            workers: As for :meth:`folder`.
            progress: As for :meth:`folder`.

        Returns:
            The frame with the columns ``prediction``, ``value``, ``unit``, ``confidence``, ``stated``,
            ``text``, ``box``, ``error_code`` and ``error`` added, in the same order and with the same index.

        Raises:
            SettingsError: A column is missing.
        """
        missing = [name for name in ("image_link", "entity_name") if name not in frame.columns]
        if missing:
            raise SettingsError(
                f"expected a frame with the columns image_link and entity_name, received "
                f"{', '.join(map(str, frame.columns))}: rename or add {' and '.join(missing)}"
            )
        links, entities = (frame[name].astype(str).str.strip() for name in ("image_link", "entity_name"))
        rows = list(zip(links, entities, strict=True))
        asked: dict[str, dict[str, None]] = {}
        for link, name in rows:
            asked.setdefault(link, {})[name] = None
        categories = _categories(frame, links)
        pictures = self._pictures if images is None else replace(self._pictures, folder=Path(images))
        queries = [
            PictureQuery(link, tuple(names), entities=self._entities, category=categories[link])
            for link, names in asked.items()
        ]
        results = self._answer(queries, pictures, workers, progress)
        by_link = dict(zip(asked, results, strict=True))
        cells = [_cells(by_link[link].answers[name]) for link, name in rows]
        found = frame.copy()
        for column in ADDED_COLUMNS:
            found[column] = [cell[column] for cell in cells]
        return found

    def _answer(
        self, queries: Sequence[PictureQuery], pictures: Pictures, workers: int | None, progress: bool | None
    ) -> list[PictureAnswers]:
        """Answer queries with several processes at once; the results are in the queries' order."""
        count = min(processors() if workers is None else workers, len(queries))
        if queries and count < 1:
            raise SettingsError(f"expected workers to be at least 1, received {workers}")
        fetcher = build_fetcher(pictures)
        components = [Components(fetcher, answerer) for answerer in self._started(count)]
        # Only now: a single picture has no bar. A notebook without ipywidgets has one of text, as terminals.
        with warnings.catch_warnings(action="ignore"):
            from tqdm.auto import tqdm  # noqa: PLC0415

        # disable=None: no bar where standard error isn't a terminal.
        hidden = None if progress is None else not progress
        with tqdm(total=len(queries), unit="picture", disable=hidden) as bar:
            return answer_side_by_side(queries, components, bar.update)

    def _started(self, count: int) -> list["ReadingProcess"]:
        """Return so many answerers; those that there are stay warm."""
        while len(self._answerers) < count:
            self._answerers.append(start_local_answerer(self._models))
        return self._answerers[:count]


def _categories(frame: "pd.DataFrame", links: "pd.Series[str]") -> dict[str, str]:
    """Return link -> category; empty where the frame has none, or several for a picture."""
    if "group_id" not in frame.columns:
        return dict.fromkeys(links, "")
    found: dict[str, set[str]] = {}
    for link, category in zip(links, frame["group_id"].astype(str).str.strip(), strict=True):
        found.setdefault(link, set()).add(category)
    return {link: names.pop() if len(names) == 1 else "" for link, names in found.items()}


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder, by their suffixes, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)


def _names(entities: Iterable[str] | str | None, known: EntitySet) -> tuple[str, ...]:
    if entities is None:
        return tuple(known.units)
    # A single name is meant as one, and not as its letters.
    return (entities,) if isinstance(entities, str) else tuple(dict.fromkeys(entities))


def _as_link_or_bytes(picture: PictureLike) -> tuple[str, bytes | None]:
    """Return a link with None, or a name for messages with the picture's bytes."""
    if isinstance(picture, (str, Path)):
        return str(picture), None
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return POSTED, bytes(picture)
    # Only now: reading a path needs no Pillow here.
    from PIL import Image  # noqa: PLC0415

    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    # Without loss, and every mode of a picture in memory can be written after it is converted.
    mode = image.mode if image.mode in {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"} else "RGB"
    image.convert(mode).save(file, "PNG")
    return POSTED, file.getvalue()


def _shown(answer: Answer, name: str, found: PictureAnswers) -> ShownAnswer:
    own = {item.name: getattr(answer, item.name) for item in fields(answer)}
    return ShownAnswer(**own, entity=name, size=found.size, preview=found.preview)


def _cells(answer: Answer | RowError) -> dict[str, Any]:
    """Return what an answer adds to its row of a frame."""
    if isinstance(answer, RowError):
        return dict.fromkeys(ADDED_COLUMNS) | {
            "prediction": "", "error_code": str(answer.code), "error": answer.message,
        }  # fmt: skip
    return {
        "prediction": answer.prediction,
        "value": answer.value,
        "unit": answer.unit,
        "confidence": answer.confidence,
        "stated": answer.stated,
        "text": answer.text,
        "box": answer.box,
        "error_code": None,
        "error": None,
    }
