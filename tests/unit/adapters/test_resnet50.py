"""ResNet50 with random weights in the layout of the official file, against Keras's own answer."""

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import openvino
import pytest
from PIL import Image

from infra.image.resnet50 import TOLERANCE, check_answers, export_resnet50
from tapeline.adapters.resnet50 import ResNet50Classifier, resnet50_present
from tapeline.errors import ModelFileError
from tapeline.model_files import (
    CLASS_INDEX,
    RECORD,
    RESNET50_FOLDER,
    RESNET50_MODEL,
    RESNET50_WEIGHTS,
    hash_file,
)
from tapeline.picture import Picture
from tests.random_weights import class_index, random_network, save_as_official

ROOT = Path(__file__).parents[3]

# By how much scores and embeddings may differ from Keras's, in parts of the largest: bfloat16 has eight bits.
IN_BFLOAT16 = 0.05


@dataclass(frozen=True)
class Models:
    folder: Path
    weights: Path
    kerass: Any
    classifier: ResNet50Classifier
    tolerance: float


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    folder = tmp_path_factory.mktemp("models")
    network = random_network()
    weights = folder / RESNET50_WEIGHTS
    save_as_official(network, weights)
    export_resnet50(weights, folder / RESNET50_FOLDER)
    (folder / CLASS_INDEX).write_text(json.dumps(class_index()), encoding="utf-8")
    kerass = keras.Model(network.input, [network.output, network.get_layer("avg_pool").output])
    abilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    tolerance = IN_BFLOAT16 if "BF16" in abilities else TOLERANCE
    yield Models(folder, weights, kerass, ResNet50Classifier(folder, threads=1), tolerance)
    shutil.rmtree(folder)


def noise(height: int, width: int, seed: int) -> npt.NDArray[np.uint8]:
    """Return smooth coloured blobs, which differ in every channel and at every scale."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def as_picture(pixels: npt.NDArray[np.uint8]) -> Picture:
    return Picture(pixels, pixels.shape[1], pixels.shape[0])


def kerass_answer(
    kerass: Any, pixels: npt.NDArray[np.uint8], folder: Path
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return predictions and features as a user of Keras gets them from an image file."""
    path = folder / "picture.png"
    Image.fromarray(pixels).save(path)
    image = keras.utils.load_img(path, target_size=(224, 224), interpolation="bilinear")
    batch = keras.applications.resnet50.preprocess_input(keras.utils.img_to_array(image)[None])
    predictions, features = kerass.predict(batch, verbose=0)
    return predictions[0], features[0]


@pytest.mark.parametrize("size", [(224, 224), (600, 400), (37, 180)])
def test_the_answer_is_kerass(models: Models, tmp_path: Path, size: tuple[int, int]) -> None:
    pixels = noise(*size, seed=size[0])
    predictions, features = kerass_answer(models.kerass, pixels, tmp_path)

    result = models.classifier.classify([as_picture(pixels)])[0]

    best = np.argsort(predictions)[::-1][:5]
    assert [label.wordnet_id for label in result.labels] == [f"n{number:08d}" for number in best]
    assert [label.name for label in result.labels] == [f"class_{number}" for number in best]
    assert [label.score for label in result.labels] == pytest.approx(
        predictions[best].tolist(), abs=models.tolerance
    )
    assert result.embedding.shape == (2048,)
    assert result.embedding.dtype == np.float32
    np.testing.assert_allclose(result.embedding, features, atol=models.tolerance * features.max())


def test_the_answer_depends_on_the_order_of_the_channels(models: Models) -> None:
    pixels = noise(224, 224, seed=5)
    straight, swapped = models.classifier.classify([as_picture(pixels), as_picture(pixels[..., ::-1])])

    assert np.abs(straight.embedding - swapped.embedding).max() > 0.01 * np.abs(straight.embedding).max()


def test_each_picture_is_answered_in_order_as_it_is_alone(models: Models) -> None:
    pictures = [as_picture(noise(60, 50 + number, seed=number)) for number in range(3)]

    together = models.classifier.classify(pictures)
    alone = [models.classifier.classify([picture])[0] for picture in reversed(pictures)]

    for one, other in zip(together, reversed(alone), strict=True):
        np.testing.assert_array_equal(one.embedding, other.embedding)
        assert one.labels == other.labels
    assert not np.allclose(together[0].embedding, together[2].embedding, rtol=1e-2)


def test_no_pictures_have_no_answers(models: Models) -> None:
    assert models.classifier.classify([]) == []


def test_the_hashes_are_those_of_the_weights_and_the_class_names(models: Models) -> None:
    assert models.classifier.model_hashes == {
        RESNET50_WEIGHTS: hash_file(models.weights).sha256,
        CLASS_INDEX: hash_file(models.folder / CLASS_INDEX).sha256,
    }


def test_the_model_holds_each_weight_once_in_half_the_bytes(models: Models) -> None:
    files = (models.folder / RESNET50_FOLDER).rglob("*")

    assert sum(path.stat().st_size for path in files) < 0.55 * models.weights.stat().st_size


@pytest.fixture
def copied(models: Models, tmp_path: Path) -> Path:
    """Return a folder of models to spoil; what isn't spoiled is linked, since it is 100 MB."""
    folder = tmp_path / "models"
    shutil.copytree(models.folder, folder, copy_function=os.link)
    return folder


def test_models_are_present_only_when_complete(copied: Path) -> None:
    assert resnet50_present(copied)
    for name in (f"{RESNET50_FOLDER}/{RESNET50_MODEL}", f"{RESNET50_FOLDER}/{RECORD}", CLASS_INDEX):
        (copied / name).rename(copied / "aside")
        assert not resnet50_present(copied)
        (copied / "aside").rename(copied / name)
    assert resnet50_present(copied)


def test_models_are_absent_from_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert not resnet50_present(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [CLASS_INDEX, f"{RESNET50_FOLDER}/{RECORD}", f"{RESNET50_FOLDER}/model.bin"])
def test_a_missing_file_is_told(copied: Path, name: str) -> None:
    (copied / name).unlink()

    with pytest.raises(ModelFileError, match=r"received (nothing|No such file).*: run `make models`"):
        ResNet50Classifier(copied, threads=1)


def test_a_changed_model_is_told(copied: Path) -> None:
    graph = copied / RESNET50_FOLDER / RESNET50_MODEL
    body = graph.read_bytes()
    graph.unlink()
    graph.write_bytes(body + b"\0")

    with pytest.raises(ModelFileError, match=r"model\.xml: expected SHA-256"):
        ResNet50Classifier(copied, threads=1)


@pytest.mark.parametrize("text", ["{", "[]", '{"0": ["n01440764", "tench"]}', '{"0": 7}'])
def test_class_names_that_are_none_are_told(copied: Path, text: str) -> None:
    (copied / CLASS_INDEX).unlink()
    (copied / CLASS_INDEX).write_text(text, encoding="utf-8")

    with pytest.raises(ModelFileError, match=f"{CLASS_INDEX}: expected"):
        ResNet50Classifier(copied, threads=1)


def test_weights_that_are_none_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    weights = tmp_path / "weights.h5"
    weights.write_bytes(b"\x89HDF\r\n\x1a\n, or so it says")

    with pytest.raises(ModelFileError, match=r"weights\.h5: expected ResNet50's weights"):
        export_resnet50(weights, tmp_path / RESNET50_FOLDER)

    assert [path.name for path in tmp_path.iterdir()] == ["weights.h5"]


def test_weights_of_another_network_are_told(tmp_path: Path) -> None:
    weights = tmp_path / "weights.h5"
    inputs = keras.Input((4,))
    save_as_official(keras.Model(inputs, keras.layers.Dense(2)(inputs)), weights)

    with pytest.raises(ModelFileError, match=r"weights\.h5: expected ResNet50's weights"):
        export_resnet50(weights, tmp_path / RESNET50_FOLDER)


def test_missing_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="received nothing"):
        export_resnet50(tmp_path / "weights.h5", tmp_path / RESNET50_FOLDER)


@pytest.mark.parametrize(
    ("first", "last", "name"), [(0.97, 1.0, "embedding"), (1.0, math.nan, "predictions")]
)
def test_a_model_that_answers_otherwise_than_keras_is_told(
    models: Models, first: float, last: float, name: str
) -> None:
    def serve(pixels: npt.NDArray[np.uint8]) -> dict[str, Any]:
        batch = keras.applications.resnet50.preprocess_input(pixels.astype(np.float32))
        predictions, embedding = models.kerass(batch)
        return {"embedding": embedding * first, "predictions": predictions * last}

    with pytest.raises(ModelFileError, match=f"expected {name} that differ by at most 0.01 from Keras's"):
        check_answers(models.folder / RESNET50_FOLDER / RESNET50_MODEL, serve, 224)


SCRIPT = """
import sys
from pathlib import Path
from tapeline.adapters.resnet50 import ResNet50Classifier, resnet50_present
assert resnet50_present(Path(sys.argv[1]))
assert "openvino" not in sys.modules
ResNet50Classifier(Path(sys.argv[1]), threads=1)
assert "openvino" in sys.modules
assert not {"tensorflow", "keras", "h5py"} & sys.modules.keys()
"""


def test_a_fresh_process_is_quiet_and_imports_no_tensorflow(models: Models) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(models.folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "layers" / "tapeline")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
