"""ResNet50 with its ImageNet weights, on TensorFlow.

The official weights are converted once (:func:`export_resnet50`, at build time) into a SavedModel from RGB
pixels to class probabilities and pooled features; the worker (:class:`ResNet50Classifier`) runs that.
TensorFlow is imported where it is first needed, since that alone takes about two seconds of processor time.
"""

import json
import logging
import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from tapeline.errors import ModelFileError
from tapeline.model_files import (
    CLASS_INDEX,
    FETCH_ADVICE,
    RECORD,
    RESNET50_FOLDER,
    ConversionRecord,
    check_folder,
    hash_file,
    write_record,
)
from tapeline.picture import Classification, Label, Picture, Pixels

# Height and width in pixels of the network's input. Source: He et al. 2015, section 3.4.
_SIDE: Final = 224

# Number of classes. Source: the ImageNet challenge, on which the weights were trained.
_CLASSES: Final = 1000

# Number of labels for each picture. Source: the default of Keras's decode_predictions.
_LABELS: Final = 5

# ImageNet's mean blue, green and red, 0 to 255: the network was trained with channels in this order, centred
# and not scaled. Source: Keras 3.15, applications/imagenet_utils.py, mode="caffe".
_BGR_MEANS: Final = (103.939, 116.779, 123.68)

# The signature of the SavedModel. Source: tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY.
_SIGNATURE: Final = "serving_default"

# Pictures in one run of the network, to bound its memory. Measured: throughput doesn't grow from 8 on.
_BATCH: Final = 16

_log = logging.getLogger(__name__)


def export_resnet50(weights: Path, destination: Path) -> ConversionRecord:
    """Convert ResNet50's official weights into a SavedModel with two outputs.

    The SavedModel has one signature, ``serving_default``: ``images``, uint8 RGB of shape
    (batch, 224, 224, 3), to ``predictions``, float32 of shape (batch, 1000), each row adding up to 1, and
    ``features``, float32 of shape (batch, 2048). The preprocessing is part of it.

    Args:
        weights: The weights with the classifying layer, in Keras's legacy HDF5 layout.
        destination: The folder to create, in place of any other; it appears complete or not at all.

    Returns:
        The record that was written beside the model: the weights' hash and that of each file.

    Raises:
        ModelFileError: The weights are missing, or aren't those of a ResNet50.
    """
    hashes = hash_file(weights)
    tf = _import_tensorflow()
    model = _two_outputs(weights)
    means = tf.constant(_BGR_MEANS, dtype=tf.float32)

    def serve(images: Any) -> Any:
        blue_first = tf.cast(images, tf.float32)[..., ::-1]
        return model(blue_first - means, training=False)

    # A bare module holds the variables in place of the Keras model: measured, a SavedModel of the latter has
    # each of them twice (205 MB), and takes 2.7 s of processor time to load, not 1.1.
    module = tf.Module()
    module.variables_in_use = [variable.value for variable in model.variables]
    images = tf.TensorSpec((None, _SIDE, _SIDE, 3), tf.uint8, name="images")
    function = tf.function(serve, input_signature=[images])

    partial = destination.with_name(f".{destination.name}-{uuid.uuid4().hex}")
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        tf.saved_model.save(module, str(partial), signatures={_SIGNATURE: function})
        record = write_record(partial, weights.name, hashes.sha256)
        if destination.exists():
            shutil.rmtree(destination)
        partial.rename(destination)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return record


def resnet50_present(models_dir: Path) -> bool:
    """Say whether a converted ResNet50 and its class names are in a folder; nothing is opened or hashed.

    Args:
        models_dir: The folder that ``python -m infra.image.models`` fills.
    """
    folder = models_dir / RESNET50_FOLDER
    needed = (models_dir / CLASS_INDEX, folder / "saved_model.pb", folder / RECORD)
    return all(path.is_file() for path in needed)


class ResNet50Classifier:
    """Classifies pictures with the converted ResNet50; implements :class:`tapeline.ports.PictureClassifier`.

    Args:
        models_dir: The folder that ``python -m infra.image.models`` fills.
        threads: Threads for TensorFlow, whose number is the process's own: where TensorFlow has run before,
            its earlier number stays and a warning is logged.

    Raises:
        ModelFileError: A file is missing, isn't the one that was recorded, or can't be loaded.
    """

    def __init__(self, models_dir: Path, threads: int) -> None:
        folder = models_dir / RESNET50_FOLDER
        record = check_folder(folder)
        self._names = _read_class_index(models_dir / CLASS_INDEX)
        self._model_hashes = {
            record.weights: record.weights_sha256,
            CLASS_INDEX: hash_file(models_dir / CLASS_INDEX).sha256,
        }
        self._tf = _import_tensorflow()
        _set_threads(self._tf, threads)
        try:
            # The signature has weak references to the variables only: the model must be kept as well.
            self._model = self._tf.saved_model.load(str(folder))
            self._signature = self._model.signatures[_SIGNATURE]
        except (OSError, ValueError, KeyError, self._tf.errors.OpError) as error:
            raise ModelFileError(
                f"expected a SavedModel of ResNet50 with the signature {_SIGNATURE} in {folder}, "
                f"received {type(error).__name__} ({error}): delete the folder and {FETCH_ADVICE}"
            ) from error

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
        results: list[Classification] = []
        for start in range(0, len(pictures), _BATCH):
            batch = np.stack([_resize(picture.pixels) for picture in pictures[start : start + _BATCH]])
            answer = self._signature(images=self._tf.constant(batch))
            results.extend(
                self._result(*pair)
                for pair in zip(answer["predictions"].numpy(), answer["features"].numpy(), strict=True)
            )
        return results

    def _result(
        self, predictions: npt.NDArray[np.float32], features: npt.NDArray[np.float32]
    ) -> Classification:
        best = np.argsort(-predictions, kind="stable")[:_LABELS]
        labels = tuple(
            Label(wordnet_id, name, score)
            for (wordnet_id, name), score in zip(
                (self._names[index] for index in best.tolist()), predictions[best].tolist(), strict=True
            )
        )
        # A copy, since a view would keep the whole batch in memory.
        return Classification(labels, features.copy())


def _import_tensorflow() -> Any:
    # 2: errors only. A note about oneDNN is written before this has an effect.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf  # noqa: PLC0415 - see the module's docstring

    return tf


def _set_threads(tf: Any, threads: int) -> None:
    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        _log.warning(
            "TensorFlow had started before, with %d threads in place of %d",
            threading.get_intra_op_parallelism_threads(),
            threads,
        )


def _two_outputs(weights: Path) -> Any:
    import keras  # noqa: PLC0415 - see the module's docstring

    network = keras.applications.ResNet50(weights=None)
    try:
        network.load_weights(str(weights))
    except (OSError, ValueError, KeyError) as error:
        raise ModelFileError(
            f"{weights}: expected ResNet50's weights in Keras's legacy HDF5 layout, "
            f"received {type(error).__name__} ({error}): delete the file and {FETCH_ADVICE}"
        ) from error
    features = network.get_layer("avg_pool").output
    return keras.Model(network.input, {"predictions": network.output, "features": features})


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
