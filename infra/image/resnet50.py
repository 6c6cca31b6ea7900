"""Convert ResNet50's weights into the model that is served: ``python -m infra.image.resnet50``.

Keras builds the network, TensorFlow traces it with its preprocessing, and OpenVINO writes it with its weights
in float16. The model is checked before it gets its name: it answers a picture, and has to answer as Keras
does. Only this needs TensorFlow: it runs when the image is built, and in ``make models``.

Exit codes: 0 for success, 1 where the weights are missing or aren't those of a ResNet50, 2 for wrong usage.
"""

import argparse
import os
import shutil
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tapeline.adapters.openvino_runtime import import_openvino
from tapeline.errors import ModelFileError
from tapeline.model_files import (
    FETCH_ADVICE,
    RESNET50_FOLDER,
    RESNET50_MODEL,
    RESNET50_WEIGHTS,
    ConversionRecord,
    hash_file,
    write_record,
)

_ROOT: Final = Path(__file__).parents[2]

# ImageNet's mean blue, green and red, 0 to 255: the network was trained with channels in this order, centred
# and not scaled. Source: Keras 3.15, applications/imagenet_utils.py, mode="caffe".
_BGR_MEANS: Final = (103.939, 116.779, 123.68)

# By how much the model's outputs may differ from Keras's when OpenVINO reckons in float32, as a part of the
# largest number of each. Measured with random weights: 0.0003, which rounding the weights to float16 makes.
TOLERANCE: Final = 0.01

# Shown below the command's help.
_EXAMPLES: Final = """\
examples:
  python -m infra.image.resnet50                       convert the weights in .cache/models
  python -m infra.image.resnet50 --cache /opt/models   those in another folder
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line after the program's name; that of the process where None.

    Returns:
        The exit code: 0 or 1. Wrong usage leaves with 2 through SystemExit.
    """
    parser = argparse.ArgumentParser(
        prog="python -m infra.image.resnet50",
        description="Convert ResNet50's weights into the model that is served.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=_ROOT / ".cache" / "models",
        help="where the weights are, and the model goes (default: .cache/models in the repository)",
    )
    options = parser.parse_args(arguments)
    try:
        export_resnet50(options.cache / RESNET50_WEIGHTS, options.cache / RESNET50_FOLDER)
    except (ModelFileError, OSError) as error:
        _say(f"error: {error}")
        return 1
    _say(f"{RESNET50_FOLDER}: made from {RESNET50_WEIGHTS}")
    return 0


def export_resnet50(weights: Path, destination: Path) -> ConversionRecord:
    """Convert ResNet50's official weights into a model of OpenVINO's with two outputs.

    The model takes ``pixels``, uint8 RGB of shape (1, 224, 224, 3), to ``predictions``, float32 of shape
    (1, 1000) which add up to 1, and ``embedding``, float32 of shape (1, 2048). The preprocessing is part of
    it. One picture at a time, since more at once aren't faster, and each further shape would be compiled.

    Args:
        weights: The weights with the classifying layer, in Keras's legacy HDF5 layout.
        destination: The folder to create, in place of any other; it appears complete or not at all.

    Returns:
        The record that was written beside the model: the weights' hash and that of each file.

    Raises:
        ModelFileError: The weights are missing, aren't those of a ResNet50, or the model doesn't answer as
            Keras does.
    """
    hashes = hash_file(weights)
    serve, side = _trace(weights)
    partial = destination.with_name(f".{destination.name}-{uuid.uuid4().hex}")
    partial.mkdir(parents=True)
    try:
        path = partial / RESNET50_MODEL
        openvino = import_openvino()
        openvino.save_model(openvino.convert_model(serve), path, compress_to_fp16=True)
        check_answers(path, serve, side)
        record = write_record(partial, weights.name, hashes.sha256)
        if destination.exists():
            shutil.rmtree(destination)
        partial.rename(destination)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return record


def _trace(weights: Path) -> tuple[Any, int]:
    """Return a function of TensorFlow's from pixels to both outputs, and the pixels' height and width."""
    # 2: errors only. A note about oneDNN is written before this has an effect.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Only now: it takes seconds, and weights that are missing are told without it.
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    network = keras.applications.ResNet50(weights=None)
    try:
        network.load_weights(str(weights))
    except (OSError, ValueError, KeyError) as error:
        raise ModelFileError(
            f"{weights}: expected ResNet50's weights in Keras's legacy HDF5 layout, "
            f"received {type(error).__name__} ({error}): delete the file and {FETCH_ADVICE}"
        ) from error
    embedding = network.get_layer("avg_pool").output
    model = keras.Model(network.input, {"predictions": network.output, "embedding": embedding})
    means = tf.constant(_BGR_MEANS, dtype=tf.float32)

    def serve(pixels: Any) -> Any:
        blue_first = tf.cast(pixels, tf.float32)[..., ::-1]
        return model(blue_first - means, training=False)

    shape = (1, *network.input_shape[1:])
    return tf.function(serve, input_signature=[tf.TensorSpec(shape, tf.uint8, name="pixels")]), shape[1]


def check_answers(model: Path, serve: Any, side: int) -> None:
    """Let a converted model and what it was made from answer the same picture.

    Args:
        model: The converted model.
        serve: From pixels to ``predictions`` and ``embedding``, as tensors of TensorFlow's.
        side: Height and width of the pixels.

    Raises:
        ModelFileError: An output differs by more than :data:`TOLERANCE`.
    """
    # Large blobs of colour: fine noise has no shapes that the network knows.
    blocks = np.random.default_rng(0).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    pixels: npt.NDArray[np.uint8] = blocks.repeat(side // 7, axis=0).repeat(side // 7, axis=1)[None]
    answers = (
        import_openvino().Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(pixels)
    )
    for name, tensor in serve(pixels).items():
        expected = tensor.numpy()
        difference = float(np.abs(answers[name] - expected).max() / np.abs(expected).max())
        # Not "more than": a NaN is refused too.
        if not difference <= TOLERANCE:
            raise ModelFileError(
                f"expected {name} that differ by at most {TOLERANCE} from Keras's, "
                f"received {difference:.4f}: report this, with the processor's name"
            )


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
