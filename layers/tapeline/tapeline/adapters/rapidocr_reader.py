"""Reads text with rapidocr (PP-OCRv6 small) on onnxruntime.

The three models lie inside rapidocr's wheel, and are named to it one by one: without a path it would look
for each on the net. rapidocr and onnxruntime are imported where a reader is made, since that takes about a
second of processor time that a process without a reader shouldn't pay.
"""

import math
import os
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from tapeline.errors import ModelFileError
from tapeline.picture import Box, Picture, Pixels, TextLine

MODELS: Final = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
"""rapidocr's name of each step (detection, direction, recognition) -> the model in its wheel's ``models``."""

_STEP: Final = 32
"""The detector's input is rounded to multiples of this many pixels, and a side rounded to none isn't read."""

MAX_ENLARGED: Final = 3.0
"""How many times a picture is enlarged at most; beyond that there is nothing more to see."""

_WHITE: Final = (255, 255, 255)


class RapidOcrReader:
    """Reads the lines of text in a picture; implements :class:`tapeline.ports.TextReader`.

    Args:
        threads: Processor threads for onnxruntime and OpenCV (whose number belongs to the process). More
            than the processors that are paid for makes it slower.
        longest_side: To how many pixels a picture's longest side is shrunk before lines are searched in it;
            a smaller picture keeps its size. The lines are then read from the picture as it came. 544 lost
            lines of dense pictures, and 736 took 0.7 of the time that rapidocr's default took.
        text_score: Lines that the recogniser is less sure of are dropped, from 0 to 1. On 408 labelled
            pictures no right value was read with less than 0.5; 0.3 leaves room for blurred print, and
            drops 2 % of the lines.

    Raises:
        ModelFileError: A model isn't in rapidocr's wheel.
    """

    def __init__(self, threads: int, longest_side: int = 736, text_score: float = 0.3) -> None:
        # onnxruntime 1.32 reports its use to its makers unless it is told not to, before it is imported.
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
                # In batches, each line is padded to the batch's widest: one by one, recognition takes 0.86
                # of the time, and what a line says doesn't depend on its neighbours.
                "Rec.rec_batch_num": 1,
                # rapidocr takes all processors when it is asked for more than there are.
                "EngineConfig.onnxruntime.intra_op_num_threads": min(threads, os.cpu_count() or 1),
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        self._flip_above = float(self._engine.cfg.Cls.cls_thresh)
        cv2.setNumThreads(threads)
        # The models are loaded at their first use; a cold start is the better moment than the first picture.
        blank: Pixels = np.full((_STEP, 10 * _STEP, 3), 255, np.uint8)
        self._engine.run_ocr_steps(blank, {})
        self._engine.cls_and_rotate([blank])
        self._engine.recognize_txt([blank])
        _normalise_quickly(self._engine.text_det)

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        """Return the lines of text in a picture, upright or turned.

        Args:
            picture: What to read.
            longest_side: For a closer look: to how many pixels the longest side is brought, enlarged up to
                :data:`MAX_ENLARGED` times, before lines are searched in it. The reader's own where it is
                left out.

        Returns:
            Lines with text in them, in no particular order; empty where there is none, and where the
            picture is too small to hold any.
        """
        pixels, side = picture.pixels, longest_side or self._longest_side
        if longest_side is not None:
            pixels = _enlarge(pixels, longest_side)
        scale = picture.width / pixels.shape[1]
        height, width = pixels.shape[:2]
        padded = _pad(pixels, side)
        changes: dict[str, dict[str, int]] = {}
        # Its detector takes the limit anew for each picture.
        self._engine.text_det.limit_side_len = side
        # rapidocr takes arrays as OpenCV makes them, from blue to red.
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


def _enlarge(pixels: Pixels, longest_side: int) -> Pixels:
    """Enlarge a picture whose longest side is shorter than asked for."""
    height, width = pixels.shape[:2]
    times = min(longest_side / max(height, width), MAX_ENLARGED)
    if times <= 1:
        return pixels
    size = (round(width * times), round(height * times))
    enlarged: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    return enlarged


def _pad(pixels: Pixels, longest_side: int) -> Pixels:
    """Widen a thin picture with white, right or below, until the detector can take it."""
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
    """Replace the detector's normalisation, in float64, by OpenCV's: 2 ms in place of 14 for 736 x 736."""
    plain = detector.get_preprocess
    own = plain()
    if set(own.mean) != {0.5} or set(own.std) != {0.5}:
        return

    def prepare(pixels: Pixels) -> npt.NDArray[np.float32] | None:
        resized = plain().resize(pixels)
        if resized is None:
            return None
        # (x / 255 - 0.5) / 0.5 in one step; rapidocr's mean and standard deviation of PP-OCRv6.
        blob: npt.NDArray[np.float32] = cv2.dnn.blobFromImage(resized, 1 / 127.5, mean=(127.5,) * 3)
        return blob

    detector.get_preprocess = lambda: prepare


def _reading_order(
    corners: npt.NDArray[np.float32], crop_height: int, *, upside_down: bool
) -> npt.NDArray[np.float32]:
    """Order a line's corners by its own reading direction.

    Args:
        corners: Top left, top right, bottom right, bottom left as the picture stands; shape (4, 2).
        crop_height: The height in pixels of what rapidocr cut out: of a box at least 1.5 times as high as
            wide it is the width, since it turns those counter-clockwise.
        upside_down: Whether rapidocr then turned it by 180 degrees.
    """
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    turned = max(sides[1], sides[3]) > crop_height + 1
    return np.roll(corners, -int(turned) - 2 * int(upside_down), axis=0)


def _box(corners: npt.NDArray[Any]) -> Box:
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return first, second, third, fourth
