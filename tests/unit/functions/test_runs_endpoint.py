"""GET /runs/{run}: the progress of a run."""

from dataclasses import replace

import pytest

from tapeline.batch import keys
from tapeline.batch.documents import RunDocument
from tapeline.batch.keys import InputObject
from tapeline.batch.report import ReportBuilder
from tapeline.batch.shard_results import PictureResult, RowAnswer, ShardStats, dump_shard_result
from tapeline.errors import ErrorCode
from tapeline.ports import ExecutionState
from tests.unit.fakes import MemoryStore
from tests.unit.functions.api import Api, Runs


def stored_run(store: MemoryStore) -> str:
    """Put a run of 10 rows with one shard result of 4 into a store."""
    source = InputObject("drop", "incoming/my file.csv", "1")
    store.objects[keys.run_document_key(source.run)] = RunDocument(source.run, source, 10, 9, 3).dump()
    rows = (
        RowAnswer(0, prediction="1 volt"),
        RowAnswer(1),
        RowAnswer(2, error_code=ErrorCode.TIMEOUT, error="late"),
        RowAnswer(3, error_code=ErrorCode.TIMEOUT, error="late"),
    )
    stats = ShardStats("00000", 1, 4, 2, cold_start=True, seconds=1, memory_megabytes=1, code_version="1")
    body = dump_shard_result(stats, [PictureResult(rows)])
    store.objects[keys.shard_result_key(source.run, "00000")] = body
    return source.run


def test_a_run_tells_how_far_it_is() -> None:
    store = MemoryStore()
    run = stored_run(store)
    answered = Api(store=store).call("GET", f"/runs/{run}")
    assert answered.status == 200
    assert answered.document == {
        "run": run,
        "state": "running",
        "input": "incoming/my file.csv",
        "rows": 10,
        "rows_done": 4,
        "pictures": 9,
        "errors": 2,
        "errors_by_code": {"timeout": 2},
        "outputs": [],
        "link_seconds": 900,
    }


def test_a_shard_result_is_read_once_however_often_a_run_is_asked_for() -> None:
    store = MemoryStore()
    run = stored_run(store)
    api = Api(store=store)
    first = api.call("GET", f"/runs/{run}").document
    store.objects[keys.shard_result_key(run, "00000")] = b"unreadable"
    assert api.call("GET", f"/runs/{run}").document == first


def test_a_finished_run_has_links_to_its_outputs() -> None:
    store = MemoryStore()
    run = stored_run(store)
    folder = f"results/my file/{run}"
    report = ReportBuilder(RunDocument.load(store.read(keys.run_document_key(run)))).build()
    store.objects |= {
        f"{folder}/my file_out.csv": b"",
        f"{folder}/report.json": replace(report, errors_by_code={"timeout": 3}).dump(),
    }
    document = Api(store=store).call("GET", f"/runs/{run}").document
    assert (document["state"], document["rows_done"], document["errors"]) == ("succeeded", 10, 3)
    assert [item["name"] for item in document["outputs"]] == [
        "my file_out.csv",
        "details.csv",
        "errors.csv",
        "review.csv",
        "report.html",
        "report.json",
    ]
    assert document["outputs"][0]["url"] == f"https://signed.example.com/{folder}/my file_out.csv?900"


@pytest.mark.parametrize(("state", "told"), [("failed", "failed"), (None, "running")])
def test_a_run_without_outputs_is_as_its_execution(state: ExecutionState | None, told: str) -> None:
    store = MemoryStore()
    run = stored_run(store)
    assert Api(store=store, runs=Runs(state)).call("GET", f"/runs/{run}").document["state"] == told


def test_an_unknown_run_is_not_found() -> None:
    answered = Api().call("GET", "/runs/test-0000000000000000")
    assert answered.problem == (404, "unknown-run")
    assert "test-0000000000000000" in answered.document["detail"]


@pytest.mark.parametrize("name", ["a" * 81, "a.b"])
def test_what_cannot_be_a_runs_name_is_refused(name: str) -> None:
    assert Api().call("GET", f"/runs/{name}").status in {404, 422}
