"""A picture and what the adapters find in it, as plain values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The functions without pictures share this module, and haven't got numpy.
    import numpy as np
    import numpy.typing as npt

# RGB pixels, shape (height, width, 3), dtype uint8.
type Pixels = npt.NDArray[np.uint8]

# float64 numbers, of any shape.
type FloatArray = npt.NDArray[np.float64]

# ResNet50's pooled output before its last layer, shape (2048,), dtype float32.
type Embedding = npt.NDArray[np.float32]

# Straight lines (x1, y1, x2, y2), shape (n, 4), dtype float32, in pixels of the original picture.
type Segments = npt.NDArray[np.float32]

# x to the right and y down, in pixels of the original picture.
type Point = tuple[float, float]

# The corners of a text line in reading direction: its own top left, top right, bottom right, bottom left.
type Box = tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture: upright, on white, its longest side shrunk to the decoder's limit.

    Attributes:
        pixels: RGB, shape (height, width, 3), uint8; at most as large as the original.
        width: The original's width in pixels, after its EXIF rotation.
        height: The original's height in pixels, after its EXIF rotation.
    """

    pixels: Pixels
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Pixels of the original for each pixel of ``pixels``; 1.0 where nothing was shrunk."""
        return float(self.width / self.pixels.shape[1])


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text in a picture.

    Attributes:
        text: What it says; not empty.
        score: The text reader's score, 0 to 1.
        box: Its four corners, in pixels of the original picture.
    """

    text: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """What is drawn in a picture beside text.

    Attributes:
        segments: Straight line segments as (x1, y1, x2, y2), shape (n, 4), float32, in pixels of the
            original picture; edges of letters and of the product are among them.
        outline: The product's left, top, right and bottom, in pixels of the original picture; None where
            nothing stands out from the background.
    """

    segments: Segments
    outline: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class Label:
    """One ImageNet class that the picture may show.

    Attributes:
        wordnet_id: Such as ``n04376876``.
        name: Such as ``syringe``.
        score: Its probability, 0 to 1.
    """

    wordnet_id: str
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Classification:
    """What ResNet50 makes of one picture.

    Attributes:
        labels: The five most probable classes, best first.
        embedding: The pooled output of the last convolution, shape (2048,), float32.
    """

    labels: tuple[Label, ...]
    embedding: Embedding
