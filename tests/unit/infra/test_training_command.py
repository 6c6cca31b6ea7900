"""The commands of infra.training, with pictures whose text is in the cache."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from infra.command.cli import run_command as main
from infra.training.cache import CachedReader, CachedShapeFinder, JsonCache
from infra.training.pictures import cache_folder
from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.batch.corrections import Correction, dump_corrections
from tapeline.picture import Picture, Shapes, TextLine
from tapeline.ranking.ranker import Ranker
from tests.unit.infra.small_truth import SHAPES, SIDE, text_lines

PICTURES = 40
DEV = 4


class Reader:
    """Reads the numbers of one picture."""

    def __init__(self, lines: list[TextLine]) -> None:
        self._lines = lines

    def read(self, picture: Picture, longest_side: int | None = None) -> list[TextLine]:
        return self._lines


class Finder:
    """Finds the same dimension lines in each picture."""

    def find(self, picture: Picture) -> Shapes:
        return SHAPES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with rows, a catalogue, pictures, and a cache of what they say."""
    (tmp_path / "images").mkdir()
    cache = JsonCache(cache_folder(tmp_path / "kept"))
    lines = ["index,image_link,entity_name,answers,source,split"]
    for number in range(PICTURES):
        path = tmp_path / "images" / f"{number} a.png"
        Image.fromarray(np.full((SIDE, SIDE, 3), number, np.uint8)).save(path)
        picture = PillowDecoder().decode(path.read_bytes())
        tall, wide = 20 + number, 95 - number
        CachedReader(partial(Reader, text_lines(tall, wide)), cache).read(picture)
        CachedShapeFinder(Finder(), cache).find(picture)
        split = "dev" if number < DEV else "train"
        lines += [
            f"{number},https://e.org/{number}%20a.png,{entity},{answer},hand,{split}"
            for entity, answer in (
                ("height", f"{tall} centimetre"),
                ("width", f"{wide} centimetre"),
                ("item_weight", f"{tall} kilogram"),
            )
        ]
    lines.append("99,https://e.org/missing.png,height,2 inch,hand,dev")
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    (tmp_path / "train.csv").write_text(
        "entity_name,entity_value\n" + "height,30.0 centimetre\nwidth,40.0 inch\nitem_weight,2.0 pound\n" * 30
    )
    return tmp_path


def test_commands_train_and_evaluate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = [str(folder / "rows.csv"), "--images", str(folder / "images"), "--cache", str(folder / "kept")]
    artefact = folder / "ranker.json"
    assert (
        main(["train", *common, "--artefact", str(artefact), "--catalogue", str(folder / "train.csv")]) == 0
    )
    printed = capsys.readouterr()
    rows = 3 * (PICTURES - DEV)
    assert f"source hand {rows} 1.000" in " ".join(printed.out.split())
    assert "by entity" in printed.out
    assert f"wrote {artefact}" in printed.err
    document = json.loads(artefact.read_text())
    assert document["about"]["rows"] == rows
    assert document["about"]["pictures"] == PICTURES - DEV
    assert Ranker.from_document(document).priors.of_unit("width", "inch") > -1

    assert main(["evaluate", *common, "--out", str(folder / "out")]) == 0
    printed = capsys.readouterr()
    assert f"all {3 * DEV} " in " ".join(printed.out.split())
    assert "left out 1 rows" in printed.err
    assert "95 % interval of F1 by picture" in printed.out
    assert len((folder / "out/predictions.csv").read_text().splitlines()) == 1 + 3 * DEV
    assert (folder / "out/index.html").is_file()

    predictions = (folder / "out/predictions.csv").read_text().splitlines()
    wrong = [predictions[0], *(f"{line.partition(',')[0]}," for line in predictions[1:])]
    (folder / "before.csv").write_text("\n".join(wrong))
    assert main(["evaluate", *common, "--before", str(folder / "before.csv")]) == 0
    gained = capsys.readouterr().out.partition("gained   lost\n")[2].split()[:3]
    assert gained[0] == "hand"
    assert int(gained[1]) > 0
    assert gained[2] == "0"


def test_reviewed_rows_are_taken_counted_and_compared(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, *lines = (folder / "rows.csv").read_text().splitlines()
    reviewed = [line.split(",") for line in lines if line.endswith(",train")][:30]
    corrections = {
        number: Correction(number, index, link, entity, answer if number % 3 else "1 inch", answer)
        for number, (index, link, entity, answer, *_) in enumerate(reviewed)
    }
    (folder / "corrections.csv").write_bytes(dump_corrections(corrections))
    rest = [line for line in lines if line.split(",") not in reviewed]
    (folder / "rows.csv").write_text("\n".join([header, *rest]))
    arguments = ["train", str(folder / "rows.csv"), str(folder / "corrections.csv")]
    arguments += ["--images", str(folder / "images"), "--cache", str(folder / "kept")]
    assert main([*arguments, "--artefact", str(folder / "ranker.json")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "height 10 10 0 item_weight 10 10 0 width 10 10 0 all 30" in printed
    with_them, without = printed.partition("cross-validated, with reviewed")[2].split(
        "cross-validated, without"
    )
    for table in (with_them, without):
        assert f"other rows {3 * (PICTURES - DEV) - 30} " in table
        assert "reviewed rows 30 " in table
    assert json.loads((folder / "ranker.json").read_text())["about"]["rows"] == 3 * (PICTURES - DEV)


@pytest.mark.parametrize("text", ["index,answer\n1,2 inch\n", "index,prediction\n1,two inches\n"])
def test_earlier_predictions_of_another_form_are_refused(
    folder: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "before.csv").write_text(text)
    common = [str(folder / "rows.csv"), "--images", str(folder / "images"), "--cache", str(folder / "kept")]
    assert main(["evaluate", *common, "--before", str(folder / "before.csv")]) == 1
    assert "name a predictions.csv of make evaluate" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize(
    ("rows", "message", "code"),
    [("index\n", "expected the columns", 1), (None, "does not exist", 2)],
    ids=["form", "missing"],
)
def test_what_cannot_be_done_is_said_and_fails(
    tmp_path: Path,
    command: str,
    rows: str | None,
    message: str,
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "rows.csv"
    if rows is not None:
        path.write_text(rows)
    assert main([command, str(path), "--images", str(tmp_path), "--cache", str(tmp_path)]) == code
    assert message in capsys.readouterr().err
