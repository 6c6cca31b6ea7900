"""Reading drawn text: upright, turned, shrunken, and pictures with nothing to read."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tapeline.adapters import text_detection
from tapeline.adapters.openvino_models import MODELS_FOLDER
from tapeline.adapters.openvino_reader import OpenVinoReader
from tapeline.adapters.precision import Precision, cpu_flags
from tapeline.errors import ModelFileError
from tapeline.notes import collect_notes
from tapeline.picture import Picture, TextLine

WIDTH, HEIGHT = 640, 360


@pytest.fixture(scope="module")
def reader() -> OpenVinoReader:
    return OpenVinoReader(threads=1)


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


def test_a_line_is_read_with_its_score(reader: OpenVinoReader) -> None:
    line = only(reader.read(as_picture(draw("Width 12.5 cm"))))

    assert line.text.replace(" ", "") == "Width12.5cm"
    assert 0.9 < line.score <= 1


def test_several_lines_are_read(reader: OpenVinoReader) -> None:
    image = draw("Net weight 250 g")
    ImageDraw.Draw(image).text(
        (120, 220), "230 V", "black", font=ImageFont.load_default(size=48), anchor="lt"
    )

    texts = {line.text.replace(" ", "") for line in reader.read(as_picture(image))}

    assert texts == {"Netweight250g", "230V"}


@pytest.mark.parametrize(
    ("turn", "first_corner"),
    [
        (None, (120, 80)),
        (Image.Transpose.ROTATE_90, (80, WIDTH - 120)),
        (Image.Transpose.ROTATE_270, (HEIGHT - 80, 120)),
    ],
)
def test_turned_text_is_read_and_its_box_starts_where_it_starts(
    reader: OpenVinoReader, turn: Image.Transpose | None, first_corner: tuple[int, int]
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


def test_a_box_is_in_pixels_of_the_original(reader: OpenVinoReader) -> None:
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

    line = only(OpenVinoReader(threads=1, longest_side=480).read(as_picture(image)))

    assert line.text.replace(" ", "") == "75kg"
    assert line.box[0] == pytest.approx((900, 700), abs=40)


def test_a_wide_strip_keeps_its_coordinates(reader: OpenVinoReader) -> None:
    image = draw("Length 60 cm").crop((0, 60, WIDTH, 140))
    strip = Image.new("RGB", (900, 80), "white")
    strip.paste(image)

    line = only(reader.read(as_picture(strip)))

    assert line.text.replace(" ", "") == "Length60cm"
    assert line.box[0] == pytest.approx((120, 20), abs=15)
    assert max(y for _, y in line.box) <= 80


def test_a_small_picture_is_read(reader: OpenVinoReader) -> None:
    image = Image.new("RGB", (90, 24), "white")
    ImageDraw.Draw(image).text((6, 3), "12 V", "black", font=ImageFont.load_default(size=18))

    line = only(reader.read(as_picture(image)))

    assert line.text.replace(" ", "") == "12V"
    assert all(0 <= x <= 90 and 0 <= y <= 24 for x, y in line.box)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (31, 31), (2, 2), (500, 500), (33, 800)])
@pytest.mark.parametrize("value", [0, 255])
def test_a_picture_without_text_has_no_lines(
    reader: OpenVinoReader, size: tuple[int, int], value: int
) -> None:
    pixels = np.full((*size, 3), value, np.uint8)

    assert reader.read(Picture(pixels, size[1], size[0])) == []


def test_lines_below_the_score_are_dropped() -> None:
    strict = OpenVinoReader(threads=1, text_score=1.01)

    assert strict.read(as_picture(draw("Width 12.5 cm"))) == []


def test_the_pixels_are_left_as_they_were(reader: OpenVinoReader) -> None:
    picture = as_picture(draw("Width 12.5 cm"))
    picture.pixels.flags.writeable = False
    before = picture.pixels.copy()

    reader.read(picture)

    assert np.array_equal(picture.pixels, before)


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


def test_of_a_crowd_of_lines_the_largest_are_read_and_that_is_noted(reader: OpenVinoReader) -> None:
    image = crowded(700, 12, "8 9")
    image.paste(Image.new("RGB", (400, 90), "white"), (0, 0))
    ImageDraw.Draw(image).text((20, 20), "Width 45 cm", "black", font=ImageFont.load_default(size=48))
    with collect_notes() as notes:
        lines = reader.read(as_picture(image))
    assert len(lines) <= text_detection.MAX_LINES
    assert "Width45cm" in {line.text.replace(" ", "") for line in lines}
    regions, read = notes
    assert re.fullmatch(r"of \d+ regions that may be text, the 500 largest were examined", regions)
    assert re.fullmatch(r"of \d+ text lines, the \d+ with the largest letters were read", read)


def test_long_lines_are_limited_by_what_they_have_together(reader: OpenVinoReader) -> None:
    with collect_notes() as notes:
        lines = reader.read(as_picture(crowded(1600, 16, "5 kg")))
    assert 0 < len(lines) < 40
    assert notes


def test_an_ordinary_picture_has_no_note(reader: OpenVinoReader) -> None:
    with collect_notes() as notes:
        reader.read(as_picture(draw("Width 12.5 cm")))
    assert notes == []


def photo(seed: int) -> Image.Image:
    """Draw lines of several sizes on a grey ground that leaves no margin."""
    random = np.random.default_rng(seed)
    width, height = (int(side) for side in random.integers(300, 900, 2))
    image = Image.new("RGB", (width, height), "silver")
    drawing = ImageDraw.Draw(image)
    for _ in range(3):
        x, y = int(random.integers(0, width // 2)), int(random.integers(0, height // 2))
        font = ImageFont.load_default(size=int(random.integers(14, 60)))
        drawing.text((x, y), f"{random.integers(1, 400)} cm", "black", font=font)
    return image


def test_a_picture_s_text_does_not_depend_on_those_before_it(reader: OpenVinoReader) -> None:
    pictures = [as_picture(photo(seed)) for seed in range(3)]
    before = [reader.read(picture) for picture in pictures]
    assert any(before)
    for seed in range(3, 5):
        reader.read(as_picture(photo(seed)), 1280)
    assert [reader.read(picture) for picture in reversed(pictures)] == before[::-1]
    assert OpenVinoReader(threads=1).read(pictures[2]) == before[2]


def test_the_margins_of_white_ground_do_not_matter_to_what_is_read(reader: OpenVinoReader) -> None:
    small = draw("Width 12.5 cm")
    large = Image.new("RGB", (700, 700), "white")
    large.paste(small, (40, 300))
    alone, framed = only(reader.read(as_picture(small))), only(reader.read(as_picture(large)))
    assert framed.text == alone.text
    assert np.subtract(framed.box, alone.box) == pytest.approx(np.tile((40, 300), (4, 1)), abs=2)


def test_small_print_is_read_in_the_second_pass(reader: OpenVinoReader) -> None:
    image = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(image).text((150, 200), "48 cm", "black", font=ImageFont.load_default(size=11))
    line = only(reader.read(as_picture(image), 1280))
    assert line.text.replace(" ", "") == "48cm"
    assert line.box[0] == pytest.approx((150, 200), abs=8)


def test_colours_are_taken_as_in_training(reader: OpenVinoReader) -> None:
    # Letters that differ from their ground in one channel alone: red that is read as blue is fainter.
    image = Image.new("RGB", (WIDTH, HEIGHT), (200, 60, 60))
    font = ImageFont.load_default(size=48)
    ImageDraw.Draw(image).text((120, 80), "64 mm", (60, 60, 60), font=font)
    assert only(reader.read(as_picture(image))).text.replace(" ", "") == "64mm"


@pytest.mark.parametrize("name", ["recogniser.xml", "detector_int8.bin", "direction.bin"])
def test_a_missing_model_is_told(tmp_path: Path, name: str) -> None:
    shutil.copytree(MODELS_FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).unlink()
    with pytest.raises(ModelFileError, match=rf"expected an OCR model at .*{name}, received nothing: "):
        OpenVinoReader(threads=1, models=tmp_path)


def test_a_broken_model_is_told(tmp_path: Path) -> None:
    shutil.copytree(MODELS_FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "direction.xml").write_text("<net>")
    with pytest.raises(ModelFileError, match=r"direction\.xml, received something else"):
        OpenVinoReader(threads=1, models=tmp_path)


def test_a_recogniser_without_characters_is_told(tmp_path: Path) -> None:
    shutil.copytree(MODELS_FOLDER, tmp_path, dirs_exist_ok=True)
    for kind in ("xml", "bin"):
        shutil.copy(tmp_path / f"direction.{kind}", tmp_path / f"recogniser.{kind}")
    with pytest.raises(ModelFileError, match=r"recogniser\.xml, received one without its characters"):
        OpenVinoReader(threads=1, models=tmp_path)


_READ = """
import json, sys
import numpy as np
from PIL import Image
from tapeline.adapters.openvino_reader import OpenVinoReader
from tapeline.picture import Picture
pixels = np.asarray(Image.open(sys.argv[1]))
reader = OpenVinoReader(1, sys.argv[2])
lines = reader.read(Picture(pixels, pixels.shape[1], pixels.shape[0]))
print(json.dumps(sorted(line.text.replace(" ", "") for line in lines)))
"""

# Those that this CPU computes in. A process of its own for each: one that crashes ends no other test.
PRECISIONS: tuple[Precision, ...] = (
    ("auto", "float32", "int8", "bf16")
    if not cpu_flags().isdisjoint({"avx512_bf16", "amx_bf16"})
    else ("auto", "float32", "int8")
)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_each_precision_of_this_cpu_reads_a_picture_alike(tmp_path: Path, precision: Precision) -> None:
    image = draw("Net weight 250 g")
    font = ImageFont.load_default(size=40)
    ImageDraw.Draw(image).text((120, 220), "12.5 x 30 cm", "black", font=font)
    turned = Image.new("RGB", (300, 60), "white")
    ImageDraw.Draw(turned).text((10, 5), "75 mm", "black", font=font)
    image.paste(turned.rotate(90, expand=True), (20, 40))
    image.save(tmp_path / "picture.png")
    environment = {"PYTHONPATH": str(Path(__file__).parents[3] / "layers/tapeline")}
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path / "picture.png"), precision],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert json.loads(done.stdout) == ["12.5x30cm", "75mm", "Netweight250g"]
