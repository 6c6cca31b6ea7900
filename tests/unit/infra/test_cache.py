"""What was read and found in pictures is computed once."""

from pathlib import Path

import numpy as np

from infra.training.cache import CachedReader, CachedShapeFinder, JsonCache
from tapeline.picture import Picture, Shapes, TextLine

PICTURE = Picture(np.zeros((20, 20, 3), np.uint8), 20, 20)


def test_a_picture_is_read_once(tmp_path: Path) -> None:
    class Reader:
        calls = 0

        def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
            Reader.calls += 1
            return [TextLine("12 cm", 0.5, ((0, 0), (9, 0), (9, 5), (0, 5)))]

    first = CachedReader(Reader, JsonCache(tmp_path)).read(PICTURE)
    assert CachedReader(Reader, JsonCache(tmp_path)).read(PICTURE) == first
    assert Reader.calls == 1
    CachedReader(Reader, JsonCache(tmp_path)).read(PICTURE, 900)
    assert Reader.calls == 2


def test_shapes_are_found_once(tmp_path: Path) -> None:
    class Finder:
        calls = 0

        def find(self, picture: Picture) -> Shapes:
            Finder.calls += 1
            outline = None if picture.width == 20 else (1.0, 2.0, 3.0, 4.0)
            return Shapes(np.array([[1, 2, 3.04, 4]], np.float32), outline)

    larger = Picture(PICTURE.pixels, 40, 40)
    for _ in range(2):
        shapes = CachedShapeFinder(Finder(), JsonCache(tmp_path)).find(PICTURE)
        assert shapes.segments.dtype == np.float32
        np.testing.assert_allclose(shapes.segments, [[1, 2, 3, 4]])
        assert shapes.outline is None
        assert CachedShapeFinder(Finder(), JsonCache(tmp_path)).find(larger).outline == (1, 2, 3, 4)
    assert Finder.calls == 2
