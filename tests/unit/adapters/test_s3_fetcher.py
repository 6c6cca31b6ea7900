import io
from typing import Any

import botocore.exceptions
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from mypy_boto3_s3 import S3Client

from tapeline.adapters.s3_fetcher import LinkFetcher, MirrorFetcher, S3Fetcher
from tapeline.download.links import S3Prefix
from tapeline.errors import ErrorCode, RowError
from tapeline.ports import PictureFetcher

PICTURE = bytes(range(256)) * 4
DROP = S3Prefix("drop", "a/")
COPIES = S3Prefix("mirror", "copies/")
WHOLE = S3Prefix("mirror", "")


class Origin:
    """A fetcher that remembers what it was asked for."""

    def __init__(self, body: bytes) -> None:
        self.asked: list[str] = []
        self._body = body

    def fetch(self, link: str) -> bytes:
        self.asked.append(link)
        return self._body


class BrokenStream(io.RawIOBase):
    """A body that fails after its first byte."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._begun = False

    def read(self, size: int = -1, /) -> bytes:
        if self._begun:
            raise self._error
        self._begun = True
        return b"x"


class NotingStream(io.BytesIO):
    """A body that notes how many bytes were taken when it was closed."""

    read_when_closed: int | None = None

    def close(self) -> None:
        if not self.closed:
            self.read_when_closed = self.tell()
        super().close()


def answer(
    stub: Stubber, body: Any, length: int, *, bucket: str = "drop", key: str = "a/cup.jpg", after: int = 0
) -> None:
    """Answer the first request for an object, or one for what is after so many bytes."""
    content = {"Body": StreamingBody(body, length), "ContentLength": length, "ETag": "e"}
    rest = {"Range": f"bytes={after}-", "IfMatch": "e"} if after else {}
    stub.add_response("get_object", content, {"Bucket": bucket, "Key": key} | rest)


def refuse(stub: Stubber, code: str, status: int) -> None:
    stub.add_client_error("get_object", code, http_status_code=status)


def failure(fetcher: PictureFetcher, link: str) -> RowError:
    with pytest.raises(RowError) as caught:
        fetcher.fetch(link)
    return caught.value


class TestS3Fetcher:
    def test_an_object_arrives_whole(self, client: S3Client, stub: Stubber) -> None:
        answer(stub, io.BytesIO(PICTURE), len(PICTURE))
        assert S3Fetcher(client, {DROP}, len(PICTURE)).fetch("s3://drop/a/cup.jpg") == PICTURE

    @pytest.mark.parametrize(
        "link",
        [
            "s3://secrets/a/cup.jpg",
            "s3://drop/incoming/customers.csv",
            "s3://drop/cup.jpg",
            "s3://drop/A/cup.jpg",
            "s3://drop/ab/cup.jpg",
            "s3://drop//a/cup.jpg",
            "s3://drop/%61/cup.jpg",
            "s3://drop/a",
            "s3://more2/cup.jpg",
            "s3://dro/p/a/cup.jpg",
            "s3://drop/a/../incoming/customers.csv",
            "s3://drop/a/./cup.jpg",
            "s3://drop/a/..",
            "s3://more/..",
            "S3://drop/runs/a/cup.jpg",
        ],
    )
    def test_what_is_not_meant_for_pictures_is_refused_without_a_request(
        self, client: S3Client, stub: Stubber, link: str
    ) -> None:
        error = failure(S3Fetcher(client, [DROP, S3Prefix("more", "")]), link)
        assert error.code is ErrorCode.BLOCKED_ADDRESS
        assert link in error.message
        # Neither what is allowed nor what is there can be learned from it.
        assert error.message.replace(link, "") == failure(
            S3Fetcher(client, []), "s3://nowhere/b"
        ).message.replace("s3://nowhere/b", "")

    def test_a_bucket_without_a_prefix_is_open_as_a_whole(self, client: S3Client, stub: Stubber) -> None:
        answer(stub, io.BytesIO(PICTURE), len(PICTURE), bucket="more", key="x/..y/cup.jpg")
        assert S3Fetcher(client, [S3Prefix("more", "")]).fetch("s3://more/x/..y/cup.jpg") == PICTURE

    @pytest.mark.parametrize("link", ["s3://drop", "s3://drop/a b", "https://example.com/cup.jpg", ""])
    def test_malformed_links_are_refused_without_a_request(
        self, client: S3Client, stub: Stubber, link: str
    ) -> None:
        assert failure(S3Fetcher(client, {DROP}), link).code is ErrorCode.BAD_LINK

    @pytest.mark.parametrize(
        ("code", "status"),
        [("NoSuchKey", 404), ("NoSuchBucket", 404), ("AccessDenied", 403), ("InvalidObjectState", 403)],
    )
    def test_what_s3_refuses_is_a_status(
        self, client: S3Client, stub: Stubber, code: str, status: int
    ) -> None:
        refuse(stub, code, status)
        error = failure(S3Fetcher(client, {DROP}), "s3://drop/a/cup.jpg")
        assert error.code is ErrorCode.HTTP_STATUS
        assert f"HTTP status {status}" in error.message

    def test_an_object_announced_as_too_large_is_not_read(self, client: S3Client, stub: Stubber) -> None:
        stream = NotingStream(PICTURE)
        answer(stub, stream, len(PICTURE))
        error = failure(S3Fetcher(client, {DROP}, len(PICTURE) - 1), "s3://drop/a/cup.jpg")
        assert error.code is ErrorCode.TOO_LARGE
        assert stream.read_when_closed == 0

    def test_more_than_was_announced_is_cut(self, client: S3Client, stub: Stubber) -> None:
        content = {"Body": io.BytesIO(PICTURE), "ContentLength": 10}
        stub.add_response("get_object", content)
        assert failure(S3Fetcher(client, {DROP}, 100), "s3://drop/a/cup.jpg").code is ErrorCode.TOO_LARGE

    @pytest.mark.parametrize(
        ("error", "code", "times"),
        [
            (botocore.exceptions.ReadTimeoutError(endpoint_url="https://s3"), ErrorCode.TIMEOUT, 1),
            (botocore.exceptions.ResponseStreamingError(error="reset"), ErrorCode.CONNECT_FAILURE, 5),
            (ConnectionResetError("reset"), ErrorCode.CONNECT_FAILURE, 1),
        ],
    )
    def test_a_body_that_breaks_off(
        self, client: S3Client, stub: Stubber, error: Exception, code: ErrorCode, times: int
    ) -> None:
        for after in range(times):
            answer(stub, BrokenStream(error), 2, after=after)
        assert failure(S3Fetcher(client, {DROP}), "s3://drop/a/cup.jpg").code is code

    def test_a_body_that_ends_early(self, client: S3Client, stub: Stubber) -> None:
        answer(stub, io.BytesIO(PICTURE), len(PICTURE) + 1)
        for _ in range(4):
            answer(stub, io.BytesIO(), 1, after=len(PICTURE))
        error = failure(S3Fetcher(client, {DROP}), "s3://drop/a/cup.jpg")
        assert error.code is ErrorCode.CONNECT_FAILURE

    def test_the_rest_of_a_body_that_broke_off_is_asked_for(self, client: S3Client, stub: Stubber) -> None:
        answer(stub, io.BytesIO(PICTURE[:5]), len(PICTURE))
        answer(stub, io.BytesIO(PICTURE[5:]), len(PICTURE) - 5, after=5)
        assert S3Fetcher(client, {DROP}).fetch("s3://drop/a/cup.jpg") == PICTURE


class TestMirrorFetcher:
    LINK = "https://m.example.com/images/I/61Bk%2BL.jpg?x=1"

    def test_a_copy_answers_for_the_origin(self, client: S3Client, stub: Stubber) -> None:
        origin = Origin(b"origin")
        answer(stub, io.BytesIO(PICTURE), len(PICTURE), bucket="mirror", key="copies/61Bk+L.jpg")
        assert MirrorFetcher(client, COPIES, origin).fetch(self.LINK) == PICTURE
        assert origin.asked == []

    def test_the_origin_answers_where_there_is_no_copy(self, client: S3Client, stub: Stubber) -> None:
        origin = Origin(b"origin")
        refuse(stub, "NoSuchKey", 404)
        assert MirrorFetcher(client, COPIES, origin).fetch(self.LINK) == b"origin"
        assert origin.asked == [self.LINK]

    @pytest.mark.parametrize("path", ["", "images/", "a%2Fb.jpg", "%2E%2E"])
    def test_a_link_without_a_file_name_goes_to_the_origin_at_once(
        self, client: S3Client, stub: Stubber, path: str
    ) -> None:
        origin = Origin(b"origin")
        assert MirrorFetcher(client, WHOLE, origin).fetch(f"https://m.example.com/{path}") == b"origin"

    @pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("NoSuchBucket", 404)])
    def test_a_mirror_that_is_set_up_wrongly_is_not_passed_over(
        self, client: S3Client, stub: Stubber, code: str, status: int
    ) -> None:
        origin = Origin(b"origin")
        refuse(stub, code, status)
        error = failure(MirrorFetcher(client, COPIES, origin), self.LINK)
        assert error.code is ErrorCode.HTTP_STATUS
        assert code in error.message
        assert origin.asked == []

    @pytest.mark.parametrize("link", ["file:///copies/61Bk.jpg", "https://example.com:8080/61Bk.jpg", ""])
    def test_a_malformed_link_fails_with_or_without_a_copy(
        self, client: S3Client, stub: Stubber, link: str
    ) -> None:
        origin = Origin(b"origin")
        assert failure(MirrorFetcher(client, WHOLE, origin), link).code is ErrorCode.BAD_LINK
        assert origin.asked == []

    def test_extra_ports_are_those_of_tests(self, client: S3Client, stub: Stubber) -> None:
        refuse(stub, "NoSuchKey", 404)
        mirror = MirrorFetcher(client, WHOLE, Origin(b"origin"), extra_ports={8099})
        assert mirror.fetch("http://127.0.0.1:8099/a.jpg") == b"origin"


class TestLinkFetcher:
    @pytest.mark.parametrize(
        ("link", "chosen"),
        [
            ("https://example.com/a", b"http"),
            ("http://example.com/a", b"http"),
            ("s3://drop/a", b"s3"),
            ("S3://drop/a", b"s3"),
            ("s3:", b"http"),
            ("", b"http"),
        ],
    )
    def test_the_scheme_decides(self, link: str, chosen: bytes) -> None:
        http, s3 = Origin(b"http"), Origin(b"s3")
        assert LinkFetcher(http=http, s3=s3).fetch(link) == chosen
        assert http.asked + s3.asked == [link]
