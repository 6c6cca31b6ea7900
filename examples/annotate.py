"""Draws onto a picture where its answers were read: ``python -m examples.annotate --help``."""

import argparse
import csv
import itertools
import json
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from PIL import Image, ImageDraw, ImageFont

type Corners = list[tuple[float, float]]

# Dark enough for white letters, and told apart by the colour-blind as well.
_COLOURS: Final = ("#b3261e", "#1f4e9c", "#6a1b9a", "#8a4b08", "#0b6e4f")


class Reading(NamedTuple):
    """An answer, as shown, and the corners of what it was read from, in pixels of the picture."""

    label: str
    corners: Corners


def readings(details: Path, rows: Path, picture: str) -> list[Reading]:
    """Collects a picture's answers that have a box.

    Args:
        details: The run's details.csv.
        rows: The CSV that the run was asked to answer.
        picture: The last part of the picture's link.

    Returns:
        The readings, in the order of the rows.
    """
    with details.open(encoding="utf-8", newline="") as file:
        answers = {row["index"]: row for row in csv.DictReader(file)}
    found = []
    with rows.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            answer = answers.get(row["index"])
            named = unquote(urlsplit(row["image_link"]).path.rpartition("/")[2]) == picture
            if named and answer is not None and answer["box"]:
                corners: Corners = [(x, y) for x, y in json.loads(answer["box"])]
                found.append(Reading(f"{row['entity_name']}: {answer['prediction']}", corners))
    return found


def annotate(image: Image.Image, found: list[Reading]) -> Image.Image:
    """Returns a copy of a picture with a box and a label for each reading."""
    copy = image.convert("RGB")
    draw = ImageDraw.Draw(copy)
    size = max(14, max(copy.size) // 36)
    font = ImageFont.load_default(size)
    taken: list[tuple[float, float, float, float]] = []
    for number, reading in enumerate(found):
        colour = _COLOURS[number % len(_COLOURS)]
        left, right = (pick(x for x, _ in reading.corners) for pick in (min, max))
        top, bottom = (pick(y for _, y in reading.corners) for pick in (min, max))
        draw.polygon(reading.corners, outline=colour, width=max(2, size // 8))
        width, height = draw.textlength(reading.label, font=font) + size, size * 1.5
        x = min(max(0, (left + right - width) / 2), max(0, copy.width - width))
        # Two values on one line share a box: their labels are stacked, upwards while there is room.
        step = height + 2
        above = (top - 2 - step * count for count in range(1, int(top // step) + 1))
        below = (bottom + 4 + step * count for count in itertools.count())
        y = next(
            y
            for y in itertools.chain(above, below)
            if not any(x < r and x + width > a and y < b and y + height > t for a, t, r, b in taken)
        )
        taken.append((x, y, x + width, y + height))
        draw.rounded_rectangle(taken[-1], size / 4, fill=colour)
        draw.text((x + width / 2, y + height / 2), reading.label, fill="white", font=font, anchor="mm")
    return copy


def main() -> None:
    """Reads the command line and writes the annotated picture."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.annotate", description="Draw where values were read."
    )
    parser.add_argument("details", type=Path, metavar="DETAILS.csv", help="the run's details")
    parser.add_argument("images", type=Path, metavar="IMAGES_DIR", help="where the pictures are")
    parser.add_argument("rows", type=Path, metavar="ROWS.csv", help="what the run was asked")
    parser.add_argument("out", type=Path, metavar="OUT.png", help="the file to write")
    parser.add_argument("--picture", required=True, metavar="NAME", help="a file of IMAGES_DIR")
    arguments = parser.parse_args()
    found = readings(arguments.details, arguments.rows, arguments.picture)
    if not found:
        parser.error(f"no answer of {arguments.picture} has a box in {arguments.details}")
    with Image.open(arguments.images / arguments.picture) as image:
        annotate(image, found).save(arguments.out)


if __name__ == "__main__":
    main()
