import pytest

from tapeline.entities import UNITS_BY_ENTITY
from tapeline.quantities import find_quantities, format_quantity, in_entity_units, plain_text
from tests.unit.quantities.helpers import UNITS


def in_units(text: str, entity: str) -> list[str]:
    """Return the quantities of a line that have one of an entity's units, as predictions."""
    quantities = find_quantities(text)
    converted = [in_entity_units(found, entity, plain_text(text), quantities) for found in quantities]
    return [format_quantity(quantity) for quantity in converted if quantity is not None]


@pytest.mark.parametrize("entity", UNITS_BY_ENTITY)
def test_a_quantity_is_kept_only_in_the_entitys_units(entity: str) -> None:
    written = [f"12 {unit}" for unit in UNITS if unit != "ounce"]
    kept = [text for text in written if in_units(text, entity) == [text]]
    assert kept == [text for text in written if text.removeprefix("12 ") in UNITS_BY_ENTITY[entity]]


@pytest.mark.parametrize("entity", UNITS_BY_ENTITY)
def test_an_ounce_is_a_weight_but_in_a_volume(entity: str) -> None:
    expected = {
        "item_weight": ["20 ounce"],
        "maximum_weight_recommendation": ["20 ounce"],
        "item_volume": ["20 fluid ounce"],
    }
    assert in_units("20oz Bowl", entity) == expected.get(entity, [])


@pytest.mark.parametrize(
    "text",
    [
        "NET WT 8 oz",
        "netwt 8 oz",
        "Weight: 4.41 oz",
        "weighs 3 oz",
        "8 oz peso neto",
        "Poids 8 oz",
        "Gewicht 8 oz",
    ],
)
def test_ounces_beside_a_word_for_weight_are_no_volume(text: str) -> None:
    assert in_units(text, "item_volume") == []
    assert len(in_units(text, "item_weight")) == 1


@pytest.mark.parametrize("text", ["Weightless 8 oz", "Newt 8 oz", "lightweight 8 oz"])
def test_a_part_of_another_word_says_nothing_of_a_weight(text: str) -> None:
    assert in_units(text, "item_volume") == ["8 fluid ounce"]


@pytest.mark.parametrize(
    "text", ["8 oz / 227 g", "100 g (3.53 oz)", "0.9 oz 25 g", "35.3 oz 1 kg", "8 oz 213.5 g"]
)
def test_ounces_with_the_same_weight_in_grams_are_no_volume(text: str) -> None:
    ounces = [unit for unit in in_units(text, "item_weight") if unit.endswith("ounce")]
    assert len(ounces) == 1
    assert in_units(text, "item_volume") == []


@pytest.mark.parametrize("text", ["8 oz / 200 g", "8 oz 241 g", "8 oz 10 g protein", "8 oz 237 mg"])
def test_grams_of_another_size_say_nothing_of_ounces(text: str) -> None:
    assert in_units(text, "item_volume") == ["8 fluid ounce"]


def test_the_ounces_of_a_volume_keep_its_other_units() -> None:
    assert in_units("20 oz / 591 ml", "item_volume") == ["20 fluid ounce", "591 millilitre"]


def test_an_unknown_entity_has_no_units() -> None:
    (found,) = find_quantities("5 cm")
    with pytest.raises(KeyError, match="girth"):
        in_entity_units(found, "girth", "5 cm", [found])


@pytest.mark.parametrize("text", ["33 oz / 1 l", "6.7 Ounce / 200ml", "12 oz (355 ml)", "34oz 1 Liter"])
def test_ounces_with_the_same_volume_in_millilitres_are_no_weight(text: str) -> None:
    assert in_units(text, "item_weight") == []
    assert in_units(text, "maximum_weight_recommendation") == []
    assert in_units(text, "item_volume")[0].endswith("fluid ounce")


@pytest.mark.parametrize("text", ["8 oz 226 g / 236 ml", "Net wt 8 oz, 236 ml", "8 oz / 100 ml", "8 oz 2 l"])
def test_other_ounces_beside_a_volume_may_be_a_weight(text: str) -> None:
    assert in_units(text, "item_weight")[0] == "8 ounce"
