"""The whole flow on the local cloud: bad rows, repeated announcements, killed workers, rejected files."""

import csv
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from infra.local.job import Job, answer_csv
from infra.local.progress import Progress
from tapeline.batch.report_document import ReportDocument
from tapeline.errors import RejectedInputError, RunFailedError
from tests.integration.conftest import Batch
from tests.integration.http_server import Reply, endlessly, redirect
from tests.integration.pictures import drawn, huge_png


@dataclass(frozen=True)
class Outputs:
    """A run's outputs."""

    predictions: list[dict[str, str]]
    errors: dict[str, dict[str, str]]
    report: ReportDocument
    folder: Path


def answer(batch: Batch, folder: Path, name: str, body: bytes) -> Outputs:
    source = folder / f"{name}.csv"
    source.write_bytes(body)
    out = folder / "out"
    result = answer_csv(Job(source, out), batch.stack, Progress(bar=False))
    with (out / f"{name}_out.csv").open(newline="") as file:
        predictions = list(csv.DictReader(file))
    with (out / "errors.csv").open(newline="") as file:
        errors = {row.get("index", row["image_link"]): row for row in csv.DictReader(file)}
    return Outputs(predictions, errors, result.report, out)


def executions(batch: Batch) -> list[str]:
    machine = batch.stack.outputs["StateMachineArn"]
    found = batch.stack.cloud.step_functions.list_executions(stateMachineArn=machine, maxResults=1000)
    return [item["name"] for item in found["executions"]]


def test_each_bad_row_gets_its_own_error_and_the_others_their_answers(batch: Batch, tmp_path: Path) -> None:
    server, refused = batch.allowed, batch.refused
    refused.put("/inside.png", Reply(drawn("12 kg")))
    good = server.put("/good,a.png", Reply(drawn("Net weight 12.5 kg")))
    links = {
        "good": (good, "item_weight", None),
        "no-answer": (good, "voltage", None),
        "unknown": (good, "colour", "unknown_entity"),
        "empty": ("", "width", "bad_link"),
        "port": ("http://127.0.0.1:9001/", "width", "bad_link"),
        "loopback": (refused.url("/inside.png"), "width", "blocked_address"),
        "metadata": ("http://169.254.169.254/", "width", "blocked_address"),
        "decimal": (f"http://2130706433:{refused.address[1]}/inside.png", "width", "blocked_address"),
        "file": ("file:///etc/passwd", "width", "bad_link"),
        "redirect": (server.put("/r", redirect(refused.url("/inside.png"))), "width", "blocked_address"),
        "missing": (server.url("/nothing.png"), "width", "http_status"),
        "page": (server.put("/page", Reply(b"<!doctype html><p>hello")), "width", "not_an_image"),
        "truncated": (
            server.put("/t.jpg", Reply(drawn("12 kg", kind="JPEG")[:2000])),
            "width",
            "decode_failure",
        ),
        "huge": (server.put("/h.png", Reply(huge_png(50_000, 50_000))), "width", "too_many_pixels"),
        "endless": (server.put("/e", Reply(pieces=endlessly(bytes(1 << 20)))), "width", "too_large"),
        "bucket": ("s3://somebody-elses/picture.png", "width", "blocked_address"),
        "last": (good, "item_weight", None),
    }
    lines = ["index,image_link,group_id,entity_name,note"]
    lines += [f'{index},"{link}",1,{entity},"a, b"' for index, (link, entity, _) in links.items()]
    lines.insert(5, "short,line")
    body = b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n"

    outputs = answer(batch, tmp_path, "bad rows", body)

    expected = list(links)
    expected.insert(4, "short")
    assert [row["index"] for row in outputs.predictions] == expected
    codes = {index: row["error_code"] for index, row in outputs.errors.items()}
    wanted = {index: code for index, (_, _, code) in links.items() if code is not None}
    assert codes == {**wanted, "short": "bad_row"}
    assert all(row["error"] for row in outputs.errors.values())
    assert outputs.errors["file"]["note"] == "a, b"
    predictions = {row["index"]: row["prediction"] for row in outputs.predictions}
    assert predictions["good"] == predictions["last"] == "12.5 kilogram"
    assert {predictions[index] for index in codes} == {""}
    assert predictions["no-answer"] == ""
    assert server.count("/good,a.png") == 1
    assert refused.total == refused.connections == 0
    assert outputs.report.errors_by_code == pd.Series(codes).value_counts().to_dict()
    # errors.csv can be dropped in again as it is.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = answer(batch, elsewhere, "again", (outputs.folder / "errors.csv").read_bytes())
    assert [row["index"] for row in again.predictions] == list(outputs.errors)
    retried = {index: row["error_code"] for index, row in again.errors.items()}
    assert {**retried, "short": "bad_row"} == codes


def test_pandas_reads_the_outputs_back(batch: Batch, tmp_path: Path) -> None:
    good = batch.allowed.put("/p.png", Reply(drawn("230 V 60 W")))
    body = f"image_link,entity_name\n{good},voltage\n\n{good},wattage\n{good},depth\n".encode()
    outputs = answer(batch, tmp_path, "plain", body)
    table = pd.read_csv(outputs.folder / "plain_out.csv", keep_default_na=False)
    assert table.to_dict("list") == {"index": [0, 1, 2], "prediction": ["230 volt", "60 watt", ""]}
    details = pd.read_csv(outputs.folder / "details.csv", keep_default_na=False)
    assert len(json.loads(details["box"][0])) == 4
    assert outputs.report.resnet50 == "absent"


def test_the_same_version_announced_twice_runs_once(batch: Batch, tmp_path: Path) -> None:
    good = batch.allowed.put("/twice.png", Reply(drawn("5 kg")))
    outputs = answer(batch, tmp_path, "twice", f"image_link,entity_name\n{good},item_weight\n".encode())
    before = executions(batch)
    source = outputs.report.input
    event = json.loads(Path("events/fan_out.json").read_text())
    event["Records"][0]["s3"]["bucket"]["name"] = source.bucket
    event["Records"][0]["s3"]["object"].update(key=source.key, versionId=source.version)
    name = batch.stack.resource("FanOutFunction")
    answered = batch.stack.cloud.lambda_.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    assert json.loads(answered["Payload"].read()) == {"runs": [outputs.report.run]}
    assert executions(batch) == before
    assert batch.allowed.count("/twice.png") == 1


def test_a_killed_worker_loses_no_row(batch: Batch, tmp_path: Path) -> None:
    server = batch.allowed
    picture = drawn("7 kg")
    killed = threading.Event()

    def pieces() -> Iterator[bytes]:
        # Until a worker is killed, both are in the middle of their shards.
        for index in range(len(picture)):
            if killed.is_set():
                yield picture[index:]
                return
            yield picture[index : index + 1]

    paths = [f"/k{number}.png" for number in range(4)]
    links = [server.put(path, Reply(pieces=pieces, pause=0.05)) for path in paths]
    body = "image_link,entity_name\n" + "".join(f"{link},item_weight\n" for link in links)
    source = tmp_path / "killed.csv"
    source.write_text(body)

    def kill_a_worker() -> None:
        deadline = time.monotonic() + 60
        while not all(server.count(path) for path in paths):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(inference_workers(batch)[0], signal.SIGKILL)
        killed.set()

    for pid in inference_workers(batch):
        os.kill(pid, signal.SIGKILL)  # So that all that are there later are at work.
    killer = threading.Thread(target=kill_a_worker)
    killer.start()
    outputs = answer(batch, tmp_path, "killed", source.read_bytes())
    killer.join()
    assert [row["prediction"] for row in outputs.predictions] == ["7 kilogram"] * 4
    assert not outputs.errors
    # The killed worker's pictures were asked for again.
    assert sum(server.count(path) for path in paths) > len(paths)


def inference_workers(batch: Batch) -> list[int]:
    """Process ids of the Inference workers of the batch's stack, in its local cloud alone."""
    own = f"{batch.stack.cloud.folder}/ministack-lambda-batch-InferenceFunction"
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if own in (process / "cmdline").read_text():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_a_failed_run_tells_error_cause_and_the_clouds_last_log_lines(batch: Batch, tmp_path: Path) -> None:
    stack, picture = batch.stack, drawn("5 kg")
    key = "incoming/failing.csv"

    def pieces() -> Iterator[bytes]:
        # Reducer reads the input again, and fails where it is gone.
        found = stack.cloud.s3.list_object_versions(Bucket=stack.drop_bucket, Prefix=key)["Versions"]
        for item in found:
            stack.cloud.s3.delete_object(Bucket=stack.drop_bucket, Key=key, VersionId=item["VersionId"])
        yield picture

    link = batch.allowed.put("/failing.png", Reply(pieces=pieces))
    with pytest.raises(RunFailedError) as caught:
        answer(batch, tmp_path, "failing", f"image_link,entity_name\n{link},item_weight\n".encode())
    reason, *log = str(caught.value).splitlines()
    assert re.match(r"expected the run to succeed, it is FAILED: [\w.]+: ", reason)
    assert f"expected an object at s3://{stack.drop_bucket}/{key}" in reason
    assert len(log) == 20
    assert set(log) <= set(stack.cloud.log.read_text().splitlines())


@pytest.mark.parametrize(
    ("body", "received"),
    [
        (b"a,b\n1,2\n", "the columns 'a, b'"),
        (b"", "an empty file"),
        (b"image_link,entity_name\n\xff\xfe,width\n", "the byte 0xff"),
        (b'image_link,entity_name\n"http://example.com/a.png,width\n', "a record that can't be read"),
    ],
)
def test_an_unusable_file_is_rejected_without_an_execution(
    batch: Batch, tmp_path: Path, body: bytes, received: str
) -> None:
    before = executions(batch)
    with pytest.raises(RejectedInputError, match="expected") as caught:
        answer(batch, tmp_path, "rejected", body)
    assert caught.value.received.startswith(received)
    assert executions(batch) == before


def test_a_file_with_a_header_only_gives_outputs_with_a_header_only(batch: Batch, tmp_path: Path) -> None:
    outputs = answer(batch, tmp_path, "none", b"index,image_link,group_id,entity_name\n")
    assert outputs.predictions == []
    assert outputs.report.rows == 0
