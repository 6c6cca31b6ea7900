"""Finds the regions of a picture that are text lines, from the detector's output, and cuts them out.

The detector is a DB network (differentiable binarization): it marks the core of each text line, and the
region is the core's rectangle, grown by a distance that goes with its size.
"""

import math
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tapeline.adapters.openvino_models import Floats
from tapeline.notes import add_note
from tapeline.picture import Pixels

# Sides in pixels that the detector's inputs have: each shape that a picture's content is padded to costs some
# megabytes and 50 ms, once. Measured: exact multiples of 32 save a tenth of the area, and have 500 shapes.
SIDES: Final = (128, 256, 384, 512, 640, 736, 1024, 1280)

# Value from 0 to 255 from which all three channels of a pixel are ground: white but for what JPEG leaves of
# edges. Measured on 300 training pictures: without the margins of such ground, the inputs have 0.54 (small
# ones) to 0.79 (large ones) of the area.
_GROUND: Final = 240

# Pixels of ground that are left around a picture's content, since text next to an edge is found less often.
# Chosen by hand.
_MARGIN: Final = 8

# Logit of the probability of text, 0.3, from which a pixel is part of a core. Source: rapidocr 3.10,
# Det.thresh.
_CORE: Final = math.log(0.3 / (1 - 0.3))

# Least mean probability of text within a core's rectangle. Source: rapidocr 3.10, Det.box_thresh.
_MIN_MEAN: Final = 0.5

# Area over perimeter, times this, is the distance by which a core's rectangle grows. Source: rapidocr 3.10,
# Det.unclip_ratio.
_GROWTH: Final = 1.6

# Least shorter side in the detector's pixels of a core's rectangle, and of one that has grown. Source:
# rapidocr 3.10, DBPostProcess.min_size.
_MIN_CORE_SIDE: Final = 3
_MIN_GROWN_SIDE: Final = 5

# Pixels of the picture that a region's sides exceed. Source: rapidocr 3.10, DBPostProcess.filter_det_res.
_MIN_REGION_SIDE: Final = 3

# What cores are dilated with, so that neighbouring ones join. Source: rapidocr 3.10, Det.use_dilation.
_DILATION: Final = np.ones((2, 2), np.uint8)

# Text lines of a picture that are recognised in an OCR pass at most, those with the largest letters. Chosen
# by hand: more than are on a full page of print; each takes 10 ms and more.
MAX_LINES: Final = 150

# Pixels of width that all of them have together at most, when their height is the recogniser's. Measured:
# 10,000 take 0.5 to 0.9 seconds of one core; a line of 30 letters has 700.
MAX_LINES_WIDTH: Final = 60_000

# Cores that are examined at most, those with the greatest heights. Chosen by hand: three times the lines.
MAX_REGIONS: Final = 500

# Height in pixels to which the recogniser scales a text line. Source: rapidocr 3.10, Rec.rec_img_shape.
RECOGNISED_HEIGHT: Final = 48

# Height over width from which a region is turned by a quarter, counter-clockwise, before it is recognised.
# Source: rapidocr 3.10, get_rotate_crop_image.
_TURNED: Final = 1.5

# Mean and standard deviation, of values from 0 to 255, with which the models were trained. Source: rapidocr
# 3.10, their configuration.
GREY: Final = 127.5

# Colour beside a picture's content: that of most pictures' ground.
_WHITE: Final = 255

# Corners of a rectangle: top left, top right, bottom right, bottom left; shape (4, 2), float32.
type Corners = npt.NDArray[np.float32]


class DetectorInput(NamedTuple):
    """The content of a picture as the detector takes it.

    Attributes:
        pixels: Shape (1, 3, rows, columns), both of :data:`SIDES`; blue, green, red, scaled as in training.
            The content lies in the top left corner.
        width: The content's width in the detector's pixels.
        height: The content's height in the detector's pixels.
        offset: The content's left and top in the shrunken picture; shape (2,).
        scale: The picture's pixels for each one of the detector's, across and down; shape (2,).
    """

    pixels: Floats
    width: int
    height: int
    offset: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]


class Crop(NamedTuple):
    """A text line's pixels.

    Attributes:
        pixels: RGB, shape (height, width, 3); of a turned line, turned until it is flat.
        corners: The line's own top left, top right, bottom right and bottom left in the picture.
        turned: Whether it was turned by a quarter, and may be upside down.
    """

    pixels: Pixels
    corners: Corners
    turned: bool


def prepare(pixels: Pixels, longest_side: int) -> DetectorInput | None:
    """Shrink a picture, leave out the margins of its ground, and pad it to the next of :data:`SIDES`.

    Args:
        pixels: RGB, shape (height, width, 3).
        longest_side: Pixels to which the longest side is shrunk; at most the last of :data:`SIDES`.

    Returns:
        The detector's input; None where the picture is blank.
    """
    height, width = pixels.shape[:2]
    factor = min(1.0, longest_side / max(height, width))
    shrunk = pixels
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        shrunk = cv2.resize(pixels, size)
    rows, columns = shrunk.shape[:2]
    ground = cv2.inRange(shrunk, (_GROUND,) * 3, (_WHITE,) * 3)
    left, top, across, down = cv2.boundingRect(cv2.bitwise_not(ground))
    if not across:
        return None
    left, right = max(0, left - _MARGIN), min(columns, left + across + _MARGIN)
    top, bottom = max(0, top - _MARGIN), min(rows, top + down + _MARGIN)
    padded: Pixels = np.full((_padded(bottom - top), _padded(right - left), 3), _WHITE, np.uint8)
    padded[: bottom - top, : right - left] = shrunk[top:bottom, left:right]
    return DetectorInput(
        cv2.dnn.blobFromImage(padded, 1 / GREY, mean=(GREY,) * 3, swapRB=True),
        right - left,
        bottom - top,
        np.array([left, top], np.float32),
        np.array([width / columns, height / rows], np.float32),
    )


def find_regions(logits: Floats, given: DetectorInput, width: int, height: int) -> list[Corners]:
    """Return the corners of regions that are text lines.

    Args:
        logits: How probably each pixel of the detector's input is of a text line, shape (rows, columns).
        given: The detector's input.
        width: The picture's width in pixels.
        height: The picture's height in pixels.

    Returns:
        Corners in whole pixels of the picture, in its orientation; in no particular order.
    """
    logits = logits[: given.height, : given.width]
    cores = cv2.dilate((logits > _CORE).astype(np.uint8), _DILATION)
    contours, _ = cv2.findContours(cores, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    # A core may have holes, whose contours are among them.
    if len(contours) > MAX_REGIONS:
        contours, _ = cv2.findContours(_largest_cores(cores), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    limits = np.array([width - 1, height - 1], np.float32)
    regions = []
    for contour in contours:
        corners = _region(contour, logits)
        if corners is None:
            continue
        corners = np.clip(np.round((corners + given.offset) * given.scale), 0, limits)
        if min(math.dist(corners[0], corners[1]), math.dist(corners[0], corners[3])) > _MIN_REGION_SIDE:
            regions.append(corners)
    return _limited(regions)


def cut_out(pixels: Pixels, corners: Corners) -> Crop:
    """Return a region's pixels.

    Args:
        pixels: The picture, RGB, shape (height, width, 3).
        corners: The region's corners as :func:`find_regions` returns them.
    """
    width = int(max(math.dist(corners[0], corners[1]), math.dist(corners[2], corners[3])))
    height = int(max(math.dist(corners[0], corners[3]), math.dist(corners[1], corners[2])))
    left, top = corners[0].astype(int)
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    if np.array_equal(corners - corners[0], upright):
        crop = pixels[top : top + height, left : left + width]
    else:
        transform = cv2.getPerspectiveTransform(corners, upright)
        crop = cv2.warpPerspective(
            pixels, transform, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
        )
    if height < _TURNED * width:
        return Crop(crop, corners, turned=False)
    return Crop(np.rot90(crop), np.roll(corners, -1, axis=0), turned=True)


def _padded(side: int) -> int:
    return next(padded for padded in SIDES if padded >= side)


def _region(contour: npt.NDArray[Any], logits: Floats) -> Corners | None:
    """Return a region's corners in the detector's pixels; None where it isn't text."""
    centre, size, angle = cv2.minAreaRect(contour)
    shorter, longer = sorted(size)
    if shorter < _MIN_CORE_SIDE:
        return None
    if _mean_within(_corners((centre, size, angle)), logits) < _MIN_MEAN:
        return None
    growth = 2 * _GROWTH * shorter * longer / (2 * (shorter + longer))
    grown = (size[0] + growth, size[1] + growth)
    if min(grown) < _MIN_GROWN_SIDE:
        return None
    return _corners((centre, grown, angle))


def _corners(rectangle: Any) -> Corners:
    """Return an OpenCV rectangle's corners: top left, top right, bottom right, bottom left."""
    points: Corners = cv2.boxPoints(rectangle)
    by_x = points[np.argsort(points[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    top_left, bottom_left = left[np.argsort(left[:, 1], kind="stable")]
    top_right, bottom_right = right[np.argsort(right[:, 1], kind="stable")]
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)


def _mean_within(corners: Corners, logits: Floats) -> float:
    """Return the mean probability within a rectangle."""
    rows, columns = logits.shape
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (columns - 1, rows - 1))
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, (columns - 1, rows - 1))
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - (left, top)).astype(np.int32)], 1)
    # The logistic function, in the form that doesn't overflow.
    probabilities = (1 + np.tanh(logits[top : bottom + 1, left : right + 1] / 2)) / 2
    return float(cv2.mean(probabilities, mask)[0])


def _largest_cores(cores: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a map of 0 and 1, shape (rows, columns), with its largest cores alone."""
    # The first one is what is beside them.
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cores)
    if count - 1 <= MAX_REGIONS:
        return cores
    add_note(f"of {count - 1} regions that may be text, the {MAX_REGIONS} largest were examined")
    heights = np.minimum(stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT])
    kept = np.zeros(count, np.uint8)
    kept[1 + np.argsort(-heights, kind="stable")[:MAX_REGIONS]] = 1
    largest: npt.NDArray[np.uint8] = kept[labels]
    return largest


def _limited(regions: list[Corners]) -> list[Corners]:
    """Return the regions to recognise: of too many, those with the largest letters."""
    if not regions:
        return regions
    boxes = np.array(regions)
    sides = np.linalg.norm(boxes - np.roll(boxes, -1, axis=1), axis=2)
    heights = np.maximum(sides.min(axis=1), 1)
    widths = sides.max(axis=1) / heights * RECOGNISED_HEIGHT
    order = np.argsort(-heights, kind="stable")[:MAX_LINES]
    within = np.cumsum(widths[order]) <= MAX_LINES_WIDTH
    # One line is read in any case.
    within[:1] = True
    kept = sorted(order[within].tolist())
    if len(kept) < len(regions):
        add_note(f"of {len(regions)} text lines, the {len(kept)} with the largest letters were read")
    return [regions[index] for index in kept]
