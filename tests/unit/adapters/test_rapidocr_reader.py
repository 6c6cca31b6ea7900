"""Reading drawn text: upright, turned, shrunken, and pictures with nothing to read."""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

from tapeline.adapters import rapidocr_reader
from tapeline.adapters.rapidocr_reader import RapidOcrReader
from tapeline.errors import ModelFileError
from tapeline.notes import collect_notes
from tapeline.picture import Picture, TextLine

WIDTH, HEIGHT = 640, 360


@pytest.fixture(scope="module")
def reader() -> Iterator[RapidOcrReader]:
    yield RapidOcrReader(threads=1)
    # rapidocr's own logger would otherwise stay silent for other tests that look at it.
    logging.getLogger("RapidOCR").setLevel(logging.NOTSET)


def draw(text: str) -> Image.Image:
    """Draw a line of text whose top left corner is at (120, 80)."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    ImageDraw.Draw(image).text((120, 80), text, "black", font=ImageFont.load_default(size=48), anchor="lt")
    return image


def as_picture(image: Image.Image, times: int = 1) -> Picture:
    """Wrap an image as if it had been shrunk to it from one ``times`` as wide and high."""
    return Picture(np.asarray(image), image.width * times, image.height * times)


def only(lines: list[TextLine]) -> TextLine:
    assert len(lines) == 1, [line.text for line in lines]
    return lines[0]


def test_a_line_is_read_with_its_score(reader: RapidOcrReader) -> None:
    line = only(reader.read(as_picture(draw("Width 12.5 cm"))))

    assert line.text.replace(" ", "") == "Width12.5cm"
    assert 0.9 < line.score <= 1


def test_several_lines_are_read(reader: RapidOcrReader) -> None:
    image = draw("Net weight 250 g")
    ImageDraw.Draw(image).text(
        (120, 220), "230 V", "black", font=ImageFont.load_default(size=48), anchor="lt"
    )

    texts = {line.text.replace(" ", "") for line in reader.read(as_picture(image))}

    assert texts == {"Netweight250g", "230V"}


def test_rapidocr_is_handed_blue_first(reader: RapidOcrReader, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[npt.NDArray[np.uint8]] = []
    run = reader._engine.run_ocr_steps

    def watch(pixels: npt.NDArray[np.uint8], changes: object) -> object:
        handed.append(pixels)
        return run(pixels, changes)

    monkeypatch.setattr(reader._engine, "run_ocr_steps", watch)
    reader.read(as_picture(Image.new("RGB", (40, 40), (200, 100, 50))))

    assert handed[0][0, 0].tolist() == [50, 100, 200]


@pytest.mark.parametrize(
    ("turn", "first_corner"),
    [
        (None, (120, 80)),
        (Image.Transpose.ROTATE_90, (80, WIDTH - 120)),
        (Image.Transpose.ROTATE_180, (WIDTH - 120, HEIGHT - 80)),
        (Image.Transpose.ROTATE_270, (HEIGHT - 80, 120)),
    ],
)
def test_turned_text_is_read_and_its_box_starts_where_it_starts(
    reader: RapidOcrReader, turn: Image.Transpose | None, first_corner: tuple[int, int]
) -> None:
    image = draw("Height 30 inch")
    line = only(reader.read(as_picture(image.transpose(turn) if turn is not None else image)))

    assert line.text.replace(" ", "") == "Height30inch"
    assert line.box[0] == pytest.approx(first_corner, abs=15)
    along = np.subtract(line.box[1], line.box[0])
    down = np.subtract(line.box[3], line.box[0])
    assert np.linalg.norm(along) > 4 * np.linalg.norm(down)
    # Down lies clockwise of the reading direction where y grows downwards.
    assert along[0] * down[1] - along[1] * down[0] > 0


def test_a_box_is_in_pixels_of_the_original(reader: RapidOcrReader) -> None:
    image = draw("Depth 40 mm")
    left, top, right, bottom = Image.eval(image.convert("L"), lambda value: 255 - value).getbbox() or (0,) * 4

    line = only(reader.read(as_picture(image, times=3)))

    xs, ys = zip(*line.box, strict=True)
    assert (min(xs), max(xs)) == pytest.approx((3 * left, 3 * right), abs=45)
    assert (min(ys), max(ys)) == pytest.approx((3 * top, 3 * bottom), abs=45)


def test_a_picture_larger_than_the_detector_takes_keeps_its_coordinates() -> None:
    image = Image.new("RGB", (1400, 900), "white")
    font = ImageFont.load_default(size=72)
    ImageDraw.Draw(image).text((900, 700), "75 kg", "black", font=font, anchor="lt")

    line = only(RapidOcrReader(threads=1, longest_side=480).read(as_picture(image)))

    assert line.text.replace(" ", "") == "75kg"
    assert line.box[0] == pytest.approx((900, 700), abs=40)


def test_a_wide_strip_keeps_its_coordinates(reader: RapidOcrReader) -> None:
    # rapidocr pads pictures more than 8 times as wide as high, above and below.
    image = draw("Length 60 cm").crop((0, 60, WIDTH, 140))
    strip = Image.new("RGB", (900, 80), "white")
    strip.paste(image)

    line = only(reader.read(as_picture(strip)))

    assert line.text.replace(" ", "") == "Length60cm"
    assert line.box[0] == pytest.approx((120, 20), abs=15)
    assert max(y for _, y in line.box) <= 80


def test_a_small_picture_is_read(reader: RapidOcrReader) -> None:
    image = Image.new("RGB", (90, 24), "white")
    ImageDraw.Draw(image).text((6, 3), "12 V", "black", font=ImageFont.load_default(size=18))

    line = only(reader.read(as_picture(image)))

    assert line.text.replace(" ", "") == "12V"
    assert all(0 <= x <= 90 and 0 <= y <= 24 for x, y in line.box)


def test_a_crop_is_recognised_alike_whatever_its_neighbours(reader: RapidOcrReader) -> None:
    short = np.asarray(draw("230 V").crop((110, 70, 260, 130)))
    long = np.asarray(Image.new("RGB", (1200, 40), "white"))

    alone = reader._engine.recognize_txt([short])
    together = reader._engine.recognize_txt([long, short])

    assert "230" in alone.txts[0]
    assert (together.txts[1], together.scores[1]) == (alone.txts[0], alone.scores[0])


def test_the_detectors_input_is_rapidocrs_own_but_for_rounding(reader: RapidOcrReader) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (500, 900, 3), dtype=np.uint8)
    own = type(reader._detector).get_preprocess(reader._detector)

    np.testing.assert_allclose(reader._detector.get_preprocess()(pixels), own(pixels), atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (31, 31), (2, 2), (500, 500), (33, 800)])
@pytest.mark.parametrize("value", [0, 255])
def test_a_picture_without_text_has_no_lines(
    reader: RapidOcrReader, size: tuple[int, int], value: int
) -> None:
    pixels = np.full((*size, 3), value, np.uint8)

    assert reader.read(Picture(pixels, size[1], size[0])) == []


def test_lines_below_the_score_are_dropped() -> None:
    strict = RapidOcrReader(threads=1, text_score=1.01)

    assert strict.read(as_picture(draw("Width 12.5 cm"))) == []


def test_blank_text_is_dropped(reader: RapidOcrReader, monkeypatch: pytest.MonkeyPatch) -> None:
    read = reader._engine.recognize_txt

    def blank(crops: list[object]) -> object:
        result = read(crops)
        result.txts = tuple(" \u3000" for _ in result.txts)
        return result

    monkeypatch.setattr(reader._engine, "recognize_txt", blank)

    assert reader.read(as_picture(draw("Width 12.5 cm"))) == []


def test_the_pixels_are_left_as_they_were(reader: RapidOcrReader) -> None:
    picture = as_picture(draw("Width 12.5 cm"))
    picture.pixels.flags.writeable = False
    before = picture.pixels.copy()

    reader.read(picture)

    assert np.array_equal(picture.pixels, before)


def test_nothing_is_fetched_or_logged(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from rapidocr.utils.download_file import DownloadFile  # noqa: PLC0415 - slow to import

    def refuse(*arguments: object) -> NoReturn:
        raise AssertionError(arguments)

    monkeypatch.setattr(DownloadFile, "run", refuse)

    reader = RapidOcrReader(threads=1)
    reader.read(as_picture(draw("Width 12.5 cm")))
    reader.read(as_picture(Image.new("RGB", (50, 50), "white")))

    assert capfd.readouterr() == ("", "")


def test_a_missing_model_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rapidocr_reader.MODELS, "Rec", "absent.onnx")

    with pytest.raises(ModelFileError, match=r"absent\.onnx, received nothing"):
        RapidOcrReader(threads=1)


def test_more_threads_than_processors_are_cut_to_those(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

    reader = RapidOcrReader(threads=64)

    assert reader._engine.cfg.EngineConfig.onnxruntime.intra_op_num_threads == 1


def test_the_models_are_the_wheels_own(reader: RapidOcrReader) -> None:
    paths = [Path(reader._engine.cfg[step].model_path) for step in rapidocr_reader.MODELS]

    assert all(path.is_file() for path in paths)


def test_nothing_is_reported_to_the_makers_of_onnxruntime() -> None:
    # A finder that sees onnxruntime's import says what the variable is at that moment.
    script = """
import os, sys
from importlib.abc import MetaPathFinder
class Finder(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print(os.environ.get("ORT_DISABLE_TELEMETRY"))
sys.meta_path.insert(0, Finder())
from tapeline.adapters.rapidocr_reader import RapidOcrReader
RapidOcrReader(threads=1)
"""
    environment = {"PYTHONPATH": str(Path(__file__).parents[3] / "layers/tapeline")}
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment
    )
    assert done.stdout.split() == ["1"]


def crowded(side: int, size: int, text: str) -> Image.Image:
    """Fill a picture with a text."""
    image = Image.new("RGB", (side, side), "white")
    font = ImageFont.load_default(size=size)
    drawing = ImageDraw.Draw(image)
    width = drawing.textlength(f"{text}   ", font=font)
    for y in range(0, side - size, round(1.6 * size)):
        for column in range(int((side - 4) // width)):
            drawing.text((4 + column * width, y), text, "black", font=font)
    return image


def test_of_a_crowd_of_lines_the_largest_are_read_and_that_is_noted(reader: RapidOcrReader) -> None:
    image = crowded(1500, 14, "12 x 13 cm")
    image.paste(Image.new("RGB", (600, 90), "white"), (0, 0))
    ImageDraw.Draw(image).text((20, 20), "Width 45 cm", "black", font=ImageFont.load_default(size=48))
    with collect_notes() as notes:
        lines = reader.read(as_picture(image))
    assert len(lines) <= rapidocr_reader.MAX_LINES
    assert "Width45cm" in {line.text.replace(" ", "") for line in lines}
    regions, read = notes
    assert re.fullmatch(r"of \d+ regions that may be text, the 500 largest were examined", regions)
    assert re.fullmatch(r"of \d+ text lines, the \d+ with the largest letters were read", read)


def test_long_lines_are_limited_by_what_they_have_together(reader: RapidOcrReader) -> None:
    with collect_notes() as notes:
        lines = reader.read(as_picture(crowded(1600, 16, "5 kg")))
    assert 0 < len(lines) < 40
    assert notes


def test_an_ordinary_picture_has_no_note(reader: RapidOcrReader) -> None:
    with collect_notes() as notes:
        reader.read(as_picture(draw("Width 12.5 cm")))
    assert notes == []
