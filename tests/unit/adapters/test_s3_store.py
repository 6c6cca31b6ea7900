import io
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, IncompleteReadError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from mypy_boto3_s3 import S3Client

from tapeline.adapters.clients import s3_client
from tapeline.adapters.s3_store import BucketStore
from tapeline.errors import ObjectMissingError

BODY = bytes(range(256)) * 2048  # two chunks
OBJECT = {"Bucket": "results", "Key": "runs/a.json"}


@pytest.fixture
def store(client: S3Client) -> BucketStore:
    return BucketStore(client, "results")


class NotingStream(io.BytesIO):
    """A body that notes that it was closed."""

    was_closed = False

    def close(self) -> None:
        self.was_closed = True
        super().close()


def stub_object(stub: Stubber, body: io.BytesIO, **more: str) -> None:
    length = len(body.getvalue())
    stub.add_response(
        "get_object", {"Body": StreamingBody(body, length), "ContentLength": length}, OBJECT | more
    )


def stub_broken(stub: Stubber, body: bytes, length: int, **more: str) -> NotingStream:
    """Answer with a body that ends before its length; return it."""
    stream = NotingStream(body)
    content = {"Body": StreamingBody(stream, length), "ContentLength": length, "ETag": '"e"'}
    stub.add_response("get_object", content, OBJECT | more)
    return stream


class TestOpenAndRead:
    def test_an_object_is_streamed_in_chunks(self, store: BucketStore, stub: Stubber) -> None:
        body = NotingStream(BODY)
        stub_object(stub, body)
        with store.open("runs/a.json") as chunks:
            received = list(chunks)
            assert not body.was_closed
        assert [len(chunk) for chunk in received] == [256 * 1024, 256 * 1024]
        assert b"".join(received) == BODY
        assert body.was_closed

    def test_a_body_is_closed_where_its_reader_fails(self, store: BucketStore, stub: Stubber) -> None:
        body = NotingStream(BODY)
        stub_object(stub, body)

        def read_a_part() -> None:
            with store.open("runs/a.json") as chunks:
                next(chunks)
                raise KeyError

        with pytest.raises(KeyError):
            read_a_part()
        assert body.was_closed

    def test_a_version_is_named_in_the_request(self, store: BucketStore, stub: Stubber) -> None:
        stub_object(stub, io.BytesIO(b"old"), VersionId="v1")
        with store.open("runs/a.json", "v1") as chunks:
            assert b"".join(chunks) == b"old"

    def test_an_object_is_read_whole(self, store: BucketStore, stub: Stubber) -> None:
        stub_object(stub, io.BytesIO(BODY))
        assert store.read("runs/a.json") == BODY

    def test_the_rest_of_a_body_that_breaks_off_is_asked_for(self, store: BucketStore, stub: Stubber) -> None:
        start, end, version = 300 * 1024, 400 * 1024, {"VersionId": "v1"}
        bodies = [
            stub_broken(stub, BODY[:start], len(BODY), **version),
            stub_broken(
                stub, BODY[start:end], len(BODY) - start, Range=f"bytes={start}-", IfMatch='"e"', **version
            ),
            stub_broken(stub, BODY[end:], len(BODY) - end, Range=f"bytes={end}-", IfMatch='"e"', **version),
        ]
        with store.open("runs/a.json", "v1") as chunks:
            assert b"".join(chunks) == BODY
        assert all(body.was_closed for body in bodies)

    def test_an_object_that_was_replaced_meanwhile_has_no_rest(
        self, store: BucketStore, stub: Stubber
    ) -> None:
        stub_broken(stub, b"ab", 4)
        stub.add_client_error("get_object", "PreconditionFailed", http_status_code=412)
        with pytest.raises(ClientError, match="PreconditionFailed"):
            store.read("runs/a.json")

    def test_a_body_that_breaks_off_again_and_again_is_an_error(
        self, store: BucketStore, stub: Stubber
    ) -> None:
        stub_broken(stub, b"ab", 4)
        for _ in range(4):
            stub_broken(stub, b"", 2, Range="bytes=2-", IfMatch='"e"')
        with pytest.raises(IncompleteReadError):
            store.read("runs/a.json")

    def test_an_empty_object_is_read(self, store: BucketStore, stub: Stubber) -> None:
        stub_object(stub, io.BytesIO())
        assert store.read("runs/a.json") == b""

    @pytest.mark.parametrize("code", ["NoSuchKey", "404"])
    def test_a_missing_object_is_told(self, store: BucketStore, stub: Stubber, code: str) -> None:
        stub.add_client_error("get_object", code, http_status_code=404, expected_params=OBJECT)
        with pytest.raises(ObjectMissingError, match=r"at s3://results/runs/a\.json, found none"):
            store.read("runs/a.json")

    def test_a_missing_version_is_told(self, store: BucketStore, stub: Stubber) -> None:
        stub.add_client_error("get_object", "NoSuchVersion", http_status_code=404)
        with (
            pytest.raises(ObjectMissingError, match=r"at s3://results/runs/a\.json \(version v1\)"),
            store.open("runs/a.json", "v1"),
        ):
            pass

    @pytest.mark.parametrize(
        ("code", "status"), [("AccessDenied", 403), ("NoSuchBucket", 404), ("InternalError", 500)]
    )
    def test_other_errors_are_raised(self, store: BucketStore, stub: Stubber, code: str, status: int) -> None:
        stub.add_client_error("get_object", code, http_status_code=status)
        with pytest.raises(ClientError, match=code):
            store.read("runs/a.json")


class TestExists:
    def test_an_object_that_is_there(self, store: BucketStore, stub: Stubber) -> None:
        stub.add_response("head_object", {"ContentLength": 1}, OBJECT)
        assert store.exists("runs/a.json")

    @pytest.mark.parametrize("code", ["404", "NoSuchKey"])
    def test_an_object_that_is_not_there(self, store: BucketStore, stub: Stubber, code: str) -> None:
        stub.add_client_error("head_object", code, http_status_code=404, expected_params=OBJECT)
        assert not store.exists("runs/a.json")

    @pytest.mark.parametrize(("code", "status"), [("403", 403), ("500", 500)])
    def test_other_errors_are_raised(self, store: BucketStore, stub: Stubber, code: str, status: int) -> None:
        stub.add_client_error("head_object", code, http_status_code=status)
        with pytest.raises(ClientError, match=code):
            store.exists("runs/a.json")


class TestKeys:
    def test_the_keys_of_all_pages_come_in_order(self, store: BucketStore, stub: Stubber) -> None:
        prefix = {"Bucket": "results", "Prefix": "runs/"}
        first = {"Contents": [{"Key": "runs/a"}, {"Key": "runs/b"}], "IsTruncated": True}
        stub.add_response("list_objects_v2", first | {"NextContinuationToken": "next"}, prefix)
        last = {"Contents": [{"Key": "runs/c"}], "IsTruncated": False}
        stub.add_response("list_objects_v2", last, prefix | {"ContinuationToken": "next"})
        assert list(store.keys("runs/")) == ["runs/a", "runs/b", "runs/c"]

    def test_a_prefix_without_objects_has_no_keys(self, store: BucketStore, stub: Stubber) -> None:
        stub.add_response("list_objects_v2", {"IsTruncated": False, "KeyCount": 0})
        assert list(store.keys("runs/")) == []

    def test_errors_are_raised(self, store: BucketStore, stub: Stubber) -> None:
        stub.add_client_error("list_objects_v2", "AccessDenied", http_status_code=403)
        with pytest.raises(ClientError, match="AccessDenied"):
            list(store.keys("runs/"))


class TestWrite:
    @pytest.mark.parametrize("body", [b"{}", io.BytesIO(b"{}")])
    def test_an_object_is_written_in_one_request(
        self, store: BucketStore, stub: Stubber, body: bytes | io.BytesIO
    ) -> None:
        stub.add_response("put_object", {}, OBJECT | {"Body": body, "ContentType": "application/json"})
        store.write("runs/a.json", body, content_type="application/json")

    def test_errors_are_raised(self, store: BucketStore, stub: Stubber) -> None:
        stub.add_client_error("put_object", "AccessDenied", http_status_code=403)
        with pytest.raises(ClientError, match="AccessDenied"):
            store.write("runs/a.json", b"{}", content_type="application/json")


class TestWriteOnce:
    def test_an_object_is_written_where_the_key_is_free(self, store: BucketStore, stub: Stubber) -> None:
        stub.add_response(
            "put_object",
            {},
            OBJECT | {"Body": b"{}", "ContentType": "application/json", "IfNoneMatch": "*"},
        )
        assert store.write_once("runs/a.json", b"{}", content_type="application/json")

    @pytest.mark.parametrize(
        ("code", "status"),
        [("PreconditionFailed", 412), ("412", 412), ("ConditionalRequestConflict", 409), ("409", 409)],
    )
    def test_a_taken_key_is_no_error(self, store: BucketStore, stub: Stubber, code: str, status: int) -> None:
        stub.add_client_error("put_object", code, http_status_code=status)
        assert not store.write_once("runs/a.json", b"{}", content_type="application/json")

    @pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("InternalError", 500)])
    def test_other_errors_are_raised(self, store: BucketStore, stub: Stubber, code: str, status: int) -> None:
        stub.add_client_error("put_object", code, http_status_code=status)
        with pytest.raises(ClientError, match=code):
            store.write_once("runs/a.json", b"{}", content_type="application/json")


def test_a_signed_link_names_the_object_its_time_and_the_fourth_signature(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    # The client of production, whose configuration decides on the signature; made anew, without a cache.
    client = s3_client.__wrapped__()
    link = urlsplit(BucketStore(client, "results").sign("runs/a b.csv", 900))
    query = parse_qs(link.query)
    assert link.scheme == "https"
    assert "results" in link.netloc + link.path
    assert link.path.endswith("/runs/a%20b.csv")
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Signature"]


class TestTagged:
    """Conditional reads and writes."""

    def test_an_object_comes_with_its_tag(self, store: BucketStore, stub: Stubber) -> None:
        content = {"Body": StreamingBody(io.BytesIO(b"ab"), 2), "ContentLength": 2, "ETag": '"e"'}
        stub.add_response("get_object", content, OBJECT)
        assert store.read_tagged("runs/a.json") == (b"ab", '"e"')

    def test_no_object_has_an_empty_tag(self, store: BucketStore, stub: Stubber) -> None:
        stub.add_client_error("get_object", "NoSuchKey", http_status_code=404)
        assert store.read_tagged("runs/a.json") == (b"", "")

    @pytest.mark.parametrize(
        ("tag", "condition"), [("", {"IfNoneMatch": "*"}), ('"e"', {"IfMatch": '"e"'})], ids=["new", "old"]
    )
    def test_a_write_names_what_it_replaces(
        self, store: BucketStore, stub: Stubber, tag: str, condition: dict[str, str]
    ) -> None:
        wanted = {**OBJECT, "Body": b"cd", "ContentType": "text/csv", **condition}
        stub.add_response("put_object", {"ETag": '"f"'}, wanted)
        assert store.write_tagged("runs/a.json", b"cd", tag, content_type="text/csv") == '"f"'

    @pytest.mark.parametrize(
        ("code", "status"),
        [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409), ("NoSuchKey", 404)],
    )
    def test_what_was_replaced_meanwhile_is_not_written_over(
        self, store: BucketStore, stub: Stubber, code: str, status: int
    ) -> None:
        stub.add_client_error("put_object", code, http_status_code=status)
        assert store.write_tagged("runs/a.json", b"cd", '"e"', content_type="text/csv") is None

    def test_any_other_error_is_one(self, store: BucketStore, stub: Stubber) -> None:
        stub.add_client_error("put_object", "AccessDenied", http_status_code=403)
        stub.add_client_error("get_object", "AccessDenied", http_status_code=403)
        with pytest.raises(ClientError, match="AccessDenied"):
            store.write_tagged("runs/a.json", b"cd", "", content_type="text/csv")
        with pytest.raises(ClientError, match="AccessDenied"):
            store.read_tagged("runs/a.json")
