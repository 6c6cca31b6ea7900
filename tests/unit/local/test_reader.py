"""The library: what may be read, and what comes back; the answerer reads the same line everywhere."""

import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tapeline
from tapeline import Answer, Reader, RowError
from tapeline.answerer import Answerer
from tapeline.answers import PictureAnswers, PictureQuery
from tapeline.entities import UNITS_BY_ENTITY
from tapeline.errors import ErrorCode, MissingPackageError, SettingsError
from tapeline.local.reader import ADDED_COLUMNS
from tests.unit import fakes


class Process:
    """In place of a reading process: an answerer in this one, which counts and may fail."""

    model_hashes: Mapping[str, str] = {}
    started = 0

    def __init__(self) -> None:
        type(self).started += 1
        self.bodies: list[bytes] = []
        self.is_closed = False
        self._answerer = Answerer(fakes.Decoder(), fakes.Reader(), encode=lambda _: b"jpeg")

    def answer(self, query: PictureQuery, body: bytes, deadline: float = math.inf) -> PictureAnswers:
        self.bodies.append(body)
        return self._answerer.answer(query, body, deadline)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    started: list[Process] = []

    def start(*_: object) -> Process:
        started.append(Process())
        return started[-1]

    monkeypatch.setattr("tapeline.local.reader.start_local_answerer", start)
    return started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(5):
        Image.new("RGB", (20, 10), (number, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_path_is_read_with_the_models_loaded_once(processes: list[Process], folder: Path) -> None:
    with Reader() as reader:
        assert processes == []
        found = reader.read(folder / "0.png", ["item_weight", "voltage"])
        assert list(found) == ["item_weight", "voltage"]
        weight = found["item_weight"]
        assert isinstance(weight, Answer)
        assert (weight.prediction, weight.value, weight.unit) == ("12.5 kilogram", 12.5, "kilogram")
        assert (found["voltage"].prediction, found["voltage"].value, found["voltage"].unit) == (
            "",
            None,
            None,
        )
        assert reader.read(str(folder / "1.png"), "item_weight").keys() == {"item_weight"}
        assert len(processes) == 1
    assert processes[0].is_closed


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "CMYK", "P", "F"])
def test_bytes_pictures_and_arrays_are_read(processes: list[Process], mode: str) -> None:
    picture = Image.new("RGB", (4, 3), (9, 9, 9)).convert(mode)
    file = io.BytesIO()
    Image.new("RGB", (4, 3)).save(file, "PNG")
    reader = Reader()
    for like in (picture, file.getvalue(), np.zeros((3, 4, 3), np.uint8), np.zeros((3, 4), np.uint8)):
        assert reader.read(like, ["item_weight"])["item_weight"].value == 12.5
    for body in processes[0].bodies:
        assert Image.open(io.BytesIO(body)).size == (4, 3)


def test_what_cannot_be_read_is_raised(processes: list[Process]) -> None:
    with pytest.raises(RowError, match=r"expected a link, or the path") as caught:
        Reader().read("nowhere.png", "width")
    assert caught.value.code == ErrorCode.BAD_LINK
    with pytest.raises(RowError, match="expected one of width"):
        Reader().read(b"picture", "colour")


def test_two_readers_in_one_process_have_own_entities_each(processes: list[Process], tmp_path: Path) -> None:
    path = fakes.write_entities(tmp_path, "load", 'unit = "gram"\n')
    eight, mine, products = Reader(), Reader(entities=path), Reader(entities="products")
    assert mine.read(b"picture", "load")["load"].prediction == "12500 gram"
    assert "cable_length" in products.read(b"picture")
    # The first one doesn't know what came later.
    assert eight.read(b"picture").keys() == UNITS_BY_ENTITY.keys()
    for reader, name in ((eight, "load"), (products, "load"), (mine, "cable_length")):
        with pytest.raises(RowError, match="expected one of width"):
            reader.read(b"picture", name)


def test_a_folder_is_read_by_several_workers_in_order(processes: list[Process], folder: Path) -> None:
    found = Reader().folder(folder, ["item_weight"], workers=3, progress=False)
    assert list(found) == [f"{number}.png" for number in range(5)]
    assert all(not isinstance(answer, RowError) for answers in found.values() for answer in answers.values())
    assert len(processes) == 3
    assert sum(len(process.bodies) for process in processes) == 5


def test_a_frame_keeps_its_order_index_and_columns(processes: list[Process], folder: Path) -> None:
    frame = pd.DataFrame(
        {
            "sku": ["a", "b", "c", "d"],
            "image_link": ["https://e.org/1.png", " 0.png", "https://e.org/1.png", "none.png"],
            "entity_name": ["item_weight", "item_weight ", "colour", "width"],
        },
        index=[7, 3, 5, 1],
    )
    found = Reader().read_frame(frame, images=folder, workers=2, progress=False)
    assert list(found.columns) == [*frame.columns, *ADDED_COLUMNS]
    assert list(found.index) == [7, 3, 5, 1]
    assert list(found["prediction"]) == ["12.5 kilogram", "12.5 kilogram", "", ""]
    assert list(found["error_code"])[2:] == ["unknown_entity", "bad_link"]
    # Each picture is read once for all of its rows.
    assert sum(len(process.bodies) for process in processes) == 2
    assert list(frame.columns) == ["sku", "image_link", "entity_name"]


def test_a_frame_without_the_columns_is_refused(processes: list[Process]) -> None:
    with pytest.raises(SettingsError, match=r"received link: rename or add image_link and entity_name"):
        Reader().read_frame(pd.DataFrame({"link": ["a"]}))


def test_an_empty_folder_and_an_empty_frame_start_nothing(processes: list[Process], tmp_path: Path) -> None:
    assert Reader().folder(tmp_path, progress=False) == {}
    assert len(Reader().read_frame(pd.DataFrame({"image_link": [], "entity_name": []}))) == 0
    assert processes == []


def test_what_ends_a_worker_reaches_the_caller(
    processes: list[Process], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> PictureAnswers:
        raise OSError("the process is gone")

    monkeypatch.setattr(Process, "answer", broken)
    with pytest.raises(OSError, match="the process is gone"):
        Reader().folder(folder, "width", workers=2, progress=False)


def test_an_answer_shows_itself(processes: list[Process], folder: Path) -> None:
    found = Reader().read(folder / "0.png", ["item_weight", "voltage"])
    html = found["item_weight"]._repr_html_()
    assert "12.5 kilogram" in html
    assert "data:image/jpeg;base64,anBlZw==" in html
    assert '<polygon points="0.0,0.0 100.0,0.0 100.0,20.0 0.0,20.0"' in html
    assert repr(found["item_weight"]).startswith("Answer('12.5 kilogram', confidence=0.")
    assert "no answer" in found["voltage"]._repr_html_()


def test_text_from_a_picture_is_no_markup(processes: list[Process], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakes.Reader, "__init__", lambda self: setattr(self, "text", "<b>12.5 kg</b>"))
    html = Reader().read(b"picture", "item_weight")["item_weight"]._repr_html_()
    assert "&lt;b&gt;12.5 kg" in html
    assert "<b>" not in html


def test_the_package_has_its_names_and_no_others() -> None:
    assert tapeline.Reader is Reader
    assert set(tapeline.__all__) <= set(dir(tapeline))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        tapeline.Nothing  # noqa: B018


def test_without_the_packages_for_reading_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapeline.local.components.find_spec", lambda _: None)
    with pytest.raises(MissingPackageError, match=r"tapeline\[read\]"):
        Reader()
