import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapeline.batch import keys
from tapeline.batch.fan_out import fan_out
from tapeline.batch.keys import InputObject
from tapeline.batch.reducer import reduce_run
from tapeline.batch.shard_results import PictureResult, RowAnswer, dump_shard_result
from tapeline.batch.states import ReducerOutput
from tapeline.errors import CorruptObjectError, ErrorCode, ObjectMissingError
from tests.unit.batch.helpers import SHARDING, SOURCE, output, put_result, start, stats, table
from tests.unit.fakes import Executions, MemoryStore

BOX = ((0.0, 0.0), (100.0, 0.0), (100.0, 20.5), (0.0, 20.5))


def test_the_outputs_byte_for_byte(tmp_path: Path) -> None:
    body = (
        'index,image_link,entity_name,note\n5,a,width,"x, y"\n6,a,height,\n'
        '7,b,colour,n\n8,c,width,"q ""q"""\n9,d,width\n'
    )
    drop, results, _, outcome = start(body.encode())
    run = outcome.run
    sure = RowAnswer(0, "80 centimetre", 0.9, 0.95, "Größe, 80 cm", BOX, (("31.5 inch", 0.0604, '31.5" é'),))
    unsure = RowAnswer(1, confidence=0.0, stated=0.1234, runners_up=(("3 inch", 0.1, "3 in"),))
    labels = (("tür", 0.5),)
    spent = {"fetch": 0.2, "decode": 1.0, "read": 401.3}
    put_result(results, run, "00000", PictureResult((sure, unsure), labels, spent))
    unknown = RowAnswer(2, error_code=ErrorCode.UNKNOWN_ENTITY, error="expected an entity, received 'colour'")
    short = RowAnswer(4, error_code=ErrorCode.BAD_ROW, error="expected 4 cells")
    put_result(results, run, "00001", PictureResult((unknown,)), PictureResult((short,)))
    reduced = reduce_run(run, drop, results, tmp_path)
    assert reduced == ReducerOutput(rows=5, errors=3, output=f"results/test/{run}/test_out.csv")
    found = {name: results.read(key).decode() for name, key in keys.output_keys(SOURCE).items()}
    assert found["test_out.csv"] == "index,prediction\n5,80 centimetre\n6,\n7,\n8,\n9,\n"
    assert found["details.csv"] == (
        "index,image_link,entity_name,prediction,confidence,stated,text,box,runners_up,labels,milliseconds,"
        "error_code,notes,decision\n"
        '5,a,width,80 centimetre,0.9,0.95,"Größe, 80 cm",'
        '"[[0.0, 0.0], [100.0, 0.0], [100.0, 20.5], [0.0, 20.5]]",'
        '"[[""31.5 inch"", 0.0604, ""31.5\\"" é""]]","[[""tür"", 0.5]]",402,,,\n'
        '6,a,height,,,0.1234,,,"[[""3 inch"", 0.1, ""3 in""]]","[[""tür"", 0.5]]",402,,,\n'
        "7,b,colour,,,,,,,,0,unknown_entity,,\n"
        "8,c,width,,,,,,,,,shard_lost,,\n"
        "9,d,width,,,,,,,,0,bad_row,,\n"
    )
    assert found["errors.csv"] == (
        "index,image_link,entity_name,note,error_code,error,run,row\n"
        f"7,b,colour,n,unknown_entity,\"expected an entity, received 'colour'\",{run},2\n"
        '8,c,width,"q ""q""",shard_lost,"expected a result for this row\'s shard, received none after all '
        f'attempts: drop errors.csv in again",{run},3\n'
        f"9,d,width,,bad_row,expected 4 cells,{run},4\n"
    )
    report = json.loads(found["report.json"])
    assert report["errors_by_code"] == {"bad_row": 1, "shard_lost": 1, "unknown_entity": 1}
    assert (report["pictures_read"], report["shards"]) == (3, {"planned": 1, "answered": 2, "broken": 0})
    names = ("details.csv", "errors.csv", "review.csv", "report.html", "report.json", "test_out.csv")
    assert results.written[-7:] == [
        f"runs/{run}/review.jsonl",
        *(f"results/test/{run}/{name}" for name in names),
    ]


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(1.0, "1"), (0.5, "0.5"), (0.1234, "0.1234"), (0.0001, "0.0001"), (0.00001, "1e-05")],
)
def test_probabilities_are_written_without_trailing_zeros(
    probability: float, shown: str, tmp_path: Path
) -> None:
    drop, results, _, outcome = start(table(["a"]))
    answer = RowAnswer(0, "1 volt", confidence=probability, stated=probability)
    put_result(results, outcome.run, "00000", PictureResult((answer,)))
    reduce_run(outcome.run, drop, results, tmp_path)
    (row,) = output(results, outcome.run, "details.csv")
    assert (row["confidence"], row["stated"]) == (shown, shown)


def test_an_empty_prediction_is_stated_with_a_probability_but_an_error_is_not(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(list("abc")))
    error = RowAnswer(2, error_code=ErrorCode.TIMEOUT, error="late")
    rows = (RowAnswer(0, stated=0.25), RowAnswer(1, stated=0.0), error)
    put_result(results, outcome.run, "00000", PictureResult(rows))
    reduce_run(outcome.run, drop, results, tmp_path)
    details = output(results, outcome.run, "details.csv")
    assert [(row["confidence"], row["stated"]) for row in details] == [("", "0.25"), ("", "0"), ("", "")]


def test_a_row_in_two_results_is_written_and_counted_once(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a", "b"]))
    first = PictureResult((RowAnswer(0, "1 volt"),), milliseconds={"read": 1.0})
    put_result(results, outcome.run, "00000", first)
    second = PictureResult((RowAnswer(0, "2 volt"),), milliseconds={"read": 9.0})
    put_result(results, outcome.run, "00001", second, PictureResult((RowAnswer(1, "3 volt"),)))
    assert reduce_run(outcome.run, drop, results, tmp_path).errors == 0
    predictions = [row["prediction"] for row in output(results, outcome.run, "test_out.csv")]
    assert predictions == ["1 volt", "3 volt"]
    report = json.loads(results.read(f"results/test/{outcome.run}/report.json"))
    assert report["pictures_read"] == 2
    assert report["milliseconds"]["read"] == {"p50": 1.0, "p95": 1.0}


def test_a_row_of_the_wrong_width_is_a_bad_row_even_where_its_shard_is_lost(tmp_path: Path) -> None:
    drop, results, _, outcome = start(b'image_link,entity_name\na,width,x,"y,z"\na\na,width\n')
    put_result(results, outcome.run, "other", PictureResult((RowAnswer(1, "1 volt"),)))
    assert reduce_run(outcome.run, drop, results, tmp_path).errors == 3
    found = output(results, outcome.run, "errors.csv")
    assert [row["error_code"] for row in found] == ["bad_row", "bad_row", "shard_lost"]
    assert [row["entity_name"] for row in found] == ['width,x,"y,z"', "", "width"]
    assert found[0]["error"].startswith("expected 2 cells as in the header, received 4")


def test_formulas_are_escaped_in_details_and_errors_but_not_in_the_predictions(tmp_path: Path) -> None:
    drop, results, _, outcome = start(b"index,=note,image_link,entity_name\n=1,@a,l,width\n-2,+b,l,depth\n")
    seen = RowAnswer(0, "1 volt", 0.5, 0.5, "=HYPERLINK(1)")
    error = RowAnswer(1, error_code=ErrorCode.TIMEOUT, error="-late")
    put_result(results, outcome.run, "00000", PictureResult((seen, error)))
    reduce_run(outcome.run, drop, results, tmp_path)
    details = output(results, outcome.run, "details.csv")
    assert [(row["index"], row["text"]) for row in details] == [("'=1", "'=HYPERLINK(1)"), ("-2", "")]
    (failed,) = output(results, outcome.run, "errors.csv")
    assert (failed["index"], failed["'=note"], failed["error"]) == ("-2", "'+b", "'-late")
    assert [row["index"] for row in output(results, outcome.run, "test_out.csv")] == ["=1", "-2"]


def test_the_errors_of_errors_csv_are_replaced_not_repeated(tmp_path: Path) -> None:
    body = b"image_link,error_code,entity_name,error\na,timeout,width,late\n"
    drop, results, _, outcome = start(body)
    reduce_run(outcome.run, drop, results, tmp_path)
    (row,) = output(results, outcome.run, "errors.csv")
    assert list(row) == ["image_link", "entity_name", "error_code", "error", "run", "row"]
    assert row["error_code"] == "shard_lost"


def test_a_file_without_rows_gives_headers(tmp_path: Path) -> None:
    drop, results, _, outcome = start(b"image_link,entity_name\n")
    assert reduce_run(outcome.run, drop, results, tmp_path).rows == 0
    assert results.read(f"results/test/{outcome.run}/test_out.csv") == b"index,prediction\n"


def test_a_stem_may_be_as_long_as_a_files_name_may_be(tmp_path: Path) -> None:
    source = InputObject("drop", f"incoming/{'ü' * 123}n.csv", "v1")
    drop, results = MemoryStore(), MemoryStore()
    drop.objects[source.key] = table(["a"])
    fan_out(source, drop, results, Executions(), SHARDING)
    reduced = reduce_run(source.run, drop, results, tmp_path)
    assert reduced.output == keys.predictions_key(source)
    assert results.exists(reduced.output)
    assert len(reduced.output.rpartition("/")[2].encode()) == 255


def test_a_deep_folder_does_not_make_the_outputs_keys_longer(tmp_path: Path) -> None:
    source = InputObject("drop", f"incoming/{'deep/' * 201}/n.csv", "v1")
    assert len(source.key) == 1020
    drop, results = MemoryStore(), MemoryStore()
    drop.objects[source.key] = table(["a"])
    fan_out(source, drop, results, Executions(), SHARDING)
    assert reduce_run(source.run, drop, results, tmp_path).output == f"results/n/{source.run}/n_out.csv"


def test_a_run_that_is_gone_is_an_error(tmp_path: Path) -> None:
    drop, results, _, _ = start(table(["a"]))
    with pytest.raises(ObjectMissingError):
        reduce_run("other", drop, results, tmp_path)
    assert not list(tmp_path.iterdir())
    assert not results.exists(keys.predictions_key(SOURCE))


def test_a_run_whose_description_is_broken_is_an_error(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a"]))
    results.objects[keys.run_document_key(outcome.run)] = b"{}"
    with pytest.raises(CorruptObjectError, match="expected a run's description"):
        reduce_run(outcome.run, drop, results, tmp_path)


def predictions(results: MemoryStore, run: str) -> list[str]:
    return [row["prediction"] for row in output(results, run, "test_out.csv")]


FOREIGN = {
    "empty": b"",
    "another document": b"{}",
    "a list": b"[1, 2]",
    "text": b"shard results go here\n",
    "bytes": bytes(range(256)) * 40,
    "deep": b"[" * 100_000,
    "no number": b'{"shard":"x","pictures":1,"rows":1,"errors":0,"cold_start":false,"seconds":NaN,'
    b'"memory_megabytes":1,"code_version":"1"}\n{"rows":[{"position":1,"prediction":"9 volt"}]}\n',
}


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("name", ["00000.jsonl", "00000.0001.jsonl", "notes.txt", "", "sub/folder.jsonl"])
def test_a_foreign_object_costs_the_run_nothing(name: str, body: bytes, tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a", "b"]))
    run = outcome.run
    results.objects[f"{keys.shard_results_prefix(run)}{name}"] = body
    put_result(results, run, "00001", PictureResult((RowAnswer(1, "2 volt"),)))
    assert reduce_run(run, drop, results, tmp_path) == ReducerOutput(
        rows=2, errors=1, output=keys.predictions_key(SOURCE)
    )
    assert predictions(results, run) == ["", "2 volt"]
    report = json.loads(results.read(f"results/test/{run}/report.json"))
    assert report["shards"] == {"planned": 1, "answered": 1, "broken": 1}
    assert report["errors_by_code"] == {"shard_lost": 1}


@pytest.mark.parametrize("kept", range(4))
def test_a_truncated_result_answers_as_far_as_it_goes(kept: int, tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a", "b", "c", "d"]))
    run = outcome.run
    put_result(results, run, "00000", *(PictureResult((RowAnswer(n, f"{n} volt"),)) for n in range(3)))
    put_result(results, run, "00001", PictureResult((RowAnswer(3, "3 volt"),)))
    key = keys.shard_result_key(run, "00000")
    lines = results.objects[key].splitlines(keepends=True)
    # Cut in the middle of a line, and once at its end, where only the count tells that something is missing.
    cut = len(lines[kept]) // 2 if kept < 3 else 0
    results.objects[key] = b"".join(lines[:kept]) + lines[kept][:cut]
    reduce_run(run, drop, results, tmp_path)
    answered = max(kept - 1, 0)
    assert predictions(results, run) == [
        *(f"{n} volt" for n in range(answered)),
        *[""] * (3 - answered),
        "3 volt",
    ]
    report = json.loads(results.read(f"results/test/{run}/report.json"))
    assert report["shards"]["broken"] == 1
    assert report["errors_by_code"] == {"shard_lost": 3 - answered}


def test_a_result_that_is_too_large_to_be_one_is_foreign(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tapeline.batch.reducer._LARGEST_RESULT_BYTES", 1000)
    drop, results, _, outcome = start(table(["a"]))
    put_result(results, outcome.run, "00000", PictureResult((RowAnswer(0, "1 volt"),)))
    put_result(results, outcome.run, "00001", *[PictureResult((RowAnswer(0, "2 volt"),))] * 100)
    reduce_run(outcome.run, drop, results, tmp_path)
    assert predictions(results, outcome.run) == ["1 volt"]


@pytest.mark.parametrize("position", [-1, 2, 2**63])
def test_positions_that_the_input_lacks_cost_no_other_row(position: int, tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a", "b"]))
    foreign, own = RowAnswer(position, "9 volt"), RowAnswer(0, "1 volt")
    put_result(results, outcome.run, "00000", PictureResult((foreign, own)), PictureResult((RowAnswer(1),)))
    assert reduce_run(outcome.run, drop, results, tmp_path).errors == 0
    assert predictions(results, outcome.run) == ["1 volt", ""]


def test_a_result_of_another_run_is_foreign(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a", "b"]))
    for shard, run in (("00000", "another-run"), ("00001", outcome.run)):
        picture = PictureResult((RowAnswer(int(shard), f"{run} volt"),))
        body = dump_shard_result(stats(shard, run=run), [picture])
        results.objects[keys.shard_result_key(outcome.run, shard)] = body
    reduce_run(outcome.run, drop, results, tmp_path)
    assert predictions(results, outcome.run) == ["", f"{outcome.run} volt"]
    report = json.loads(results.read(f"results/test/{outcome.run}/report.json"))
    assert report["shards"] == {"planned": 1, "answered": 1, "broken": 1}


def test_a_result_that_is_deleted_while_it_is_read_is_a_missing_one(tmp_path: Path) -> None:
    class ForgetfulStore(MemoryStore):
        def keys(self, prefix: str) -> Iterator[str]:
            yield f"{prefix}00000.jsonl"
            yield from super().keys(prefix)

    drop, results, _, outcome = start(table(["a", "b"]))
    forgetful = ForgetfulStore()
    forgetful.objects = results.objects
    put_result(forgetful, outcome.run, "00001", PictureResult((RowAnswer(1, "2 volt"),)))
    reduce_run(outcome.run, drop, forgetful, tmp_path)
    assert predictions(forgetful, outcome.run) == ["", "2 volt"]


def test_the_parts_of_a_shard_are_its_result_together(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a", "b", "c"]))
    run = outcome.run
    for name, numbers in (("00000.0000", (0, 1)), ("00000.0001", (1,)), ("00000", (2,))):
        pictures = [PictureResult((RowAnswer(number, f"{name} volt"),)) for number in numbers]
        body = dump_shard_result(stats("00000", pictures=len(pictures), cold_start=True), pictures)
        results.objects[f"{keys.shard_results_prefix(run)}{name}.jsonl"] = body
    reduce_run(run, drop, results, tmp_path)
    assert predictions(results, run) == ["00000.0000 volt", "00000.0000 volt", "00000 volt"]
    report = json.loads(results.read(f"results/test/{run}/report.json"))
    assert report["shards"] == {"planned": 1, "answered": 1, "broken": 0}
    assert (report["pictures_read"], report["cold_starts"], report["worker_seconds"]) == (3, 1, 3.0)


@pytest.mark.parametrize("broken", [False, True])
def test_parts_are_read_only_where_the_last_object_lacks_something(broken: bool, tmp_path: Path) -> None:
    class CountingStore(MemoryStore):
        opened: set[str] = set()  # noqa: RUF012

        def read(self, key: str) -> bytes:
            self.opened.add(key)
            return super().read(key)

    drop, results, _, outcome = start(table(["a", "b"]))
    run, store = outcome.run, CountingStore()
    store.objects = results.objects
    part, last = (f"{keys.shard_results_prefix(run)}00000{suffix}.jsonl" for suffix in (".0001", ""))
    pictures = [PictureResult((RowAnswer(number, f"{number} volt"),)) for number in range(2)]
    store.objects[part] = dump_shard_result(stats("00000"), pictures[:1])
    store.objects[last] = dump_shard_result(stats("00000", pictures=2, whole=True), pictures)
    if broken:
        store.objects[last] = store.objects[last][:-60]
    store.opened.clear()
    reduce_run(run, drop, store, tmp_path)
    assert (part in store.opened) == broken
    assert predictions(store, run) == ["0 volt", "" if broken else "1 volt"]
