"""POST /predict: requests that are answered, and how a picture's errors are."""

import base64
import threading
from collections.abc import Iterator

import pytest

from predict.models import EntityAnswer
from predict.problems import STATUS_BY_CODE
from predict.requests import PICTURE_TYPES
from tapeline import __version__
from tapeline.adapters.reading_process import ReadingProcess
from tapeline.answering import Components
from tapeline.answers import Answer
from tapeline.errors import ErrorCode, RowError
from tests.unit.fakes import Classifier, Fetcher, Reader
from tests.unit.functions.api import LINK, Api, components_of
from tests.unit.poison import KILLS


def test_a_link_is_answered_with_all_that_is_known() -> None:
    api = Api()
    answered = api.post({"image_link": LINK, "entity_names": ["item_weight", "width"], "group_id": 7})
    assert answered.status == 200
    assert answered.kind == "application/json"
    weight = answered.document["answers"]["item_weight"]
    assert (weight["prediction"], weight["value"], weight["unit"]) == ("12.5 kilogram", 12.5, "kilogram")
    assert weight["evidence"] == {"text": "12.5 kg", "box": [[0, 0], [100, 0], [100, 20], [0, 20]]}
    width = answered.document["answers"]["width"]
    assert (width["prediction"], width["value"], width["unit"], width["evidence"]) == (None,) * 4
    assert 0 < weight["confidence"] <= weight["stated"] <= 1
    assert width["confidence"] == 0
    assert 0 <= width["stated"] <= 1
    assert answered.document["picture"] == {"width": 200, "height": 100, "preview": None}
    assert answered.document["labels"] == [{"name": f"shade {len(LINK)}", "score": 0.5}]
    assert set(answered.document["milliseconds"]) == {"fetch", "decode", "classify", "read", "answer", "all"}
    assert answered.document["versions"] == {"code": __version__, "models": Classifier.model_hashes}
    assert answered.document["group_id"] == 7
    assert answered.document["request_id"] == "request-1"
    assert api.fetcher.links == [LINK]


def test_an_empty_answer_has_how_probably_it_is_stated() -> None:
    answer = EntityAnswer.of(Answer(None, 0.0, 0.123456, "", None))
    assert (answer.prediction, answer.confidence, answer.stated) == (None, 0, 0.1235)


def test_runners_up_come_with_their_evidence() -> None:
    components = components_of(Fetcher(), reader=Reader("12.5 kg / 3 kg"))
    answered = Api(components).post({"image_link": LINK, "entity_name": "item_weight"})
    weight = answered.document["answers"]["item_weight"]
    (runner_up,) = weight["runners_up"]
    assert {weight["prediction"], runner_up["prediction"]} == {"12.5 kilogram", "3 kilogram"}
    assert f"{runner_up['value']:g} {runner_up['unit']}" == runner_up["prediction"]
    assert runner_up["evidence"]["text"] == "12.5 kg / 3 kg"
    assert len(runner_up["evidence"]["box"]) == 4


@pytest.mark.parametrize("kind", PICTURE_TYPES)
def test_a_picture_as_the_body_is_not_fetched(kind: str) -> None:
    api = Api()
    query = {"entity_name": ["item_weight", "voltage"], "group_id": ["7"]}
    answered = api.call("POST", "/predict", b"\xff\x00picture", kind, query)
    assert answered.status == 200
    assert list(answered.document["answers"]) == ["item_weight", "voltage"]
    assert answered.document["labels"][0]["name"] == f"shade {len(b'  picture')}"
    assert answered.document["group_id"] == "7"
    assert api.fetcher.links == []


def test_a_picture_in_base64_is_the_same_as_one_in_the_body() -> None:
    body = b"\xff\x00picture"
    posted = Api().call("POST", "/predict", body, "image/png", {"entity_name": ["item_weight"]})
    encoded = Api().post({"image_base64": base64.b64encode(body).decode(), "entity_name": "item_weight"})
    assert posted.document["answers"] == encoded.document["answers"]
    assert posted.document["labels"] == encoded.document["labels"]


def test_a_preview_comes_back_where_it_is_asked_for() -> None:
    answered = Api().post({"image_link": LINK, "entity_name": "width", "preview": True})
    url = answered.document["picture"]["preview"]
    assert base64.b64decode(url.removeprefix("data:image/jpeg;base64,")) == b"20 x 10"


def test_models_are_loaded_once() -> None:
    api = Api()
    for _ in range(3):
        api.post({"image_link": LINK, "entity_name": "width"})
    assert api.loaded == 1


@pytest.mark.parametrize("code", STATUS_BY_CODE)
def test_a_pictures_error_is_the_problem_of_its_code(code: ErrorCode) -> None:
    def fail(link: str) -> None:
        raise RowError(code, f"expected a picture, received {link}")

    components = components_of(Fetcher(fail))
    answered = Api(components).post({"image_link": LINK, "entity_names": ["width", "height"]})
    assert answered.problem == (STATUS_BY_CODE[code], code.replace("_", "-"))
    assert answered.document["detail"] == f"expected a picture, received {LINK}"


def test_each_error_that_a_picture_can_have_has_a_status() -> None:
    assert set(ErrorCode) - set(STATUS_BY_CODE) == {ErrorCode.BAD_ROW, ErrorCode.SHARD_LOST}


@pytest.fixture
def process() -> Iterator[ReadingProcess]:
    process = ReadingProcess("tests.unit.poison:load", {}, memory_megabytes=1000)
    yield process
    process.close()


@pytest.mark.parametrize(("deadline", "left"), [(0.5, 30), (30, 1.5)])
def test_what_takes_too_long_is_ended_and_the_next_request_answered(
    process: ReadingProcess, deadline: float, left: float
) -> None:
    assert process.model_hashes
    api = Api(Components(Fetcher(), process), deadline_seconds=deadline)
    answered = api.post({"image_link": "hang", "entity_name": "width"}, seconds=left)
    assert answered.problem == (504, "deadline")
    # Nothing goes on with the picture, and no other process is started before there is another request.
    assert process.pid is None
    late = Api(Components(Fetcher(), process)).post({"image_link": LINK, "entity_name": "width"})
    assert late.status == 200


@pytest.mark.parametrize("kill", KILLS)
def test_a_picture_that_ends_the_reading_process_is_a_problem(process: ReadingProcess, kill: str) -> None:
    api = Api(Components(Fetcher(), process))
    answered = api.post({"image_link": kill, "entity_name": "width"})
    assert answered.problem == (422, "worker-died")
    assert api.post({"image_link": LINK, "entity_name": "width"}).status == 200


def test_a_download_that_takes_too_long_leaves_the_models_loaded(process: ReadingProcess) -> None:
    assert process.model_hashes
    pid, let_go = process.pid, threading.Event()

    def wait(link: str) -> None:
        let_go.wait(30)

    api = Api(Components(Fetcher(wait), process), deadline_seconds=0.3)
    assert api.post({"image_link": LINK, "entity_name": "width"}).problem == (504, "deadline")
    let_go.set()
    assert process.pid == pid
