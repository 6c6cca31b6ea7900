"""Entities files: what they define, and what is wrong with them."""

import json
from pathlib import Path

import pytest

from tapeline import entities
from tapeline.entities import EIGHT, KINDS, UNITS_BY_ENTITY, EntitySet
from tapeline.entity_file import SHIPPED, load_entities, parse_entities
from tapeline.errors import SettingsError
from tapeline.quantities import NEW_SIZES, SIZE_BY_UNIT

MINE = '[cable_length]\nkind = "length"\nwords = ["Cable"]\nunit = "metre"\nlargest = "200 metre"\n'


def test_a_file_defines_entities_beside_the_eight(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    found = load_entities(str(tmp_path / "mine.toml"))
    own = found.own_entity("cable_length")
    assert own is not None
    assert (own.words, own.unit, own.smallest, own.largest) == (("cable",), "metre", 0.0, 200_000.0)
    assert own.units == KINDS["length"].units
    assert "cable_length" in found
    assert found.units == {**UNITS_BY_ENTITY, "cable_length": frozenset({"metre"})}
    assert "cable_length" not in load_entities("challenge")


def test_of_two_sets_the_second_one_defines_what_both_have() -> None:
    first, second = (
        EntitySet(parse_entities(f'[a]\nkind = "{kind}"\n[{kind}]\nkind = "{kind}"', "mine.toml"))
        for kind in ("mass", "count")
    )
    joined = first.joined(second)
    assert [(own.name, own.kind) for own in joined.own] == [
        ("a", "count"),
        ("mass", "mass"),
        ("count", "count"),
    ]
    assert first.joined(EIGHT) == first


def test_a_file_that_a_deployment_adds_to_the_package_goes_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "entity_files").mkdir()
    (tmp_path / "entity_files/mine.toml").write_text(MINE)
    trained = {"entities": {"cable_length": {"weights": [1, 2.5]}}}
    (tmp_path / "entity_files/mine.trained.json").write_text(json.dumps(trained))
    monkeypatch.setattr("tapeline.entity_file.resources.files", lambda _: tmp_path)
    (own,) = load_entities("mine").own
    assert (own.name, own.weights) == ("cable_length", (1.0, 2.5))
    with pytest.raises(SettingsError, match="expected an entities file at other"):
        load_entities("other")


def test_the_shipped_files_can_be_used() -> None:
    assert load_entities("challenge") == EIGHT
    found = {entity.name for entity in load_entities("products").own}
    assert {"cable_length", "battery_capacity"} <= found
    assert not found & UNITS_BY_ENTITY.keys()


def test_challenge_toml_is_what_the_code_has() -> None:
    path = Path(entities.__file__).parent / "entity_files/challenge.toml"
    # What isn't as it is in the code is refused.
    assert parse_entities(path.read_text(), "challenge") == ()
    assert path.read_text().count("[") - path.read_text().count("= [") == len(UNITS_BY_ENTITY)
    assert set(SHIPPED) == {file.stem for file in path.parent.glob("*.toml")}


def test_each_unit_of_a_kind_has_a_size() -> None:
    assert {unit for kind in KINDS.values() for unit in kind.units} == SIZE_BY_UNIT.keys() | NEW_SIZES.keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no toml", "expected TOML"),
        ("a = 1", "expected a table named by small letters"),
        ('["Big"]\nkind = "mass"', "expected a table named by small letters"),
        ("[a]", "expected kind as one of length, mass"),
        ('[a]\nkind = "colour"', "received 'colour'"),
        ('[a]\nkind = "mass"\nnit = "gram"', "received 'nit': remove it"),
        ('[a]\nkind = "mass"\nunit = "metre"', "expected units of the kind mass"),
        ('[a]\nkind = "mass"\nunits = "gram"', "expected units as a list"),
        ('[a]\nkind = "mass"\nwords = [1]', "expected words as a list"),
        ('[a]\nkind = "mass"\nlargest = 5', "expected largest such as"),
        ('[a]\nkind = "mass"\nlargest = "5 metre"', "expected largest in one of"),
        ('[width]\nkind = "length"\nwords = ["wide"]', "expected one of the eight as it is"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_entities(text, "mine.toml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"expected an entities file at .*, or one of challenge, products"
    ):
        load_entities(str(tmp_path / "none.toml"))


def test_weights_beside_a_file_are_found_and_broken_ones_told(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    trained = tmp_path / "mine.trained.json"
    trained.write_text(json.dumps({"entities": {"cable_length": {"weights": [1, 2.5]}}}))
    assert load_entities(str(tmp_path / "mine.toml")).own[0].weights == (1.0, 2.5)
    trained.write_text("{}")
    with pytest.raises(SettingsError, match="train again"):
        load_entities(str(tmp_path / "mine.toml"))


def test_limits_are_any_where_they_are_left_out() -> None:
    (own,) = parse_entities('[a]\nkind = "count"', "mine.toml")
    assert (own.smallest, own.largest, own.unit) == (0.0, None, None)
