"""What comes back to a run: its errors.csv once the server is up, and a filled-in review.csv."""

import csv
import io
from pathlib import Path

import pytest

from infra.local.job import Job, answer_csv, restore, wait_for_execution
from infra.local.progress import Progress
from infra.local.reviewing import correct_in
from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.kept_run import kept_run
from tapeline.errors import RunFailedError
from tapeline.local.running import RunResult
from tests.integration.conftest import Batch
from tests.integration.http_server import Reply
from tests.integration.pictures import drawn

# The server is up for the first of these alone.
NAMES = ("up", "down-1", "down-2")


def write_input(batch: Batch, path: Path) -> Path:
    links = [batch.allowed.url(f"/{path.stem}/{name}.png") for name in NAMES]
    batch.allowed.put(f"/{path.stem}/{NAMES[0]}.png", Reply(drawn("1.5 kg")))
    lines = [f"{name},{link},item_weight,n" for name, link in zip(NAMES, links, strict=True)]
    path.write_text("\n".join(["index,image_link,entity_name,note", *lines, ""]))
    return path


def come_up(batch: Batch, stem: str) -> None:
    for number, name in enumerate(NAMES[1:], start=2):
        batch.allowed.put(f"/{stem}/{name}.png", Reply(drawn(f"{number}.5 kg")))


def run(batch: Batch, source: Path, out: Path) -> RunResult:
    return answer_csv(Job(source, out), batch.stack, Progress(bar=False))


def predictions(text: str) -> list[tuple[str, str]]:
    return [(row["index"], row["prediction"]) for row in csv.DictReader(io.StringIO(text))]


WHOLE = [("up", "1.5 kilogram"), ("down-1", "2.5 kilogram"), ("down-2", "3.5 kilogram")]


def test_errors_csv_dropped_into_the_bucket_makes_one_whole_output(batch: Batch, tmp_path: Path) -> None:
    result = run(batch, write_input(batch, tmp_path / "dropped.csv"), tmp_path / "out")
    assert result.report.errors_by_code == {"http_status": 2}
    come_up(batch, "dropped")
    errors = tmp_path / "errors of dropped.csv"
    errors.write_bytes(result.errors.read_bytes())
    # As dropped: nothing but the file itself tells where it is from.
    again = run(batch, errors, tmp_path / "elsewhere")
    assert not again.merged
    document = RunDocument.load(batch.stack.results.read(keys.run_document_key(result.report.run)))
    # The execution goes on after its own outputs.
    wait_for_execution(again.report.run, batch.stack)
    outputs = keys.output_keys(document.source, document.run)
    found = {name: batch.stack.results.read(key).decode() for name, key in outputs.items()}
    assert predictions(found["dropped_out.csv"]) == WHOLE
    assert len(found["errors.csv"].splitlines()) == 1
    assert len(found["details.csv"].splitlines()) == 4


def test_the_local_command_merges_into_the_same_folder(batch: Batch, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(batch, write_input(batch, tmp_path / "local.csv"), out)
    come_up(batch, "local")
    merged = run(batch, first.errors, out)
    assert merged.merged
    assert merged.report.run == first.report.run
    assert (merged.report.rows, merged.report.errors, len(merged.report.reruns)) == (3, 0, 1)
    assert predictions((out / "local_out.csv").read_text()) == WHOLE
    assert len((out / "details.csv").read_text().splitlines()) == 4
    assert not (out / "errors_out.csv").exists()


def test_a_filled_in_review_is_taken_row_by_row(batch: Batch, tmp_path: Path) -> None:
    out = tmp_path / "out"
    come_up(batch, "filled")
    first = run(batch, write_input(batch, tmp_path / "filled.csv"), out)
    assert first.report.errors == 0
    document = kept_run(out)
    assert document is not None
    restored = restore(out, document, batch.stack)
    name = first.report.run
    filled = tmp_path / "my review.csv"
    # A good one, a wrong unit, an unknown row, and a row twice.
    filled.write_text(
        f"index,answer,run,row\nup,4 kg,{name},0\ndown-1,4 V,{name},1\n?,4 kg,{name},7\n"
        f"down-2,5 kg,{name},2\ndown-2,6 kg,{name},2\n"
    )
    found = correct_in(batch.stack, restored, filled, out)
    assert [(row["index"], row["answer"]) for row in found.refused] == [
        ("down-1", "4 V"),
        ("?", "4 kg"),
        ("down-2", "5 kg"),
        ("down-2", "6 kg"),
    ]
    assert predictions((out / "filled_out.csv").read_text()) == [("up", "4 kilogram"), *WHOLE[1:]]
    assert (out / keys.CORRECTIONS).read_text().splitlines()[1].endswith(",4 kilogram,corrected,review")
    assert found.report.review.corrected == 1
    filled.write_text("index,answer,run,row\nup,4 kg,other-1,0\n")
    key = keys.output_key(restored.source, keys.REFUSED_CORRECTIONS, name)
    batch.stack.cloud.s3.delete_object(Bucket=batch.stack.outputs["ResultsBucketName"], Key=key)
    with pytest.raises(RunFailedError, match="expected rows of the run in this folder"):
        correct_in(batch.stack, restored, filled, out)
