import json
from pathlib import Path

import pytest

from tapeline.batch import keys
from tapeline.batch.fan_out import fan_out
from tapeline.batch.keys import InputObject
from tapeline.batch.reducer import reduce_run
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.batch.states import ReducerOutput
from tapeline.errors import CorruptObjectError, ErrorCode, ObjectMissingError
from tests.unit.batch.helpers import SHARDING, SOURCE, output, put_result, start, table
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
        "index,prediction,confidence,stated,text,box,runners_up,labels,milliseconds,error_code\n"
        '5,80 centimetre,0.9,0.95,"Größe, 80 cm","[[0.0, 0.0], [100.0, 0.0], [100.0, 20.5], [0.0, 20.5]]",'
        '"[[""31.5 inch"", 0.0604, ""31.5\\"" é""]]","[[""tür"", 0.5]]",402,\n'
        '6,,,0.1234,,,"[[""3 inch"", 0.1, ""3 in""]]","[[""tür"", 0.5]]",402,\n'
        "7,,,,,,,,0,unknown_entity\n"
        "8,,,,,,,,,shard_lost\n"
        "9,,,,,,,,0,bad_row\n"
    )
    assert found["errors.csv"] == (
        "index,image_link,entity_name,note,error_code,error\n"
        "7,b,colour,n,unknown_entity,\"expected an entity, received 'colour'\"\n"
        '8,c,width,"q ""q""",shard_lost,"expected a result for this row\'s shard, received none after all '
        'attempts: drop errors.csv in again"\n'
        "9,d,width,,bad_row,expected 4 cells\n"
    )
    report = json.loads(found["report.json"])
    assert report["errors_by_code"] == {"bad_row": 1, "shard_lost": 1, "unknown_entity": 1}
    assert (report["pictures_read"], report["shards"]) == (3, {"planned": 1, "answered": 2})
    assert results.written[-4:] == [
        f"results/test/{run}/{name}" for name in ("details.csv", "errors.csv", "report.json", "test_out.csv")
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
    assert list(row) == ["image_link", "entity_name", "error_code", "error"]
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


def test_a_run_that_is_gone_and_a_broken_result_are_errors(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(["a"]))
    with pytest.raises(ObjectMissingError):
        reduce_run("other", drop, results, tmp_path)
    results.objects[keys.shard_result_key(outcome.run, "00000")] = b"{}"
    with pytest.raises(CorruptObjectError, match="expected a shard result that begins with its stats"):
        reduce_run(outcome.run, drop, results, tmp_path)
    assert not list(tmp_path.iterdir())
    assert not results.exists(keys.predictions_key(SOURCE))
