"""Turns a text line's pixels into the recogniser's input, and its output into text.

The recogniser is a CTC network: along the line, it gives each step the probability of each character and of
the blank, which stands between characters.
"""

import math
from typing import Final

import cv2
import numpy as np

from tapeline.adapters.openvino_models import Floats
from tapeline.adapters.text_detection import GREY, RECOGNISED_HEIGHT
from tapeline.picture import Pixels

# Pixels of the narrowest input. Measured on 666 short lines of training pictures: with less padding, scores
# are lower and more numbers differ from those read at 320 pixels, which the network was trained with.
_MIN_WIDTH: Final = 160

# Factor from one width of an input to the next, and pixels that widths are multiples of: the fewer widths,
# the less memory for each one's kernels; the more, the less padding. Chosen by hand: a fifth is padding.
_WIDTH_STEP: Final = 1.15
_WIDTH_MULTIPLE: Final = 32

# Pixels of the widest input; what is longer is squeezed. Chosen by hand: 130 letters.
_MAX_WIDTH: Final = 3072

# Height and width in pixels of the direction classifier's input. Source: rapidocr 3.10,
# CLS_SHAPE_BY_OCR_VERSION.
_DIRECTION_SHAPE: Final = (48, 192)

# Digits to which probabilities are rounded. Source: rapidocr 3.10, CTCLabelDecode.
_DIGITS: Final = 5


def _widths() -> tuple[int, ...]:
    widths = [_MIN_WIDTH]
    while widths[-1] < _MAX_WIDTH:
        stepped = math.ceil(widths[-1] * _WIDTH_STEP / _WIDTH_MULTIPLE) * _WIDTH_MULTIPLE
        widths.append(min(stepped, _MAX_WIDTH))
    return tuple(widths)


# The widths of inputs in pixels, the narrowest first.
WIDTHS: Final = _widths()


def recogniser_input(crop: Pixels) -> Floats:
    """Scale a text line to the recogniser's height, and pad it to the next of :data:`WIDTHS`.

    Args:
        crop: RGB, shape (height, width, 3).

    Returns:
        Shape (1, 3, 48, width), blue, green, red, scaled as in training; 0 beside the line.
    """
    height, width = crop.shape[:2]
    scaled = min(math.ceil(RECOGNISED_HEIGHT * width / height), _MAX_WIDTH)
    padded = next(bucket for bucket in WIDTHS if bucket >= scaled)
    return _input(crop, scaled, RECOGNISED_HEIGHT, padded)


def direction_input(crop: Pixels) -> Floats:
    """Scale a text line for the direction classifier, shape (1, 3, 48, 192)."""
    height, width = crop.shape[:2]
    to_height, to_width = _DIRECTION_SHAPE
    return _input(crop, min(math.ceil(to_height * width / height), to_width), to_height, to_width)


def decode(probabilities: Floats, characters: str) -> tuple[str, float]:
    """Return the most probable text, and the mean probability of its characters.

    Args:
        probabilities: Shape (steps, classes): the blank, then ``characters``.
        characters: The character of each class after the first.

    Returns:
        The text, which may be empty or blank, and a score of 0 to 1; 0 where it is empty.
    """
    classes = probabilities.argmax(axis=1)
    # A class that goes on is one character; a blank parts two that are alike.
    begins = np.flatnonzero((classes != 0) & (classes != np.concatenate(([0], classes[:-1]))))
    if not len(begins):
        return "", 0.0
    best = probabilities[begins, classes[begins]].round(_DIGITS)
    return "".join(characters[index - 1] for index in classes[begins]), round(float(best.mean()), _DIGITS)


def _input(crop: Pixels, width: int, height: int, padded: int) -> Floats:
    resized = cv2.resize(crop, (width, height))
    blob: Floats = np.zeros((1, 3, height, padded), np.float32)
    blob[..., :width] = cv2.dnn.blobFromImage(resized, 1 / GREY, mean=(GREY,) * 3, swapRB=True)
    return blob
