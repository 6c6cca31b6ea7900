"""Numbers with units: the unit table, the grammar, the parser, and how a prediction is written.

============  =========================================================================================
module        what it has
============  =========================================================================================
units         the unit table (:data:`SIZE_BY_UNIT`), how units are spelled, reading the unit of a number
text          :func:`plain_text`: one spelling for characters that look alike; misread ones corrected
grammar       digits, decimals, fractions, and the links between numbers (x, to, or)
quantity      :class:`Quantity`, :class:`FoundQuantity`, :func:`size`
parser        :func:`find_quantities`: quantities in a text, ``A x B x C`` groups, ranges, feet with inches
pairs         :func:`~tapeline.quantities.pairs.correct_pairs`: one size in two systems of units
entity_units  :func:`in_entity_units`: a quantity in an entity's units, and which ounce an ``oz`` is
format        :func:`format_quantity`, :func:`format_prediction`, :func:`parse_quantity`,
              :func:`round_quantity`
============  =========================================================================================
"""

from tapeline.quantities.entity_units import in_entity_units
from tapeline.quantities.format import (
    MAX_DECIMALS,
    format_prediction,
    format_quantity,
    parse_quantity,
    round_quantity,
)
from tapeline.quantities.new_units import NEW_SIZES, find_new_quantities, size_of
from tapeline.quantities.parser import find_quantities
from tapeline.quantities.quantity import FoundQuantity, Quantity, RangeBound, size
from tapeline.quantities.text import correct_misread, plain_text
from tapeline.quantities.units import (
    ALL_UNITS,
    LENGTH_UNITS,
    SIZE_BY_UNIT,
    UNIT_BY_TYPED_SYMBOL,
    announced_unit,
)

__all__ = [
    "ALL_UNITS",
    "LENGTH_UNITS",
    "MAX_DECIMALS",
    "NEW_SIZES",
    "SIZE_BY_UNIT",
    "UNIT_BY_TYPED_SYMBOL",
    "FoundQuantity",
    "Quantity",
    "RangeBound",
    "announced_unit",
    "correct_misread",
    "find_new_quantities",
    "find_quantities",
    "format_prediction",
    "format_quantity",
    "in_entity_units",
    "parse_quantity",
    "plain_text",
    "round_quantity",
    "size",
    "size_of",
]
