"""The training of own entities, with pictures whose text is in the cache."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.own_entities import LABELS, draw_pictures
from infra.command.cli import run_command
from infra.training.cache import CachedReader, CachedShapeFinder, JsonCache
from infra.training.ground_truth import read_ground_truth
from infra.training.pictures import cache_folder
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.entity_file import load_entities
from tapeline.picture import Picture, Shapes, TextLine
from tapeline.ranking.own_entities import OWN_EVIDENCE
from tapeline.reading.observing import NO_SHAPES


class Reader:
    """Reads the lines of one picture."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        return [
            TextLine(line, 0.9, ((5, top), (300, top), (300, top + 20), (5, top + 20)))
            for line, top in zip(self._lines, (10, 200, 350), strict=False)
        ]


class Finder:
    def find(self, picture: Picture) -> Shapes:
        return NO_SHAPES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an entities file, rows, pictures, and a cache of what they say."""
    (tmp_path / "images").mkdir()
    cache = JsonCache(cache_folder(tmp_path / "kept"))
    lines = ["image_link,entity_name,answers"]
    for number in range(12):
        path = tmp_path / f"images/{number}.png"
        Image.fromarray(np.full((400, 400, 3), number, np.uint8)).save(path)
        picture = PillowDecoder().decode(path.read_bytes())
        said = [f"{number + 1} m", "no words at all"]
        CachedReader(partial(Reader, said), cache).read(picture)
        CachedReader(partial(Reader, said), cache).read(picture, 1280)
        CachedShapeFinder(Finder(), cache).find(picture)
        lines.append(f"{number}.png,cable_length,{(number + 1) * 100} centimetre")
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    (tmp_path / "mine.toml").write_text(
        '[cable_length]\nkind = "length"\nwords = ["cable"]\nunit = "centimetre"\n'
    )
    return tmp_path


def arguments(folder: Path, command: str) -> list[str]:
    common = ["--images", str(folder / "images"), "--cache", str(folder / "kept")]
    return [command, str(folder / "rows.csv"), *common, "--entities", str(folder / "mine.toml")]


def test_training_learns_what_the_words_do_not_say(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(arguments(folder, "train")) == 0
    table = " ".join(capsys.readouterr().out.split())
    assert "cable_length, by words 12 0.000" in table
    assert "cable_length, cross-validated 12 1.000 1.000 1.000" in table
    document = json.loads((folder / "mine.trained.json").read_text())
    assert document["entities"]["cable_length"]["rows"] == 12
    (own,) = load_entities(str(folder / "mine.toml")).own
    assert own.weights is not None
    assert len(own.weights) == len(OWN_EVIDENCE)
    assert run_command([*arguments(folder, "evaluate"), "--split", "all"]) == 0
    assert "cable_length 12 1.000 1.000 1.000" in " ".join(capsys.readouterr().out.split())


def test_too_few_rows_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = (folder / "rows.csv").read_text().splitlines()
    (folder / "rows.csv").write_text("\n".join(rows[:5]))
    assert run_command(arguments(folder, "train")) == 1
    assert "expected at least 8 train rows of cable_length" in capsys.readouterr().err


def test_a_shipped_file_is_copied_before_it_is_trained(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([*arguments(folder, "train")[:-1], "products"]) == 2
    assert "copy it" in capsys.readouterr().err


def test_the_benchmark_asks_for_two_entities_of_20_drawn_and_20_labelled_pictures(tmp_path: Path) -> None:
    labelled = read_ground_truth(LABELS, load_entities("products"))
    drawn = draw_pictures(tmp_path)
    assert len({row.image_link for row in labelled}) == 20
    assert sum(row.says_nothing for row in labelled) == 4
    assert {row.entity_name for row in labelled} == {entity for _, entity, _ in drawn}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(name for name, _, _ in drawn)
    assert len(drawn) == 20
