"""Ground truth and scenes small enough to read: a product with dimension lines, a number at each."""

import numpy as np

from infra.training.ground_truth import TruthRow
from tapeline.picture import Shapes, TextLine
from tapeline.quantities import parse_quantity
from tapeline.ranking.ranker import default_line_rater
from tapeline.reading.observing import scene_of
from tapeline.reading.scene import Scene

SIDE = 800
"""Pixels of a scene's sides."""

SHAPES = Shapes(
    np.array([[140, 100, 140, 700], [200, 730, 600, 730]], np.float32), (200.0, 100.0, 600.0, 700.0)
)
"""An upright and a flat dimension line, left of the product and below it."""


RATER = default_line_rater()
"""Rates dimension lines as the package does."""


def truth_row(
    entity: str,
    *answers: str,
    source: str = "vote",
    split: str = "train",
    link: str = "https://e.org/a.jpg",
) -> TruthRow:
    """Return a row with these right answers; without any, the picture doesn't say."""
    right = frozenset(parse_quantity(answer) for answer in answers)
    return TruthRow("0", link, entity, right, not answers, source, split)


def text_lines(tall: int, wide: int) -> list[TextLine]:
    """Return a number at each dimension line, and a weight in a corner."""

    def line(text: str, x: float, y: float) -> TextLine:
        return TextLine(text, 0.9, ((x, y), (x + 80, y), (x + 80, y + 24), (x, y + 24)))

    return [line(f"{tall} cm", 40, 390), line(f"{wide} cm", 360, 740), line(f"{tall} kg", 700, 20)]


def drawn_scene(tall: int, wide: int) -> Scene:
    """Return a product with an upright and a flat dimension line, and a number at each."""
    return scene_of(text_lines(tall, wide), SHAPES, SIDE, SIDE)


def many_rows(count: int, source: str = "vote") -> tuple[list[TruthRow], dict[str, Scene]]:
    """Return rows for height, width and weight of pictures, with their scenes."""
    rows: list[TruthRow] = []
    scenes: dict[str, Scene] = {}
    for number in range(count):
        link = f"https://e.org/{number}.png"
        tall, wide = 20 + number, 95 - number
        scenes[link] = drawn_scene(tall, wide)
        rows += [
            truth_row("height", f"{tall} centimetre", link=link, source=source),
            truth_row("width", f"{wide} centimetre", link=link, source=source),
            truth_row("item_weight", f"{tall} kilogram", link=link, source=source),
        ]
    return rows, scenes
