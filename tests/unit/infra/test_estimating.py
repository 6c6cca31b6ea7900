"""``tapeline estimate``."""

import json
from pathlib import Path

import pytest

from infra.command.cli import run_command as main
from tapeline.batch.documents import RunDocument
from tapeline.batch.report import ReportBuilder
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tests.unit.batch.helpers import SOURCE, stats

ROOT = Path(__file__).parents[3]


def report(path: Path, pictures: int) -> Path:
    builder = ReportBuilder(RunDocument("r", SOURCE, pictures, pictures, 1))
    builder.add_shard(stats(seconds=6.0))
    for position in range(pictures):
        builder.add_picture(PictureResult((RowAnswer(position),)))
    path.write_bytes(builder.build().dump())
    return path


def test_a_csv_is_estimated_as_the_readme_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(ROOT / "examples/test.csv")]) == 0
    printed = capsys.readouterr().out
    assert f"$ tapeline estimate examples/test.csv\n{printed}" in (ROOT / "README.md").read_text()


def test_the_pace_comes_from_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = report(tmp_path / "report.json", 4)
    assert main(["estimate", str(ROOT / "examples/test.csv"), "--report", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds_per_picture"] == 1.5


def test_a_report_without_pictures_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = report(tmp_path / "report.json", 0)
    assert main(["estimate", str(ROOT / "examples/test.csv"), "--report", str(path)]) == 1
    assert "expected a report of read pictures" in capsys.readouterr().err


def test_rows_that_would_be_refused_are_listed_with_their_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("image_link,entity_name\nhttps://a.example/1.jpg,colour\nfile:///etc/passwd,width\n")
    assert main(["estimate", str(path)]) == 0
    first, link, entity, _ = capsys.readouterr().out.splitlines()
    assert first == "2 rows on 2 pictures; 2 would be refused"
    assert link.startswith("  1 bad_link, the first is row 1: expected an image link of the form")
    assert entity.startswith("  1 unknown_entity, the first is row 0: expected one of width")


def test_a_file_that_a_run_would_reject_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n")
    assert main(["estimate", str(path)]) == 1
    assert "expected a CSV file whose header has the columns" in capsys.readouterr().err
