import inspect

import pytest

from tapeline.adapters.pillow_decoder import PillowDecoder
from tapeline.adapters.s3_fetcher import MirrorFetcher, S3Fetcher
from tapeline.download.limits import (
    MAX_FETCH_SECONDS,
    MAX_PICTURE_BYTES,
    MAX_PICTURE_PIXELS,
    BoundedBody,
    FetchLimits,
)
from tapeline.errors import ErrorCode, RowError
from tapeline.worker.assembly import WorkerSettings

LINK = "https://m.example.com/cup.jpg"


def default(function: object, name: str) -> object:
    assert callable(function)
    return inspect.signature(function).parameters[name].default


def test_whoever_gets_a_picture_has_the_limits_of_production() -> None:
    worker = {name: field.default for name, field in WorkerSettings.model_fields.items()}

    assert worker["max_pixels"] == default(PillowDecoder, "max_pixels") == MAX_PICTURE_PIXELS == 64_000_000
    assert worker["max_bytes"] == FetchLimits().max_bytes == MAX_PICTURE_BYTES == 20 * 1024 * 1024
    assert default(S3Fetcher, "max_bytes") == default(MirrorFetcher, "max_bytes") == MAX_PICTURE_BYTES
    assert worker["fetch_seconds"] == FetchLimits().total == MAX_FETCH_SECONDS == 30


class TestBoundedBody:
    def test_its_bytes_are_those_that_arrived(self) -> None:
        body = BoundedBody(5, LINK)
        body.check_length(5)
        for chunk in (b"ab", b"", b"cde"):
            body.append(chunk)
        assert bytes(body) == b"abcde"
        assert len(body) == 5

    def test_a_declared_length_beyond_the_limit_is_refused(self) -> None:
        with pytest.raises(RowError, match="at most 5 bytes, received more from 'https://m") as caught:
            BoundedBody(5, LINK).check_length(6)
        assert caught.value.code is ErrorCode.TOO_LARGE

    def test_bytes_beyond_the_limit_are_refused_and_not_kept(self) -> None:
        body = BoundedBody(5, LINK)
        body.append(b"abcd")
        with pytest.raises(RowError, match="at most 5 bytes") as caught:
            body.append(b"ef")
        assert caught.value.code is ErrorCode.TOO_LARGE
        assert bytes(body) == b"abcd"
