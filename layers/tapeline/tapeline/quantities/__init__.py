"""Numbers with units: the unit table, the grammar, the parser, and how a prediction is written."""

from tapeline.quantities.parser import (
    ALL_UNITS,
    LENGTH_UNITS,
    MAX_DECIMALS,
    SIZE_BY_UNIT,
    FoundQuantity,
    Quantity,
    RangeBound,
    announced_unit,
    find_quantities,
    format_quantity,
    parse_quantity,
    plain_text,
    size,
)

__all__ = [
    "ALL_UNITS",
    "LENGTH_UNITS",
    "MAX_DECIMALS",
    "SIZE_BY_UNIT",
    "FoundQuantity",
    "Quantity",
    "RangeBound",
    "announced_unit",
    "find_quantities",
    "format_quantity",
    "parse_quantity",
    "plain_text",
    "size",
]
