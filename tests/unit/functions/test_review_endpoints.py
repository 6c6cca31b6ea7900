"""The endpoints of a run's review: rows, pictures, decisions with conditional saves, outputs anew."""

import json
from pathlib import Path
from typing import Any

import pytest

from tapeline.batch import keys
from tapeline.batch.corrections import load_corrections
from tapeline.batch.documents import JSON_TYPE
from tapeline.batch.reducer import reduce_run
from tapeline.batch.shard_results import PictureResult, RowAnswer
from tapeline.batch.thumbnails import Thumbnail
from tapeline.errors import ErrorCode, RowError
from tests.unit.batch.helpers import put_result, start, table
from tests.unit.fakes import Executions, Fetcher, MemoryStore
from tests.unit.functions.api import Api, ApiResponse, components_of

BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 5.0), (0.0, 5.0))


class Reviewed:
    """A finished run with three unsure rows and a sure one, behind the API."""

    def __init__(self, folder: Path, api: dict[str, Any] | None = None) -> None:
        drop, self.store, _, outcome = start(table(["a", "b", "c", "d"]))
        self.run = outcome.run
        answers = [
            RowAnswer(0, "1 pound", 0.5, 0.9, "1 lb", BOX, (("2 pound", 0.3, "2 lb"),), (BOX,)),
            RowAnswer(1, "3 pound", 0.2, 0.9),
            RowAnswer(2, stated=0.7),
            RowAnswer(3, "4 pound", 0.99, 0.99),
        ]
        put_result(self.store, self.run, "00000", PictureResult(tuple(answers)))
        reduce_run(self.run, drop, self.store, folder, threshold=0.9)
        self.executions = Executions()
        self.api = Api(store=self.store, executions=self.executions, **(api or {}))

    def get(self, path: str, **query: str) -> ApiResponse:
        return self.api.call(
            "GET", f"/runs/{self.run}/{path}", query={name: [value] for name, value in query.items()}
        )

    def decide(self, tag: str, **answers: str | None) -> ApiResponse:
        decisions = [{"row": int(row[1:]), "answer": answer} for row, answer in answers.items()]
        return self.patch({"tag": tag, "decisions": decisions})

    def patch(self, document: object) -> ApiResponse:
        body = json.dumps(document).encode()
        return self.api.call("PATCH", f"/runs/{self.run}/corrections", body, "application/json")

    def decisions(self) -> dict[int, tuple[str, str]]:
        found = self.get("corrections").document["decisions"]
        return {each["row"]: (each["answer"], each["decision"]) for each in found}


@pytest.fixture
def reviewed(tmp_path: Path) -> Reviewed:
    return Reviewed(tmp_path)


def test_unsure_rows_come_in_parts_with_the_least_sure_first(reviewed: Reviewed) -> None:
    found = reviewed.get("rows").document
    assert (found["total"], [row["row"] for row in found["rows"]]) == (3, [1, 2, 0])
    assert found["rows"][2] == {
        "row": 0,
        "index": "0",
        "image_link": "a",
        "entity_name": "item_weight",
        "prediction": "1 pound",
        "confidence": 0.5,
        "stated": 0.9,
        "text": "1 lb",
        "box": [list(point) for point in BOX],
        "runners_up": [
            {"prediction": "2 pound", "confidence": 0.3, "text": "2 lb", "box": [list(p) for p in BOX]}
        ],
    }
    part = reviewed.get("rows", offset="1", limit="1").document
    assert (part["offset"], [row["row"] for row in part["rows"]]) == (1, [2])
    assert reviewed.get("rows", limit="501").problem == (422, "invalid-request")
    assert reviewed.api.loaded == 0


def test_a_rows_picture_is_decoded_and_not_read(reviewed: Reviewed) -> None:
    found = reviewed.get("rows/0/picture").document
    assert (found["width"], found["height"], found["problem"]) == (200, 100, None)
    assert found["preview"].startswith("data:image/jpeg;base64,")
    assert reviewed.get("rows/3/picture").problem == (404, "unknown-run")
    assert reviewed.get("rows/x/picture").problem == (422, "invalid-request")


def test_a_picture_that_is_gone_shows_the_crop_that_was_kept(tmp_path: Path) -> None:
    def fail(link: str) -> None:
        raise RowError(ErrorCode.HTTP_STATUS, "expected a picture, received 404")

    reviewed = Reviewed(tmp_path, {"components": components_of(Fetcher(fail))})
    found = reviewed.get("rows/1/picture").document
    assert (found["preview"], found["thumbnail"]) == (None, None)
    assert found["problem"] == "expected a picture, received 404"
    body = Thumbnail((0, 1, 2, 3), "QUJD").dump()
    reviewed.store.write(keys.thumbnail_key(reviewed.run, 1), body, content_type=JSON_TYPE)
    found = reviewed.get("rows/1/picture").document
    assert found["thumbnail"] == {"bounds": [0, 1, 2, 3], "image": "data:image/webp;base64,QUJD"}


def test_decisions_are_saved_changed_and_taken_back(reviewed: Reviewed) -> None:
    assert reviewed.get("corrections").document == {"tag": "", "decisions": []}
    saved = reviewed.decide("", r0="2,5 lb", r1="right", r2="none")
    assert saved.status == 200
    expected = {0: ("2.5 pound", "corrected"), 1: ("3 pound", "confirmed"), 2: ("", "confirmed")}
    assert reviewed.decisions() == expected
    assert saved.document == reviewed.get("corrections").document
    again = reviewed.decide(saved.document["tag"], r0=None, r1="none")
    assert again.status == 200
    assert reviewed.decisions() == {1: ("", "corrected"), 2: ("", "confirmed")}
    stored = next(body for key, body in reviewed.store.objects.items() if key.endswith("corrections.csv"))
    assert load_corrections(stored)[1].prediction == "3 pound"


def test_a_save_on_top_of_somebody_elses_is_told_and_changes_nothing(reviewed: Reviewed) -> None:
    first = reviewed.decide("", r0="right").document["tag"]
    assert reviewed.decide("", r1="right").problem == (409, "conflict")
    assert reviewed.decisions() == {0: ("1 pound", "confirmed")}
    assert reviewed.decide(first, r1="right").status == 200


def test_a_save_at_the_same_time_is_told_too(reviewed: Reviewed) -> None:
    class Race(MemoryStore):
        def write_tagged(self, key: str, body: bytes, tag: str, *, content_type: str) -> str | None:
            return None

    store = Race()
    store.objects = reviewed.store.objects
    reviewed.api = Api(store=store)
    assert reviewed.decide("", r0="right").problem == (409, "conflict")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"tag": "", "decisions": [{"row": 0, "answer": "5 cm"}]}, (422, "invalid-answer")),
        (
            {"tag": "", "decisions": [{"row": 1, "answer": "right"}, {"row": 0, "answer": "5"}]},
            (422, "invalid-answer"),
        ),
        ({"tag": "", "decisions": [{"row": 3, "answer": "right"}]}, (404, "unknown-run")),
        ({"tag": "", "decisions": []}, (422, "invalid-request")),
        ({"tag": "", "decisions": [{"row": "0", "answer": "right"}]}, (422, "invalid-request")),
        ({"decisions": [{"row": 0, "answer": "right"}]}, (422, "invalid-request")),
        ({"tag": "", "decisions": [{"row": 0, "answer": "x" * 201}]}, (422, "invalid-request")),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_told_and_nothing_is_saved(
    document: object, problem: tuple[int, str], reviewed: Reviewed
) -> None:
    assert reviewed.patch(document).problem == problem
    assert reviewed.decisions() == {}


def test_decisions_in_another_media_type_are_refused(reviewed: Reviewed) -> None:
    response = reviewed.api.call("PATCH", f"/runs/{reviewed.run}/corrections", b"{}", "text/plain")
    assert response.status == 415
    assert response.document["type"] == "urn:tapeline:problem:unsupported-media-type"


def test_outputs_are_made_anew_on_demand(reviewed: Reviewed) -> None:
    found = reviewed.api.call("POST", f"/runs/{reviewed.run}/outputs").document
    assert list(reviewed.executions.payloads) == [found["execution"]]
    assert json.loads(reviewed.executions.payloads[found["execution"]])["run"] == reviewed.run


@pytest.mark.parametrize("path", ["rows", "rows/0/picture", "corrections"])
def test_an_unknown_run_is_not_found(path: str) -> None:
    assert Api().call("GET", f"/runs/other-1/{path}").problem == (404, "unknown-run")
    assert Api().call("POST", "/runs/other-1/outputs").problem == (404, "unknown-run")


def test_the_page_is_the_same_for_any_run() -> None:
    page = Api().call("GET", "/runs/any-1/review")
    assert page.kind == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
