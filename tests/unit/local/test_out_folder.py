"""What a run may write over, and what not."""

from pathlib import Path

import pytest

from tapeline.batch.documents import RunDocument
from tapeline.batch.kept_run import FOLDER, kept_run
from tapeline.batch.keys import InputObject, output_keys, run_document_key
from tapeline.errors import OutFolderError
from tapeline.local.out_folder import STATE, bring_outputs, check_out_folder
from tests.unit.fakes import MemoryStore

OUTPUTS = ("test_out.csv", "details.csv", "errors.csv", "review.csv", "report.html", "report.json")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with the outputs of test.csv."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name in OUTPUTS:
        (folder / name).write_text(name)
    return folder


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    check_out_folder(tmp_path / "a/b", tmp_path / "test.csv")
    assert list((tmp_path / "a/b").iterdir()) == []


def test_a_table_of_the_same_name_may_be_answered_again(out: Path, tmp_path: Path) -> None:
    check_out_folder(out, tmp_path / "test.csv")


@pytest.mark.parametrize("name", OUTPUTS[1:4])
@pytest.mark.parametrize("replace", [False, True])
def test_an_input_among_the_outputs_is_refused(out: Path, name: str, replace: bool) -> None:
    with pytest.raises(OutFolderError, match=rf"one of them.*--out .*out-{name.removesuffix('.csv')}"):
        check_out_folder(out, out / name, replace=replace)
    assert (out / name).read_text() == name


def test_the_outputs_of_another_table_are_kept(out: Path, tmp_path: Path) -> None:
    with pytest.raises(OutFolderError, match=r"test_out\.csv.*--replace"):
        check_out_folder(out, tmp_path / "other.csv")
    check_out_folder(out, tmp_path / "other.csv", replace=True)


def test_a_stopped_run_is_kept(tmp_path: Path) -> None:
    (tmp_path / STATE).mkdir()
    with pytest.raises(OutFolderError, match="tapeline resume"):
        check_out_folder(tmp_path, tmp_path / "test.csv")
    check_out_folder(tmp_path, tmp_path / "test.csv", replace=True)


def test_a_folder_that_cannot_be_written_to_is_found_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="proc"):
        check_out_folder(Path("/proc/nothing/here"), tmp_path / "test.csv")


def test_outputs_arrive_whole(tmp_path: Path) -> None:
    source = InputObject("drop", "incoming/test.csv", "1")
    document = RunDocument(source.run, source, rows=1, pictures=1, shards=1)
    drop, results = MemoryStore(), MemoryStore()
    drop.objects = {source.key: b"image_link,entity_name\n"}
    results.objects = {key: name.encode() for name, key in output_keys(source).items()}
    results.objects[run_document_key(source.run)] = document.dump()
    files = bring_outputs(document, drop, results, tmp_path / "out")
    assert [path.name for path in files] == list(OUTPUTS)
    assert [path.read_text() for path in files] == list(OUTPUTS)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*OUTPUTS, FOLDER}
    assert kept_run(tmp_path / "out") == document
