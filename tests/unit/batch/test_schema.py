import json
import math
from dataclasses import dataclass, field

import pytest
from pydantic import TypeAdapter, ValidationError

from tapeline.batch.schema import Schema, first_problem
from tapeline.errors import CorruptObjectError


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    count: int = 0
    ratio: float = 0.0
    inner: tuple["Item", ...] = field(default=())


SCHEMA = Schema(Item, name="an item", advice="write it again")


def test_a_line_is_compact_utf8_without_defaults_and_comes_back() -> None:
    item = Item("größer", inner=(Item("b", 3, 0.5),))
    line = SCHEMA.dump_line(item)
    assert line == '{"name":"größer","inner":[{"name":"b","count":3,"ratio":0.5}]}\n'.encode()
    assert SCHEMA.load(line) == item


@pytest.mark.parametrize("ratio", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_have_is_not_written(ratio: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        SCHEMA.dump_line(Item("a", ratio=ratio))


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ('{"count": 1}', "name: Field required, received nothing"),
        ('{"name": "a", "count": "1"}', "count: Input should be a valid integer, received '1'"),
        ('{"name": "a", "count": 1.5}', "count: .*, received 1.5"),
        ('{"name": "a", "inner": [{"name": 7}]}', r"inner\.0\.name: .* string, received 7"),
        ("[]", r"document: .*, received \[\]"),
        ("nothing", "document: Invalid JSON: .*, received "),
        ("", "document: Invalid JSON: .*, received "),
        ('{"name": "\xff"}', "document: Invalid JSON: .*, received "),
    ],
)
def test_an_error_names_the_field_what_was_expected_and_what_was_received(
    document: str, problem: str
) -> None:
    with pytest.raises(CorruptObjectError, match=f"^expected an item: {problem}.*; write it again$"):
        SCHEMA.load(document.encode("latin-1"))


def test_an_unknown_field_is_ignored() -> None:
    assert SCHEMA.load(json.dumps({"name": "a", "later": [1]}).encode()) == Item("a")


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(int).validate_python("x" * 1000)
    assert first_problem(caught.value).endswith(f"received '{'x' * 79}...")
