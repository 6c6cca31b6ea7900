"""FanOut, Inference, Missing and Reducer in a row, on in-memory ports: no row gets lost."""

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapeline.batch import keys
from tapeline.batch.inference import Worker, infer_shard
from tapeline.batch.missing import find_missing
from tapeline.batch.reducer import reduce_run
from tapeline.batch.shards import load_shard
from tapeline.batch.states import MissingInput, ShardOutput
from tests.unit.batch.helpers import UNHURRIED, components, output, shards, start, table


def test_what_a_worker_has_no_time_for_is_answered_in_the_next_attempt(tmp_path: Path) -> None:
    drop, results, _, outcome = start(table(list("abcd")))
    run = outcome.run
    times = iter([100.0, 100.0, 1.0])
    hurried = Worker(lambda: next(times), 45, 3008, cold_start=True)
    done = infer_shard(run, "00000", results, components(), hurried)
    assert done == ShardOutput(shard="00000", rows=2, errors=0, left=2)
    assert results.written[-2:] == [keys.shard_key(run, "00000-2"), keys.shard_result_key(run, "00000")]
    following = find_missing(MissingInput(run=run, attempt=1), results, attempts=2)
    assert following.shards == 1
    assert shards(results, run, 2) == ["00000-2"]
    infer_shard(run, "00000-2", results, components(), UNHURRIED)
    assert find_missing(MissingInput(run=run, attempt=2), results, attempts=2).shards == 0
    assert reduce_run(run, drop, results, tmp_path).errors == 0
    assert [row["prediction"] for row in output(results, run, "test_out.csv")] == ["12.5 kilogram"] * 4


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(st.lists(st.sampled_from("abcdefghijkl"), max_size=30), st.data())
def test_every_row_is_there_once_in_order_whatever_is_lost(links: list[str], data: st.DataObject) -> None:
    drop, results, _, outcome = start(table(links))
    run = outcome.run
    lost = set()
    for shard in shards(results, run):
        tasks = load_shard(results.read(keys.shard_key(run, shard)))
        if data.draw(st.booleans(), label=f"lose {shard}"):
            lost |= {task.image_link for task in tasks}
        else:
            infer_shard(run, shard, results, components(), UNHURRIED)
            if data.draw(st.booleans(), label=f"answer {shard} twice"):
                result = results.read(keys.shard_result_key(run, shard))
                results.objects[keys.shard_result_key(run, f"{shard}-0")] = result
    with tempfile.TemporaryDirectory() as folder:
        reduced = reduce_run(run, drop, results, Path(folder))
        assert not list(Path(folder).iterdir())
    rows = output(results, run, "test_out.csv")
    assert [row["index"] for row in rows] == [str(number * 10) for number in range(len(links))]
    assert [row["prediction"] == "" for row in rows] == [link in lost for link in links]
    errors = output(results, run, "errors.csv")
    assert [row["image_link"] for row in errors] == [link for link in links if link in lost]
    assert {row["error_code"] for row in errors} <= {"shard_lost"}
    assert (reduced.rows, reduced.errors) == (len(links), len(errors))
    assert results.written[-1] == reduced.output == f"results/test/{run}/test_out.csv"
    report = json.loads(results.read(f"results/test/{run}/report.json"))
    assert report["rows"] == report["answered"] + report["empty"] + report["errors"] == len(links)
