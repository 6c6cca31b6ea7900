"""Scores entities of a user's own: by words alone, and after training on every second row.

``python -m benchmarks.own_entities --images IMAGES``: 20 pictures are drawn, by a seed; 20 are those in
IMAGES that own_entities.csv labels, read off by eye. Half ask for ``cable_length``, half for
``battery_capacity``, as products.toml defines them. Prints F1 and the calibration error of confidence, of
drawn and of real pictures, through the command and the library that users have.
"""

import argparse
import csv
import random
import sys
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from infra.command.cli import run_command
from infra.training.ground_truth import TruthRow, read_ground_truth
from infra.training.own import as_written
from infra.training.report import score_table
from infra.training.scoring import calibration_error, outcome, scores
from tapeline import Reader
from tapeline.answers import Answer
from tapeline.entity_file import load_entities

# Real pictures of the challenge's train split, with what they say of the two entities.
LABELS: Final = Path(__file__).with_name("own_entities.csv")

# Pictures that are drawn of each entity.
_DRAWN: Final = 10

_SIZE: Final = (900, 900)

# What is said of a cable, with its length in metres; beside it stand lines that tempt to another length.
_CABLES: Final = (
    (("Braided charging cable", "Length: {length}"), ("Plug 12 mm wide",)),
    (("{length} cable", "for phones and tablets"), ("Box 14 x 9 x 4 cm",)),
    (("Desk lamp", "Cord length {length}"), ("Height 42 cm", "Base 16 cm")),
    (("Kabel {length}", "Steckdosenleiste"), ("Breite 36 cm",)),
    (("Extension lead", "with {length} cable"), ("Socket spacing 5 cm",)),
    (("Electric kettle", "Power cord: {length}"), ("Height 24 cm", "Width 15 cm")),
)

# A cable whose length isn't said.
_SILENT_CABLES: Final = ((("Hair dryer with cable", "2000 W"), ("Height 28 cm", "Nozzle 7 cm")),)

# What is said of a battery.
_BATTERIES: Final = (
    (("Power bank", "{capacity}"), ("22.5 W fast charging",)),
    (("Battery capacity: {capacity}", "wireless speaker"), ("10 W", "Range 15 m")),
    (("Akku {capacity}", "Bohrschrauber"), ("18 V", "1.4 kg")),
    (("Li-ion battery", "{capacity}"), ("3.7 V", "18650")),
    (("Built-in {capacity} battery", "up to 20 h"), ("Current 2 A",)),
)

# A battery whose capacity isn't said.
_SILENT_BATTERIES: Final = ((("Rechargeable lantern", "long battery life"), ("5 V 2 A", "300 lm")),)


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True, help="the folder of the labelled pictures")
    parser.add_argument("--keep", type=Path, help="a folder to keep the drawn pictures and the rows in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return _measure(options.keep or Path(temporary), options.images)


def draw_pictures(folder: Path) -> list[tuple[str, str, str]]:
    """Draw the pictures of both entities into a folder.

    Returns:
        For each its file name, its entity and its right answer, empty where it says none.
    """
    dice = random.Random(0)  # noqa: S311 - no secret
    rows = []
    for number in range(_DRAWN):
        # In both entities, every fifth picture is silent.
        silent = number % 5 == 4
        length = dice.choice((0.5, 1.0, 1.2, 1.5, 1.8, 2.0, 3.0, 5.0, 7.5, 10.0))
        said = f"{length:g} m" if dice.random() < 0.6 else f"{length * 100:g} cm"
        texts, tempting = dice.choice(_SILENT_CABLES if silent else _CABLES)
        name = f"cable-{number}.png"
        _draw(folder / name, dice, [text.format(length=said) for text in texts], tempting)
        rows.append((name, "cable_length", "" if silent else f"{length} metre"))
        capacity = dice.choice((600, 1200, 2200, 2600, 3500, 5000, 10000, 20000))
        said = f"{capacity} mAh" if dice.random() < 0.7 else f"{capacity / 1000:g} Ah"
        texts, tempting = dice.choice(_SILENT_BATTERIES if silent else _BATTERIES)
        name = f"battery-{number}.png"
        _draw(folder / name, dice, [text.format(capacity=said) for text in texts], tempting)
        rows.append((name, "battery_capacity", "" if silent else f"{capacity} milliampere hour"))
    return rows


def _draw(path: Path, dice: random.Random, texts: Sequence[str], tempting: Sequence[str]) -> None:
    """Draw a product with its texts, and what tempts, at places that are left to chance."""
    ground = dice.choice(("white", "#f2efe9", "#e3ecf5"))
    picture = Image.new("RGB", _SIZE, ground)
    pen = ImageDraw.Draw(picture)
    left = dice.randint(40, 140)
    pen.rounded_rectangle((left + 80, 300, left + 560, 640), 40, fill=dice.choice(("#333", "#845", "#486")))
    pen.arc((left + 200, 380, left + 420, 580), 0, dice.randint(250, 359), fill="#ddd", width=14)
    top = dice.randint(40, 70)
    for text in texts:
        pen.text((left, top), text, fill="#111", font=ImageFont.load_default(dice.randint(44, 56)))
        top += dice.randint(70, 100)
    top = dice.randint(690, 720)
    for text in tempting:
        pen.text((left + dice.randint(0, 200), top), text, fill="#111", font=ImageFont.load_default(36))
        top += 80
    picture.save(path)


def _measure(folder: Path, images: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(*row, "drawn") for row in draw_pictures(folder)]
    with LABELS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = row["image_link"].rpartition("/")[2]
            (folder / name).write_bytes((images / name).read_bytes())
            rows.append((name, row["entity_name"], row["answers"], "real"))
    # Every second row of each kind and entity is trained on.
    counts: dict[tuple[str, str], int] = {}
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image_link", "entity_name", "answers", "source", "split"))
        for name, entity, answers, source in rows:
            count = counts[entity, source] = counts.get((entity, source), 0) + 1
            writer.writerow((name, entity, answers, source, "train" if count % 2 else "dev"))
    entities = folder / "mine.toml"
    entities.write_bytes((resources.files("tapeline") / "entity_files/products.toml").read_bytes())
    truth = read_ground_truth(folder / "rows.csv", load_entities(str(entities)))
    by_words = _answers(truth, folder, entities)
    print(_report("by words, all rows", by_words))
    held_by_words = [(row, answer) for row, answer in by_words if row.split != "train"]
    print(_report("by words, rows that aren't trained on", held_by_words))
    with tempfile.TemporaryDirectory() as cache:
        arguments = ["--images", str(folder), "--cache", cache, "--entities", str(entities)]
        if code := run_command(["train", str(folder / "rows.csv"), *arguments]):
            return code
    held = [row for row, _ in held_by_words]
    print(_report("after training, the same rows", _answers(held, folder, entities)))
    return 0


def _answers(truth: Sequence[TruthRow], folder: Path, entities: Path) -> list[tuple[TruthRow, Answer]]:
    """Answer each row by itself, as a user of the library does."""
    with Reader(entities=entities) as reader:
        return [
            (row, reader.read(folder / row.file_name, [row.entity_name])[row.entity_name]) for row in truth
        ]


def _report(title: str, answered: Sequence[tuple[TruthRow, Answer]]) -> str:
    """Return F1 by kind of picture and entity, and how far off confidence is."""
    lines = []
    results = [(row, answer, outcome(row, as_written(answer.quantity, row))) for row, answer in answered]
    kinds = [(f"{row.source}, {row.entity_name}", result) for row, _, result in results]
    kinds += [(row.source, result) for row, _, result in results]
    table = scores(kinds)
    # Each row is in the table twice: the sum of all says nothing.
    del table["all"]
    lines.append(score_table(title, table))
    for source in ("drawn", "real"):
        own = [
            (a.confidence, result == "tp")
            for row, a, result in results
            if row.source == source and a.quantity
        ]
        error = calibration_error([said for said, _ in own], [right for _, right in own])
        lines.append(f"calibration error of confidence, {source}: {error:.3f}")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
