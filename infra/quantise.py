"""Make the OCR models that the package reads with: ``python -m infra.quantise ROWS --images IMAGES``.

The models in rapidocr's wheel become OpenVINO's, in float16. The recogniser's last layer is cut to the
characters that the package has a use for, and the detector is quantised to 8-bit integers besides, with
pictures of the train split as samples. Models, samples and tools are noted in ``infra/models.lock.json``;
from the same ones come the same files on one kind of processor, while another one rounds the sums of the
calibration otherwise.
"""

import argparse
import hashlib
import json
import os
import random
import sys
import unicodedata
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import numpy as np

from infra.training.ground_truth import read_ground_truth
from infra.training.pictures import FolderFetcher, queries_of
from tapeline.adapters.openvino_models import (
    CHARACTERS_KEY,
    DETECTOR,
    DETECTOR_INT8,
    DIRECTION,
    MODELS,
    MODELS_FOLDER,
    RECOGNISER,
    Floats,
)
from tapeline.adapters.openvino_runtime import import_openvino
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.adapters.text_detection import DetectorInput, prepare
from tapeline.errors import GroundTruthError, RowError, TapelineError
from tapeline.model_files import (
    Conversion,
    PackagedFile,
    check_packaged_file,
    hash_file,
    packaged_path,
    read_lock,
    write_lock,
)

_LOCK: Final = Path(__file__).parent / "models.lock.json"

# The model's name -> its file in the lock's conversion.
SOURCES: Final = {
    DETECTOR: "models/PP-OCRv6_det_small.onnx",
    DIRECTION: "models/ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    RECOGNISER: "models/PP-OCRv6_rec_small.onnx",
}

# Names of the constants of the recogniser's last layer -> the axis of its classes. Source: the model's graph.
_CLASS_AXES: Final = {"linear_8.w_0": 1, "linear_8.b_0": 0}

# Names of the detector's last layers in the model's graph: two transposed convolutions of 2 x 2 pixels that
# share none, and what adds the bias of each.
_GROWING: Final = (("ConvTranspose.0", "Add.218"), ("ConvTranspose.2", "Add.220"))

# Positions in the square of a transposed convolution.
_PLACES: Final = 4

# What the Unicode names of characters begin with that are left out: a line of them says no quantity.
_LEFT_OUT: Final = ("CJK ", "HIRAGANA ", "KATAKANA ", "HALFWIDTH KATAKANA ")

# Those of them that the package's words and units have. A test compares it with them.
_USED: Final = "〃〜〞㎎㎏㎖㎜㎝きさみ体全厚奥宽寬幅度径徑本深直約行長长高"

# The last code point of the characters that are kept: those beyond are pictures.
_LAST: Final = 0xFFFF

# Pictures that the detector's ranges of values are taken from. Source: NNCF's documentation recommends about
# 300; with 120 the answers were the same.
_SAMPLES: Final = 120

# Pixels of the longest side at which they are searched, as in the first OCR pass.
_SAMPLE_SIDE: Final = 736


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 1 where it can't be done."""
    options = _parse(arguments)
    try:
        make_models(options.rows, options.images, options.folder, options.lock)
    except (TapelineError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def make_models(rows: Path, images: Path, folder: Path, lock_path: Path) -> None:
    """Make the models, and renew the lock.

    Args:
        rows: Ground truth, whose train split names the samples.
        images: The folder of the pictures.
        folder: Where the models go.
        lock_path: The lock.

    Raises:
        GroundTruthError: The rows can't be read, or have too few pictures.
        ModelFileError: A model in rapidocr's wheel isn't the one that the lock names.
    """
    # Of all, first: NNCF would report its use too.
    openvino = import_openvino()
    lock = read_lock(lock_path)
    sources = lock.conversion.sources if lock.conversion else ()
    for source in sources:
        check_packaged_file(source)
    bodies = _samples(rows, images)
    folder.mkdir(parents=True, exist_ok=True)
    core = openvino.Core()
    models = {name: core.read_model(_source(sources, path)) for name, path in SOURCES.items()}
    _cut_classes(models[RECOGNISER], _characters(_source(sources, SOURCES[RECOGNISER])))
    flatten_head(models[DETECTOR])
    models[DETECTOR_INT8] = _quantise(models[DETECTOR].clone(), bodies)
    with TemporaryDirectory(dir=folder) as scratch:
        for name in MODELS:
            openvino.save_model(models[name], Path(scratch) / f"{name}.xml", compress_to_fp16=True)
        # Whole files at once: those that are there may be mapped into the memory of a running reader.
        for path in Path(scratch).iterdir():
            path.replace(folder / path.name)
    conversion = Conversion(
        sources=sources,
        samples=len(bodies),
        samples_sha256=hashlib.sha256(b"".join(bodies)).hexdigest(),
        tools={tool: version(tool) for tool in ("nncf", "openvino", "rapidocr")},
    )
    write_lock(
        lock.model_copy(update={"packaged": tuple(_packaged(folder)), "conversion": conversion}), lock_path
    )


def kept_classes(characters: Sequence[str]) -> list[int]:
    """Return the indexes of the characters that the recogniser keeps, in ascending order.

    Args:
        characters: The character of each class, the blank left out.
    """
    return [
        index
        for index, character in enumerate(characters)
        if character in _USED
        or (ord(character) <= _LAST and not unicodedata.name(character, "").startswith(_LEFT_OUT))
    ]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.quantise", description=__doc__)
    parser.add_argument("rows", type=Path, help="CSV with ground truth; its train split names the samples")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument(
        "--folder", type=Path, default=MODELS_FOLDER, help="where the models go (default: the package)"
    )
    parser.add_argument(
        "--lock", type=Path, default=_LOCK, help="the lock to renew (default: infra/models.lock.json)"
    )
    return parser.parse_args(arguments)


def _source(sources: Sequence[PackagedFile], path: str) -> Path:
    return packaged_path(next(source for source in sources if source.path == path))


def _samples(rows: Path, images: Path) -> list[bytes]:
    """Return the files of pictures drawn by chance from the train split, the same ones each time."""
    queries = queries_of(row for row in read_ground_truth(rows) if row.split == "train")
    links = sorted(query.image_link for query in queries)
    random.Random(0).shuffle(links)  # noqa: S311 - no secret
    fetcher, decoder = FolderFetcher(images), PillowDecoder()
    bodies: list[bytes] = []
    for link in links:
        if len(bodies) == _SAMPLES:
            return bodies
        try:
            body = fetcher.fetch(link)
            blank = prepare(decoder.decode(body).pixels, _SAMPLE_SIDE) is None
        except RowError:
            continue
        if not blank:
            bodies.append(body)
    if len(bodies) < _SAMPLES:
        raise GroundTruthError(
            f"expected {_SAMPLES} pictures of the train split in {images}, received {len(bodies)}: "
            "name another folder, or other rows"
        )
    return bodies


def _characters(recogniser: Path) -> list[str]:
    """Return the characters of a recogniser's classes, which its ONNX file has, without the blank."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: PLC0415 - only now: see above

    metadata = onnxruntime.InferenceSession(recogniser).get_modelmeta().custom_metadata_map
    # The space is the last class, which the file leaves out. Source: rapidocr 3.10, CTCLabelDecode.
    return [*metadata["character"].splitlines(), " "]


def _cut_classes(recogniser: Any, characters: Sequence[str]) -> None:
    """Cut a recogniser's last layer to the characters that are kept, and note these in it."""
    from openvino import opset13  # noqa: PLC0415 - see make_models

    kept = kept_classes(characters)
    classes = [0, *(index + 1 for index in kept)]
    constants = {node.friendly_name: node for node in recogniser.get_ops()}
    for name, axis in _CLASS_AXES.items():
        cut = opset13.constant(np.ascontiguousarray(constants[name].data.take(classes, axis=axis)))
        for target in list(constants[name].output(0).get_target_inputs()):
            target.replace_source_output(cut.output(0))
    recogniser.validate_nodes_and_infer_types()
    # ASCII: attributes of XML lose some white space.
    recogniser.set_rt_info(json.dumps("".join(characters[index] for index in kept)), CHARACTERS_KEY)


def flatten_head(detector: Any) -> None:
    """Let a detector give the 16 logits of each square of 4 x 4 pixels as channels, in two convolutions.

    Its two transposed convolutions are the same products, and with the logistic function a sixth of its time
    slower. :func:`~tapeline.adapters.openvino_models.arrange_squares` puts the logits in their places.

    Args:
        detector: The model, which is changed.
    """
    from openvino import opset13  # noqa: PLC0415 - see make_models

    nodes = {node.friendly_name: node for node in detector.get_ops()}
    (first, first_bias), (last, last_bias) = (
        (nodes[layer].input_value(1).get_node().data, nodes[adding].input_value(1).get_node().data)
        for layer, adding in _GROWING
    )
    channels, wide = first.shape[:2]
    # From (in, out, row, column) to a channel for each place and output.
    quarters = first.transpose(2, 3, 1, 0).reshape(_PLACES * wide, channels, 1, 1)
    pixels = np.zeros((_PLACES * _PLACES, _PLACES * wide, 1, 1), np.float32)
    for place in range(_PLACES):
        rows = slice(place * _PLACES, (place + 1) * _PLACES)
        pixels[rows, place * wide : (place + 1) * wide, 0, 0] = (
            last[:, 0].transpose(1, 2, 0).reshape(-1, wide)
        )
    flat = nodes[_GROWING[0][0]].input_value(0)
    for weights, bias in (
        (quarters, np.tile(first_bias.reshape(-1), _PLACES)),
        (pixels, np.tile(last_bias.reshape(-1), _PLACES * _PLACES)),
    ):
        if flat.get_node().get_type_name() == "Add":
            flat = opset13.relu(flat).output(0)
        convolved = opset13.convolution(
            flat, opset13.constant(np.ascontiguousarray(weights)), [1, 1], [0, 0], [0, 0], [1, 1]
        )
        flat = opset13.add(convolved, opset13.constant(bias.reshape(1, -1, 1, 1))).output(0)
    detector.get_results()[0].input(0).replace_source_output(flat)
    detector.validate_nodes_and_infer_types()


def _quantise(detector: Any, bodies: Sequence[bytes]) -> Any:
    """Return a detector whose convolutions compute with 8-bit integers."""
    import nncf  # noqa: PLC0415 - see make_models
    from nncf.quantization.advanced_parameters import (  # noqa: PLC0415
        AdvancedQuantizationParameters,
        OverflowFix,
    )
    from openvino._offline_transformations import apply_moc_transformations  # noqa: PLC0415

    decoder = PillowDecoder()

    def as_input(body: bytes) -> Floats:
        prepared = prepare(decoder.decode(body).pixels, _SAMPLE_SIDE)
        # No sample is blank.
        return cast("DetectorInput", prepared).pixels

    # Without it nothing is gained: NNCF would find no pattern that it knows.
    apply_moc_transformations(detector, cf=False)
    return nncf.quantize(
        detector,
        nncf.Dataset(bodies, as_input),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(bodies),
        # Weights of 7 bits: CPUs without VNNI add products in 16 bits, which 8-bit weights overflow.
        advanced_parameters=AdvancedQuantizationParameters(overflow_fix=OverflowFix.ENABLE),
    )


def _packaged(folder: Path) -> list[PackagedFile]:
    """Describe the models' files for the lock."""
    found = []
    for name in MODELS:
        for path in (folder / f"{name}.xml", folder / f"{name}.bin"):
            hashes = hash_file(path)
            found.append(
                PackagedFile(
                    package="tapeline",
                    path=f"adapters/{MODELS_FOLDER.name}/{path.name}",
                    bytes=hashes.size,
                    sha256=hashes.sha256,
                )
            )
    return found


if __name__ == "__main__":
    sys.exit(main())
