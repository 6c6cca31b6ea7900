"""The OCR models on OpenVINO, compiled for what this CPU computes in.

The models are files of this package, which ``make quantise`` makes from rapidocr's:
``infra/models.lock.json`` has their hashes. OpenVINO is imported where models are loaded, since a process
without a reader shouldn't spend the time.
"""

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tapeline.adapters.openvino_runtime import import_openvino
from tapeline.adapters.precision import ChosenPrecision, Precision, choose_precision, cpu_flags
from tapeline.errors import ModelFileError

# Numbers in a model's input or output, of any shape.
type Floats = npt.NDArray[np.float32]

# The folder of the models' files.
MODELS_FOLDER: Final = Path(__file__).parent / "ocr_models"

# The models' names; each has two files, NAME.xml and NAME.bin.
DETECTOR: Final = "detector"
DETECTOR_INT8: Final = "detector_int8"
DIRECTION: Final = "direction"
RECOGNISER: Final = "recogniser"
MODELS: Final = (DETECTOR, DETECTOR_INT8, DIRECTION, RECOGNISER)

# The key under which the recogniser's file has its classes: the characters after the blank, as a JSON string.
CHARACTERS_KEY: Final = "tapeline_characters"

# OpenVINO's names of precisions, for the property INFERENCE_PRECISION_HINT.
_HINTS: Final = {"float32": "f32", "bf16": "bf16"}

# Kernels that a compiled model keeps on a CPU with AVX-512, where they are large; what was used longest ago
# is made anew. Measured there, 500 large pictures in one process: 839 MB and 120 ms a picture, not 930 and
# 114; with 1,200, 891 MB. With AVX2 alone, and OpenVINO's own limit of 5,000, 200 such pictures took 624 MB.
_KERNELS: Final = 1000

# The flag of /proc/cpuinfo of such a CPU. Source: Linux, cpufeatures.h.
_AVX512_FLAG: Final = "avx512f"


class OcrModels:
    """The models of one reader.

    Each keeps kernels and memory for every shape of its inputs: callers have few shapes. What it returns
    depends on its input alone: no batch, no state.

    Args:
        threads: Threads to compute with.
        precision: What to compute in.
        folder: The folder of the models' files.
        cache: A folder where compiled models are kept for later processes; None for none.

    Raises:
        ModelFileError: A model's file is missing or broken.
        SettingsError: The CPU can't compute in the precision.
    """

    def __init__(
        self,
        threads: int,
        precision: Precision = "auto",
        folder: Path = MODELS_FOLDER,
        cache: Path | None = None,
    ) -> None:
        self._core = import_openvino().Core()
        self._folder = folder
        flags = cpu_flags()
        self.precision = choose_precision(
            precision, self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"), flags
        )
        self._properties = _properties(threads, self.precision, flags)
        kept = self._properties | _cached(cache)
        name = DETECTOR_INT8 if self.precision.int8_detector else DETECTOR
        self._detector = self._compile(self._read(name), kept)
        recogniser = self._read(RECOGNISER)
        self.characters = _characters(recogniser, folder)
        self._recogniser = self._compile(recogniser, kept)
        self._unused_direction = self._read(DIRECTION)

    @cached_property
    def _direction(self) -> Any:
        # Compiled for the first turned line: the first answer needn't wait for it.
        return self._compile(self._unused_direction, self._properties)

    def detect(self, pixels: Floats) -> Floats:
        """Return how probably each pixel belongs to a text line, as logits.

        Args:
            pixels: Shape (1, 3, rows, columns), both multiples of 32.

        Returns:
            Shape (rows, columns).
        """
        return arrange_squares(_run(self._detector, pixels)[0])

    def turn(self, pixels: Floats) -> Floats:
        """Return the probabilities that a text line stands upright, and upside down; shape (2,)."""
        probabilities: Floats = _run(self._direction, pixels)[0]
        return probabilities

    def recognise(self, pixels: Floats) -> Floats:
        """Return the probabilities of classes along a text line, shape (steps, classes).

        The first class is the blank, the others are :attr:`characters`. Valid until the next call.
        """
        probabilities: Floats = _run(self._recogniser, pixels)[0]
        return probabilities

    def _read(self, name: str) -> Any:
        path = self._folder / f"{name}.xml"
        for file in (path, path.with_suffix(".bin")):
            if not file.is_file():
                raise _wrong(file, "nothing")
        try:
            return self._core.read_model(path)
        except RuntimeError as error:
            raise _wrong(path, "something else") from error

    def _compile(self, model: Any, properties: Mapping[str, Any]) -> Any:
        return self._core.compile_model(model, "CPU", properties).create_infer_request()


def arrange_squares(squares: Floats) -> Floats:
    """Put the detector's channels, which are the pixels of a square, in their places.

    Args:
        squares: Shape (16, rows, columns): of each square of 4 x 4 pixels its quarters one after the other,
            top left, top right, bottom left, bottom right; the pixels of each in the same order.

    Returns:
        Shape (4 * rows, 4 * columns).
    """
    rows, columns = squares.shape[1:]
    quarters = squares.reshape(2, 2, 2, 2, rows, columns)
    arranged: Floats = quarters.transpose(4, 0, 2, 5, 1, 3).reshape(4 * rows, 4 * columns)
    return arranged


def _cached(cache: Path | None) -> dict[str, Any]:
    """Return what has OpenVINO keep compiled models; nothing where the folder can't be written to.

    One that is truncated, or is something else, is compiled anew.
    """
    if cache is None:
        return {}
    # What is compiled for one kind of CPU may not run on another.
    kind = " ".join([import_openvino().__version__, *sorted(cpu_flags())])
    own = cache / hashlib.sha256(kind.encode()).hexdigest()[:16]
    try:
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return {}
    return {"CACHE_DIR": str(own)} if os.access(own, os.W_OK) else {}


def _properties(threads: int, precision: ChosenPrecision, flags: Collection[str]) -> dict[str, Any]:
    return {
        # More threads than processors make it slower.
        "INFERENCE_NUM_THREADS": min(threads, os.cpu_count() or 1),
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _HINTS[precision.floats],
        # A worker's processors are shared with its downloads.
        "ENABLE_CPU_PINNING": False,
    } | ({"CPU_RUNTIME_CACHE_CAPACITY": str(_KERNELS)} if _AVX512_FLAG in flags else {})


def _run(request: Any, pixels: Floats) -> Floats:
    """Run a model of one input and one output; the result is the model's own memory."""
    request.infer([pixels], share_inputs=True)
    output: Floats = request.get_output_tensor(0).data
    return output


def _characters(recogniser: Any, folder: Path) -> str:
    try:
        characters = json.loads(recogniser.get_rt_info(CHARACTERS_KEY).astype(str))
    except (RuntimeError, ValueError) as error:
        raise _wrong(folder / f"{RECOGNISER}.xml", "one without its characters") from error
    return str(characters)


def _wrong(path: Path, received: str) -> ModelFileError:
    return ModelFileError(
        f"expected an OCR model at {path}, received {received}: restore it from the repository, or make it "
        "again with `make quantise`"
    )
