"""Which characters the recogniser keeps, and what making the models refuses."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from openvino import opset13 as opset

from infra import quantise
from tapeline.adapters.openvino_models import OcrModels, arrange_squares
from tapeline.adapters.openvino_runtime import import_openvino

ROOT = Path(__file__).parents[3]
# What is said in words and units: what they say of characters that no picture of the train split has isn't
# worth a class.
SPOKEN = sorted((ROOT / "layers/tapeline/tapeline").rglob("*.py"))


def test_characters_that_say_no_quantity_are_left_out() -> None:
    characters = ["A", "9", "中", "ひ", "カ", "é", "Ж", "″", "\U0001f600", "幅", "㎝", " "]
    assert [characters[index] for index in quantise.kept_classes(characters)] == [
        *"A9éЖ″",
        *"幅㎝",
        " ",
    ]


def test_all_characters_of_the_package_s_words_are_read() -> None:
    """Whatever the parser, the layout and the keywords look for has a class, as far as the model had one."""
    used = {char for path in SPOKEN for char in path.read_text(encoding="utf-8") if ord(char) > 0x7F}
    # Hangul and Arabic are no classes of this model.
    known = {char for char in used if not unicodedata.name(char, "").startswith(("HANGUL", "ARABIC"))}
    left_out = {char for char in known if not quantise.kept_classes([char])}
    assert left_out == set()


def test_the_package_s_recogniser_has_those_characters() -> None:
    characters = OcrModels(threads=1).characters
    assert set("0123456789.,x/\"'″°½¼¾ØµcmingklbsozVW幅宽 ") <= set(characters)
    assert len(characters) == len(set(characters)) == len(quantise.kept_classes(characters))


def test_a_flat_head_gives_the_same_probabilities() -> None:
    """Of a head with the detector's layers, each pixel's own products come to its place."""
    openvino = import_openvino()
    random = np.random.default_rng(0)
    weights = [random.normal(size=shape).astype(np.float32) for shape in ((3, 5, 2, 2), (5, 1, 2, 2))]
    biases = [random.normal(size=(1, channels, 1, 1)).astype(np.float32) for channels in (5, 1)]
    given = opset.parameter([1, 3, 4, 6], np.float32)
    grown = given
    for (layer, adding), each, bias in zip(
        (("ConvTranspose.0", "Add.218"), ("ConvTranspose.2", "Add.220")), weights, biases, strict=True
    ):
        if grown is not given:
            grown = opset.relu(grown)
        grown = opset.convolution_backprop_data(grown, opset.constant(each), [2, 2], name=layer)
        grown = opset.add(grown, opset.constant(bias), name=adding)
    model = openvino.Model([opset.sigmoid(grown)], [given], "head")
    pixels = random.normal(size=(1, 3, 4, 6)).astype(np.float32)
    core = openvino.Core()
    # Where the CPU has bfloat16, OpenVINO would compute in it.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    (expected,) = core.compile_model(model, "CPU", exact)([pixels]).values()

    quantise.flatten_head(model)
    (squares,) = core.compile_model(model, "CPU", exact)([pixels]).values()

    logits = arrange_squares(squares[0])
    assert logits.shape == (16, 24)
    assert 1 / (1 + np.exp(-logits)) == pytest.approx(expected[0, 0], abs=1e-5)


def test_too_few_samples_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("image_link,entity_name,answers,split\nhttps://e.org/a.jpg,width,3 metre,train\n")
    document = json.loads((ROOT / "infra/models.lock.json").read_text())
    # Those in rapidocr, which the developers' environment lacks, would be asked for first.
    document["conversion"]["sources"] = []
    lock = tmp_path / "lock.json"
    lock.write_text(before := json.dumps(document))
    folder = tmp_path / "models"
    arguments = [str(rows), "--images", str(tmp_path), "--folder", str(folder), "--lock", str(lock)]
    assert quantise.main(arguments) == 1
    assert "expected 120 pictures of the train split" in capsys.readouterr().err
    assert not folder.exists()
    assert lock.read_text() == before


def test_another_source_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads((ROOT / "infra/models.lock.json").read_text())
    # In place of one in rapidocr, which the developers' environment lacks.
    document["conversion"]["sources"][0] |= {"package": "tapeline", "path": "__init__.py"}
    lock = tmp_path / "lock.json"
    lock.write_text(json.dumps(document))
    rows = tmp_path / "rows.csv"
    rows.write_text("image_link,entity_name,answers\n")
    assert quantise.main([str(rows), "--images", str(tmp_path), "--lock", str(lock)]) == 1
    assert "expected 9929594 bytes with SHA-256 090f" in capsys.readouterr().err
