"""ResNet50 with its ImageNet weights, on OpenVINO.

The official weights are converted once, by :mod:`infra.image.resnet50`, into a model from RGB pixels to class
probabilities and pooled features; the worker runs that. OpenVINO is imported where it is first needed, since
a worker without the model does without.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from tapeline.adapters.openvino_runtime import import_openvino
from tapeline.errors import ModelFileError
from tapeline.model_files import (
    CLASS_INDEX,
    FETCH_ADVICE,
    RECORD,
    RESNET50_FOLDER,
    RESNET50_MODEL,
    check_folder,
    sha256_of,
)
from tapeline.picture import Classification, Label, Picture, Pixels

# Height and width in pixels of the network's input. Source: He et al. 2015, section 3.4.
_SIDE: Final = 224

# Number of classes. Source: the ImageNet challenge, on which the weights were trained.
_CLASSES: Final = 1000

# Number of labels for each picture. Source: the default of Keras's decode_predictions.
_LABELS: Final = 5

# The model's outputs. Source: infra/image/resnet50.py.
_OUTPUTS: Final = ("predictions", "embedding")


def resnet50_present(models_dir: Path) -> bool:
    """Say whether a converted ResNet50 and its class names are in a folder; nothing is opened or hashed.

    Args:
        models_dir: The folder that ``make models`` fills.
    """
    folder = models_dir / RESNET50_FOLDER
    needed = (models_dir / CLASS_INDEX, folder / RESNET50_MODEL, folder / RECORD)
    return all(path.is_file() for path in needed)


class ResNet50Classifier:
    """Classifies pictures with the converted ResNet50; implements :class:`tapeline.ports.PictureClassifier`.

    OpenVINO reckons in bfloat16 where the processor does, and in float32 elsewhere: scores then differ in
    their third digit from processor to processor.

    Args:
        models_dir: The folder with the class names and the converted model.
        threads: Threads to compute with.

    Raises:
        ModelFileError: A file is missing, isn't the one that was recorded, or can't be loaded.
    """

    def __init__(self, models_dir: Path, threads: int) -> None:
        folder = models_dir / RESNET50_FOLDER
        record = check_folder(folder)
        self._names = _read_class_index(models_dir / CLASS_INDEX)
        self._model_hashes = {
            record.weights: record.weights_sha256,
            CLASS_INDEX: sha256_of(models_dir / CLASS_INDEX),
        }
        # One picture at a time, on all threads; not bound to processors, which other workers use too.
        options = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False}
        try:
            model = import_openvino().Core().compile_model(folder / RESNET50_MODEL, "CPU", options)
            self._predictions, self._embedding = (model.output(name) for name in _OUTPUTS)
        except RuntimeError as error:
            raise ModelFileError(
                f"expected a model of ResNet50 with the outputs {' and '.join(_OUTPUTS)} in {folder}, "
                f"received {type(error).__name__} ({error}): delete the folder and {FETCH_ADVICE}"
            ) from error
        self._request = model.create_infer_request()

    @property
    def model_hashes(self) -> dict[str, str]:
        """File name -> SHA-256: of the weights that the model was made from, and of the class names."""
        return dict(self._model_hashes)

    def classify(self, pictures: Sequence[Picture]) -> list[Classification]:
        """Classify pictures of any size.

        Each is resized to 224 x 224 without cropping, as with Keras's
        ``load_img(target_size=(224, 224), interpolation="bilinear")``: Pillow's bilinear filter, whose
        support grows when it shrinks.

        Returns:
            One result for each picture, in their order.
        """
        return [self._classify(_resize(picture.pixels)) for picture in pictures]

    def _classify(self, pixels: Pixels) -> Classification:
        answer = self._request.infer([pixels[None]])
        predictions, embedding = answer[self._predictions][0], answer[self._embedding][0]
        best = np.argsort(-predictions, kind="stable")[:_LABELS]
        labels = tuple(
            Label(wordnet_id, name, score)
            for (wordnet_id, name), score in zip(
                (self._names[index] for index in best.tolist()), predictions[best].tolist(), strict=True
            )
        )
        return Classification(labels, embedding)


def _resize(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR))


def _read_class_index(path: Path) -> list[tuple[str, str]]:
    """Return the WordNet identifier and the name of each class, by its index."""
    try:
        document = json.loads(path.read_bytes())
        entries = [document[str(number)] for number in range(_CLASSES)]
        names = [(str(wordnet_id), str(name)) for wordnet_id, name in entries]
    except OSError as error:
        raise ModelFileError(
            f"expected the class names at {path}, received {error.strerror}: {FETCH_ADVICE}"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise ModelFileError(
            f'{path}: expected {{"0": ["n01440764", "tench"], ...}} up to "{_CLASSES - 1}", '
            f"received something else ({type(error).__name__}: {error}): delete the file and {FETCH_ADVICE}"
        ) from error
    return names
