"""Reads text with PP-OCRv6 small on OpenVINO: text lines are detected, cut out, and recognised one by one."""

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from tapeline.adapters.openvino_models import MODELS_FOLDER, OcrModels
from tapeline.adapters.precision import Precision
from tapeline.adapters.text_detection import SIDES, Crop, cut_out, find_regions, prepare
from tapeline.adapters.text_recognition import decode, direction_input, recogniser_input
from tapeline.picture import Box, Picture, Pixels, TextLine

# Pixels of the longest side to which a picture is shrunk before text lines are searched. Measured: 544 lost
# lines of dense pictures.
_LONGEST_SIDE: Final = 736

# Minimum confidence of a text line, 0 to 1. Measured on 408 labelled pictures: no right value was read with
# less than 0.5; 0.3 leaves room for blurred print, and drops 2 % of the lines.
_MIN_SCORE: Final = 0.3

# Largest factor by which a picture is enlarged for the second OCR pass. Chosen by hand: beyond it, enlarging
# adds no detail.
MAX_ENLARGED: Final = 3.0

# Probability from which a turned text line is upside down. Source: rapidocr 3.10, Cls.cls_thresh.
_UPSIDE_DOWN: Final = 0.9


class OpenVinoReader:
    """Reads the text lines in a picture; implements :class:`tapeline.ports.TextReader`.

    A picture's text doesn't depend on the pictures before it. For one thread at a time.

    Args:
        threads: Threads to compute with. More than the processors that are paid for makes it slower.
        precision: What the models are computed in: ``auto`` for the fastest that this CPU has.
        longest_side: Pixels of the longest side to which a picture is shrunk before text lines are searched;
            a smaller picture keeps its size. The lines are then recognised in the picture that was given.
        text_score: Minimum confidence of a text line, 0 to 1; others are dropped.
        models: The folder of the models' files.
        cache: A folder where compiled models are kept for later processes; None for none.

    Raises:
        ModelFileError: A model's file is missing or broken.
        SettingsError: The CPU can't compute in the precision.
    """

    def __init__(
        self,
        threads: int,
        precision: Precision = "auto",
        *,
        longest_side: int = _LONGEST_SIDE,
        text_score: float = _MIN_SCORE,
        models: Path = MODELS_FOLDER,
        cache: Path | None = None,
    ) -> None:
        self._models = OcrModels(threads, precision, models, cache)
        self._longest_side = longest_side
        self._text_score = text_score
        cv2.setNumThreads(threads)

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        """Return the text lines in a picture, upright or turned.

        Args:
            picture: The picture to read.
            longest_side: For the second OCR pass: pixels to which the longest side is shrunk, or enlarged up
                to :data:`MAX_ENLARGED` times, before text lines are searched. The reader's own where it is
                left out.

        Returns:
            Text lines that aren't blank, in no particular order; empty where there are none, and where the
            picture is too small for any.
        """
        pixels = picture.pixels if longest_side is None else _enlarge(picture.pixels, longest_side)
        scale = picture.width / pixels.shape[1]
        lines = []
        for corners in self._regions(pixels, longest_side or self._longest_side):
            text, score, in_order = self._recognise(cut_out(pixels, corners))
            if score >= self._text_score and text.strip():
                lines.append(TextLine(text.strip(), score, _box(in_order * scale)))
        return lines

    def _regions(self, pixels: Pixels, longest_side: int) -> list[npt.NDArray[np.float32]]:
        """Return the corners of the text lines in a picture."""
        prepared = prepare(pixels, min(longest_side, SIDES[-1]))
        if prepared is None:
            return []
        height, width = pixels.shape[:2]
        return find_regions(self._models.detect(prepared.pixels), prepared, width, height)

    def _recognise(self, crop: Crop) -> tuple[str, float, npt.NDArray[np.float32]]:
        """Return a text line's text, score and corners."""
        pixels, corners, turned = crop
        # Flat text is hardly ever upside down; the classifier is more often wrong.
        if turned and self._models.turn(direction_input(pixels))[1] > _UPSIDE_DOWN:
            pixels, corners = np.rot90(pixels, 2), np.roll(corners, -2, axis=0)
        text, score = decode(self._models.recognise(recogniser_input(pixels)), self._models.characters)
        return text, score, corners


def _enlarge(pixels: Pixels, longest_side: int) -> Pixels:
    """Enlarge a picture to a longest side, at most :data:`MAX_ENLARGED` times; a larger one stays."""
    height, width = pixels.shape[:2]
    factor = min(longest_side / max(height, width), MAX_ENLARGED)
    if factor <= 1:
        return pixels
    size = (round(width * factor), round(height * factor))
    enlarged: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    return enlarged


def _box(corners: npt.NDArray[Any]) -> Box:
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return first, second, third, fourth
