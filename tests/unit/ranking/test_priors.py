"""Priors: shares of units, sizes and values, and a floor for what was never counted."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.quantities import Quantity
from tapeline.ranking.priors import BINS_PER_DECADE, Priors, Sizes, size_bin

DOCUMENT = {
    "units": {"width": {"inch": -0.5}},
    "sizes": {"width": {size_bin(2.0): -1.5}},
    "values": {"width": {"4 inch": -3.0}},
    "general": {"width": [90, 2.0, 0.5], "depth": [80, 1.5, 0.4]},
    "categories": {"752266": {"rows": 12, "sizes": {"width": [8, 2.5, 0.1]}}},
}


def test_what_was_counted_has_its_share() -> None:
    priors = Priors.from_document(DOCUMENT)
    assert priors.of_unit("width", "inch") == -0.5
    assert priors.of_size("width", 2.0) == -1.5
    assert priors.of_value("width", Quantity(Decimal("4.0"), "inch")) == -3.0


@pytest.mark.parametrize("priors", [Priors.from_document(DOCUMENT), Priors()])
def test_what_was_not_counted_is_rarer_than_anything(priors: Priors) -> None:
    floor = priors.of_unit("height", "inch")
    assert floor < -3.0
    assert priors.of_unit("width", "yard") == floor
    assert priors.of_size("width", 8.0) == floor
    assert priors.of_value("width", Quantity(Decimal(5), "inch")) == floor


def test_a_category_has_its_own_sizes_and_questions() -> None:
    priors = Priors.from_document(DOCUMENT)
    assert priors.sizes_in("752266", "width") == Sizes(8, 2.5, 0.1)
    assert priors.rows_of("752266") == 12
    assert priors.asked_share("752266", "width") > -1 > priors.asked_share("752266", "depth")
    # A column with gaps makes fractions of whole numbers.
    assert priors.sizes_in("752266.0", "width") == priors.sizes_in("752266", "width")


@pytest.mark.parametrize("category", ["", "lamps"])
def test_an_unknown_category_has_the_sizes_of_all(category: str) -> None:
    priors = Priors.from_document(DOCUMENT)
    assert priors.sizes_in(category, "width") == Sizes(0, 2.0, 0.5)
    assert priors.sizes_in("752266", "depth") == Sizes(0, 1.5, 0.4)
    assert priors.rows_of(category) == 0
    assert priors.asked_share(category, "width") == priors.asked_share(category, "depth")


def test_priors_are_what_their_document_says() -> None:
    assert Priors.from_document(Priors.from_document(DOCUMENT).document()) == Priors.from_document(DOCUMENT)


@given(st.floats(-9, 12))
def test_a_bin_is_a_quarter_of_a_decade(log_size: float) -> None:
    assert int(size_bin(log_size)) == math.floor(log_size * BINS_PER_DECADE)
    assert size_bin(log_size) == size_bin(math.floor(log_size * BINS_PER_DECADE) / BINS_PER_DECADE)
