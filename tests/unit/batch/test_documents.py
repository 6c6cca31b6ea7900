import json
from dataclasses import replace

import pytest

from tapeline.batch.documents import RejectionDocument, RunDocument
from tapeline.batch.keys import InputObject
from tapeline.entity_file import load_entities
from tapeline.errors import CorruptObjectError, RejectedInputError

SOURCE = InputObject("drop", "incoming/größe.csv", None, "tag")
RUN = RunDocument("gr-e-1", SOURCE, 10, 9, 3)
REJECTION = RejectionDocument.of(
    RejectedInputError(expected="UTF-8 text", received="the byte 0xff", advice="save it again", line=3),
    SOURCE,
)


def test_run_json_is_indented_ascii_and_comes_back() -> None:
    body = RUN.dump()
    assert body.isascii()
    assert body.startswith(b'{\n  "run": "gr-e-1",\n  "source": {\n    "bucket": "drop",\n')
    assert json.loads(body) == {
        "run": "gr-e-1",
        "source": {"bucket": "drop", "key": "incoming/größe.csv", "version": None, "etag": "tag"},
        "rows": 10,
        "pictures": 9,
        "shards": 3,
        "origin": None,
        "entities": {"own": []},
        "keep_columns": False,
    }
    assert RunDocument.load(body) == RUN


def test_run_json_has_the_own_entities_of_its_run() -> None:
    own = replace(RUN, entities=load_entities("products"), keep_columns=True)
    assert RunDocument.load(own.dump()) == own


def test_run_json_of_an_earlier_version_has_the_eight() -> None:
    document = json.loads(RUN.dump())
    del document["entities"], document["keep_columns"]
    assert RunDocument.load(json.dumps(document).encode()) == RUN


def test_rejected_json_says_what_the_error_said_and_becomes_it_again() -> None:
    body = REJECTION.dump()
    assert list(json.loads(body).items()) == [
        ("error", "rejected_input"),
        ("expected", "UTF-8 text"),
        ("received", "the byte 0xff"),
        ("advice", "save it again"),
        ("line", 3),
        ("input", {"bucket": "drop", "key": "incoming/größe.csv", "version": None, "etag": "tag"}),
        ("estimate", None),
    ]
    error = RejectionDocument.load(body).to_error()
    assert str(error) == "expected UTF-8 text, received the byte 0xff (line 3): save it again"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "document: Invalid JSON"),
        (b"[]", "document: "),
        (RUN.dump().replace(b'"rows": 10', b'"rows": "ten"'), "rows: .* received 'ten'"),
        (RUN.dump().replace(b'"bucket"', b'"basket"'), "source.bucket: Field required, received nothing"),
    ],
)
def test_something_else_than_run_json_is_reported_with_its_field(body: bytes, problem: str) -> None:
    with pytest.raises(CorruptObjectError, match=f"expected a run's description: {problem}.*drop the CSV"):
        RunDocument.load(body)


def test_something_else_than_rejected_json_is_reported() -> None:
    with pytest.raises(CorruptObjectError, match=r"error: .* received 'other'"):
        RejectionDocument.load(REJECTION.dump().replace(b"rejected_input", b"other"))
