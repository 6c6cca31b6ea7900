"""What was read and found in pictures, cached on disk: OCR is the slow part of training."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from tapeline.picture import Box, Picture, Shapes, TextLine
from tapeline.ports import ShapeFinder, TextReader

# The name of a picture's shapes. Its number goes up with each change of the shape finder that changes what it
# finds, so that text needn't be read again.
_SHAPES: Final = "shapes-2"


class JsonCache:
    """JSON documents on disk, several for each picture.

    Args:
        folder: Where they lie; made when needed. What can change a document, such as a version of the
            reader, belongs into its name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, picture: Picture, name: str, compute: Callable[[], Any]) -> Any:
        """Return a picture's document, from disk or computed and written now.

        Args:
            picture: Its pixels and size are the key.
            name: Tells the picture's documents apart; part of a file name.
            compute: Makes the document; anything that JSON can hold.
        """
        path = self._folder / self._key(picture) / f"{name}.json"
        try:
            return json.loads(path.read_bytes())
        except FileNotFoundError:
            pass
        document = compute()
        path.parent.mkdir(parents=True, exist_ok=True)
        # Several processes may write the same document at once.
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        scratch.replace(path)
        return document

    @staticmethod
    def _key(picture: Picture) -> str:
        shape = f"{picture.pixels.shape} {picture.width} {picture.height} ".encode()
        return hashlib.blake2b(shape + picture.pixels.tobytes(), digest_size=16).hexdigest()


class CachedReader:
    """A text reader that reads each picture once; implements :class:`tapeline.ports.TextReader`.

    Args:
        make_reader: Loads the reader, at the first picture that isn't cached.
        cache: Where the text lines are cached.
    """

    def __init__(self, make_reader: Callable[[], TextReader], cache: JsonCache) -> None:
        self._make_reader = make_reader
        self._reader: TextReader | None = None
        self._cache = cache

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        """Return the lines of text in a picture."""

        def compute() -> list[Any]:
            self._reader = self._reader or self._make_reader()
            return [(line.text, line.score, line.box) for line in self._reader.read(picture, longest_side)]

        name = "text" if longest_side is None else f"text-{longest_side}"
        return [
            TextLine(str(text), float(score), _box(box))
            for text, score, box in self._cache.get(picture, name, compute)
        ]


class CachedShapeFinder:
    """A shape finder that searches each picture once; implements :class:`tapeline.ports.ShapeFinder`.

    Args:
        finder: The shape finder.
        cache: Where the shapes are cached.
    """

    def __init__(self, finder: ShapeFinder, cache: JsonCache) -> None:
        self._finder = finder
        self._cache = cache

    def find(self, picture: Picture) -> Shapes:
        """Return a picture's segments, rounded to tenths of a pixel, and its product's outline."""

        def compute() -> Any:
            shapes = self._finder.find(picture)
            return {"segments": np.round(shapes.segments, 1).tolist(), "outline": shapes.outline}

        document = self._cache.get(picture, _SHAPES, compute)
        outline = document["outline"]
        return Shapes(
            np.array(document["segments"], np.float32).reshape(-1, 4),
            None if outline is None else tuple(outline),
        )


def _box(corners: list[list[float]]) -> Box:
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return first, second, third, fourth
