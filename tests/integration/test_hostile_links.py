"""Links that lead where they shouldn't, and servers with odd replies, through batch and API."""

import csv
import json
from pathlib import Path

import pytest

from infra.local.deployment import Stack
from infra.local.job import Job, answer_csv
from infra.local.progress import Progress
from tests.integration.conftest import Api, Batch
from tests.integration.http_server import Reply
from tests.integration.odd_replies import ODD_REPLIES
from tests.integration.pictures import drawn


def expected_codes(code: str | None) -> set[str]:
    """The codes of a row whose link has an odd reply, which is no picture even where it is a body."""
    # Headers of 6 MB are too much for the fetcher's own tests, but not for the deployed limits.
    return {code or "not_an_image", "not_an_image"} if code == "too_large" else {code or "not_an_image"}


def upload(stack: Stack, key: str, body: bytes) -> str:
    stack.cloud.s3.put_object(Bucket=stack.drop_bucket, Key=key, Body=body)
    return f"s3://{stack.drop_bucket}/{key}"


def errors_of(batch: Batch, folder: Path, name: str, links: list[str]) -> list[dict[str, str]]:
    """Ask one entity of each link; return the rows of details.csv, with the messages of errors.csv."""
    source = folder / f"{name}.csv"
    with source.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("index", "image_link", "entity_name"))
        writer.writerows((number, link, "item_weight") for number, link in enumerate(links))
    result = answer_csv(Job(source, folder / "out"), batch.stack, Progress(bar=False))
    with result.files[1].open(newline="") as details, result.errors.open(newline="") as errors:
        messages = {row["index"]: row["error"] for row in csv.DictReader(errors)}
        return [{**row, "error": messages.get(row["index"], "")} for row in csv.DictReader(details)]


def test_odd_replies_cost_their_rows_alone_and_are_never_internal(batch: Batch, tmp_path: Path) -> None:
    server = batch.allowed
    links = [
        server.put(f"/odd/{number}", Reply(pieces=lambda reply=reply: [reply], raw=True))  # type: ignore[misc]
        for number, (_, reply) in enumerate(ODD_REPLIES.values())
    ]
    good = server.put("/odd/good.png", Reply(drawn("12 kg")))
    rows = errors_of(batch, tmp_path, "odd replies", [*links, good])
    for row, (name, (code, _)) in zip(rows[:-1], ODD_REPLIES.items(), strict=True):
        assert row["error_code"] in expected_codes(code), name
    assert rows[-1]["prediction"] == "12 kilogram"
    assert all(row["error"].isprintable() and len(row["error"]) <= 1000 for row in rows)
    assert batch.refused.connections == 0


def test_odd_replies_are_problems_of_the_picture_and_no_server_errors(api: Api) -> None:
    for name, (code, reply) in ODD_REPLIES.items():
        link = api.allowed.put("/odd", Reply(pieces=lambda reply=reply: [reply], raw=True))  # type: ignore[misc]
        answered = api.post({"image_link": link, "entity_name": "width"})
        kinds = {f"urn:tapeline:problem:{kind.replace('_', '-')}" for kind in expected_codes(code)}
        assert answered.json()["type"] in kinds, name
        assert answered.status_code in {422, 502, 504}, name
        assert answered.json()["detail"].isprintable(), name
    assert api.refused.connections == 0


def elsewhere(stack: Stack) -> list[tuple[str, str]]:
    """Links to objects that are there and mustn't be reached, each with one to an object that isn't there."""
    csv_link = upload(stack, "customers/incoming.csv", b"a,b\n")
    picture = upload(stack, "other/inside.png", drawn("12 kg"))
    stack.results.write("runs/some-run/run.json", b"{}", content_type="application/json")
    results = f"s3://{stack.outputs['ResultsBucketName']}"
    drop = f"s3://{stack.drop_bucket}"
    return [
        (csv_link, f"{drop}/customers/absent.csv"),
        (picture, f"{drop}/other/absent.png"),
        (f"{drop}/images/../other/inside.png", f"{drop}/images/../other/absent.png"),
        (f"{results}/runs/some-run/run.json", f"{results}/runs/other-run/run.json"),
        ("s3://packages/api/TapelineLayer.zip", "s3://nowhere-at-all/key"),
    ]


def test_a_caller_cannot_learn_which_keys_exist_outside_the_prefix(api: Api) -> None:
    stack = api.service.stack
    there = upload(stack, "images/hostile/there.png", drawn("12 kg"))
    good = api.post({"image_link": there, "entity_name": "item_weight"})
    assert good.json()["answers"]["item_weight"]["prediction"] == "12 kilogram"
    missing = api.post({"image_link": there.replace("there", "absent"), "entity_name": "item_weight"})
    assert "404" in missing.json()["detail"]
    for present, absent in elsewhere(stack):
        bodies = []
        for link in (present, absent):
            answered = api.post({"image_link": link, "entity_name": "item_weight"})
            assert answered.status_code == 422
            text = json.dumps({**answered.json(), "request_id": ""})
            assert "blocked-address" in text
            bodies.append(text.replace(link, "LINK"))
        assert bodies[0] == bodies[1]
        # Nor what the buckets, whose names have the account's number, are called.
        assert stack.drop_bucket not in bodies[0]


def test_rows_reach_pictures_under_the_prefix_and_nothing_else(batch: Batch, tmp_path: Path) -> None:
    there = upload(batch.stack, "images/hostile/there.png", drawn("12 kg"))
    links = [link for pair in elsewhere(batch.stack) for link in pair]
    rows = errors_of(batch, tmp_path, "elsewhere", [there, *links])
    assert rows[0]["prediction"] == "12 kilogram"
    assert {row["error_code"] for row in rows[1:]} == {"blocked_address"}


@pytest.mark.parametrize("scheme", ["s3", "S3"])
def test_a_redirect_does_not_reach_s3(api: Api, scheme: str) -> None:
    target = upload(api.service.stack, "images/hostile/there.png", drawn("12 kg"))
    reply = Reply(status=302, headers={"Location": scheme + target.removeprefix("s3")})
    answered = api.post({"image_link": api.allowed.put("/to-s3", reply), "entity_name": "item_weight"})
    assert answered.json()["type"] == "urn:tapeline:problem:blocked-address"
