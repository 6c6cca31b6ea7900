"""Reads text with rapidocr (PP-OCRv6 small) on onnxruntime.

The three models are files of rapidocr's wheel, and each is given to it by its path: without one it would
download the model. rapidocr and onnxruntime are imported where a reader is created, since that takes about a
second of processor time, which a process without a reader should not spend.
"""

import math
import os
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from tapeline.errors import ModelFileError
from tapeline.notes import add_note
from tapeline.picture import Box, Picture, Pixels, TextLine

# rapidocr's name of each step (detection, direction, recognition) -> the model's file in rapidocr's wheel.
MODELS: Final = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}

# Pixels of the longest side to which a picture is shrunk before text lines are searched. Measured: 544 lost
# lines of dense pictures; 736 took 0.7 of the time of rapidocr's default.
_LONGEST_SIDE: Final = 736

# Minimum confidence of a text line, 0 to 1. Measured on 408 labelled pictures: no right value was read with
# less than 0.5; 0.3 leaves room for blurred print, and drops 2 % of the lines.
_MIN_SCORE: Final = 0.3

# Pixels to whose multiples the detector rounds each side of its input; a side rounded to 0 isn't read.
# Source: rapidocr 3.10, the detector's preprocessing.
_STEP: Final = 32

# Largest factor by which a picture is enlarged for the second OCR pass. Chosen by hand: beyond it, enlarging
# adds no detail.
MAX_ENLARGED: Final = 3.0

# Text lines that are recognised together. In batches each line is padded to the widest one; measured: one by
# one, recognition takes 0.86 of the time, and a line's text doesn't depend on its neighbours.
_LINES_PER_BATCH: Final = 1

# Text lines of a picture that are recognised in an OCR pass at most, those with the largest letters. Chosen
# by hand: more than are on a full page of print; each takes 10 ms and more.
MAX_LINES: Final = 150

# Pixels of width that all of them have together at most, when their height is the recogniser's. Measured:
# 10,000 take 0.5 to 0.9 seconds of one core, the more the longer the lines; a line of 30 letters has 700.
MAX_LINES_WIDTH: Final = 60_000

# Regions in which the detector suspects text that are examined at most, those with the greatest heights: half
# of the contours that rapidocr takes, without regard to their sizes, since a region may have holes.
MAX_REGIONS: Final = 500

# Height in pixels to which the recogniser scales a text line. Source: rapidocr 3.10, Rec.rec_img_shape.
_RECOGNISED_HEIGHT: Final = 48

# Mean and standard deviation, of values from 0 to 1, with which PP-OCRv6's detector was trained.
# Source: rapidocr 3.10, its configuration of the model.
_DETECTOR_MEAN_AND_STD: Final = 0.5

# Colour of the padding of thin pictures.
_WHITE: Final = (255, 255, 255)


class RapidOcrReader:
    """Reads the text lines in a picture; implements :class:`tapeline.ports.TextReader`.

    Args:
        threads: Threads for onnxruntime and OpenCV (whose number is the process's own). More than the
            processors that are paid for makes it slower.
        longest_side: Pixels of the longest side to which a picture is shrunk before text lines are searched;
            a smaller picture keeps its size. The lines are then recognised in the picture that was given.
        text_score: Minimum confidence of a text line, 0 to 1; others are dropped.

    Raises:
        ModelFileError: A model isn't in rapidocr's wheel.
    """

    def __init__(
        self, threads: int, longest_side: int = _LONGEST_SIDE, text_score: float = _MIN_SCORE
    ) -> None:
        # onnxruntime 1.32 sends telemetry unless this is set before it is imported.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import rapidocr  # noqa: PLC0415 - see the module's docstring

        folder = Path(rapidocr.__file__).parent / "models"
        self._longest_side = longest_side
        self._text_score = text_score
        self._engine = rapidocr.RapidOCR(
            params={
                **{f"{step}.model_path": str(_model(folder / name)) for step, name in MODELS.items()},
                "Global.log_level": "critical",
                # It would stretch small pictures by up to a half to fit multiples of 32.
                "Global.use_preprocess_img": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": longest_side,
                "Rec.rec_batch_num": _LINES_PER_BATCH,
                # rapidocr uses all processors where the number is larger than that of the processors.
                "EngineConfig.onnxruntime.intra_op_num_threads": min(threads, os.cpu_count() or 1),
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        self._flip_above = float(self._engine.cfg.Cls.cls_thresh)
        cv2.setNumThreads(threads)
        # The models are loaded at their first use: now, in the cold start, and not with the first picture.
        blank: Pixels = np.full((_STEP, 10 * _STEP, 3), 255, np.uint8)
        self._engine.run_ocr_steps(blank, {})
        self._engine.cls_and_rotate([blank])
        self._engine.recognize_txt([blank])
        self._detector: Any = self._engine.text_det
        _normalise_quickly(self._detector)
        _keep_the_largest_regions(self._detector.postprocess_op)
        self._engine.text_det = self._detect

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
        pixels, side = picture.pixels, longest_side or self._longest_side
        if longest_side is not None:
            pixels = _enlarge(pixels, longest_side)
        scale = picture.width / pixels.shape[1]
        height, width = pixels.shape[:2]
        padded = _pad(pixels, side)
        changes: dict[str, dict[str, int]] = {}
        # The detector reads its limit for each picture.
        self._detector.limit_side_len = side
        # rapidocr expects channels in OpenCV's order: blue, green, red.
        found, directions, texts, crops = self._engine.run_ocr_steps(
            cv2.cvtColor(padded, cv2.COLOR_RGB2BGR), changes
        )
        if found.boxes is None or directions.cls_res is None or texts.txts is None:
            return []
        moved = changes["padding_1"]
        lines: list[TextLine] = []
        for corners, (angle, certainty), text, score, crop in zip(
            found.boxes, directions.cls_res, texts.txts, texts.scores, crops, strict=True
        ):
            if score < self._text_score or not text.strip():
                continue
            upside_down = angle == "180" and certainty > self._flip_above
            in_order = _reading_order(corners, crop.shape[0], upside_down=upside_down)
            in_pixels = np.clip(in_order - (moved["left"], moved["top"]), 0, (width, height))
            lines.append(TextLine(text.strip(), float(score), _box(in_pixels * scale)))
        return lines

    def _detect(self, pixels: Pixels) -> Any:
        """Detect text lines as rapidocr does; of too many, those with the largest letters."""
        found = self._detector(pixels)
        if found.boxes is not None:
            kept = _largest(found.boxes)
            if len(kept) < len(found.boxes):
                add_note(
                    f"of {len(found.boxes)} text lines, the {len(kept)} with the largest letters were read"
                )
                found.boxes = found.boxes[kept]
                found.scores = [found.scores[index] for index in kept]
        return found


def _largest(boxes: npt.NDArray[np.float32]) -> list[int]:
    """Return the indexes of the text lines to recognise, in their order.

    Args:
        boxes: Corners, shape (lines, 4, 2).
    """
    sides = np.linalg.norm(boxes - np.roll(boxes, -1, axis=1), axis=2)
    heights = np.maximum(sides.min(axis=1), 1)
    widths = sides.max(axis=1) / heights * _RECOGNISED_HEIGHT
    order = np.argsort(-heights, kind="stable")[:MAX_LINES]
    within = np.cumsum(widths[order]) <= MAX_LINES_WIDTH
    # One line is read in any case.
    within[:1] = True
    return sorted(order[within].tolist())


def _enlarge(pixels: Pixels, longest_side: int) -> Pixels:
    """Enlarge a picture to a longest side, at most :data:`MAX_ENLARGED` times; a larger one stays."""
    height, width = pixels.shape[:2]
    factor = min(longest_side / max(height, width), MAX_ENLARGED)
    if factor <= 1:
        return pixels
    size = (round(width * factor), round(height * factor))
    enlarged: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    return enlarged


def _pad(pixels: Pixels, longest_side: int) -> Pixels:
    """Pad a thin picture with white, right or below, until no side is rounded to 0 by the detector."""
    height, width = pixels.shape[:2]
    least = max(_STEP, math.ceil(max(height, width) * _STEP / longest_side))
    below, right = max(0, least - height), max(0, least - width)
    if not below and not right:
        return pixels
    padded: Pixels = cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_CONSTANT, value=_WHITE)
    return padded


def _model(path: Path) -> Path:
    if not path.is_file():
        raise ModelFileError(
            f"expected a model of rapidocr at {path}, received nothing: "
            "install the locked version of rapidocr again"
        )
    return path


def _normalise_quickly(detector: Any) -> None:
    """Replace the detector's normalisation in float64 by OpenCV's in float32.

    Measured for 736 x 736 pixels: 2 ms instead of 14. The result differs by rounding only.
    """
    plain = detector.get_preprocess
    own = plain()
    if {*own.mean, *own.std} != {_DETECTOR_MEAN_AND_STD}:
        return

    def prepare(pixels: Pixels) -> npt.NDArray[np.float32] | None:
        resized = plain().resize(pixels)
        if resized is None:
            return None
        # (x / 255 - mean) / std in one step: (x - 255 * mean) / (255 * std).
        grey = 255 * _DETECTOR_MEAN_AND_STD
        blob: npt.NDArray[np.float32] = cv2.dnn.blobFromImage(resized, 1 / grey, mean=(grey,) * 3)
        return blob

    detector.get_preprocess = lambda: prepare


def _keep_the_largest_regions(postprocess: Any) -> None:
    """Let the detector examine the largest regions where it would otherwise take the first that it meets."""
    own = postprocess.boxes_from_bitmap

    def examine(scores: npt.NDArray[np.float32], bitmap: npt.NDArray[Any], width: int, height: int) -> Any:
        regions = bitmap.astype(np.uint8)
        contours, _ = cv2.findContours(regions, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        if len(contours) > postprocess.max_candidates:
            regions = _largest_regions(regions)
        return own(scores, regions, width, height)

    postprocess.boxes_from_bitmap = examine


def _largest_regions(bitmap: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a bitmap of 0 and 1, shape (height, width), with its largest regions alone."""
    # The first one is the background.
    count, regions, stats, _ = cv2.connectedComponentsWithStats(bitmap)
    if count - 1 <= MAX_REGIONS:
        return bitmap
    add_note(f"of {count - 1} regions that may be text, the {MAX_REGIONS} largest were examined")
    heights = np.minimum(stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT])
    kept = np.zeros(count, np.uint8)
    kept[1 + np.argsort(-heights, kind="stable")[:MAX_REGIONS]] = 1
    largest: npt.NDArray[np.uint8] = kept[regions]
    return largest


def _reading_order(
    corners: npt.NDArray[np.float32], crop_height: int, *, upside_down: bool
) -> npt.NDArray[np.float32]:
    """Order a text line's corners by its own reading direction.

    Args:
        corners: Top left, top right, bottom right, bottom left in the picture's orientation; shape (4, 2).
        crop_height: The height in pixels of rapidocr's crop: of a box at least 1.5 times as high as wide it
            is the width, since rapidocr turns those counter-clockwise.
        upside_down: Whether rapidocr then turned it by 180 degrees.

    Returns:
        The text line's own top left, top right, bottom right, bottom left; shape (4, 2).
    """
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    turned = max(sides[1], sides[3]) > crop_height + 1
    return np.roll(corners, -int(turned) - 2 * int(upside_down), axis=0)


def _box(corners: npt.NDArray[Any]) -> Box:
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return first, second, third, fourth
