"""Damaged pictures: each is a picture or a row error, and nothing takes long."""

import time

import pytest

from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.errors import ErrorCode, RowError
from tests.mutants import FORMATS, mutants, originals

# Mutants of each format here; make mutants takes 1,000 of each through reading, too.
MUTANTS = 200

# Seconds of CPU that one may take to decode.
SECONDS = 2.0

CODES = {
    ErrorCode.NOT_AN_IMAGE,
    ErrorCode.DECODE_FAILURE,
    ErrorCode.TOO_MANY_PIXELS,
    ErrorCode.TOO_COMPLEX,
}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_mutant_is_a_picture_or_a_row_error(kind: str) -> None:
    decoder = PillowDecoder()
    for data in originals(kind):
        assert 0 < decoder.decode(data).width <= 320
    decoded = 0
    for number, data in enumerate(mutants(kind, MUTANTS)):
        start = time.process_time()
        try:
            picture = decoder.decode(data)
        except RowError as error:
            assert error.code in CODES  # noqa: PT017
        else:
            decoded += 1
            assert picture.pixels.ndim == 3
        assert time.process_time() - start < SECONDS, number
    # Most are damaged, and some are still pictures.
    assert 0 < decoded < MUTANTS
