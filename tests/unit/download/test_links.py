from contextlib import suppress
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeline.download.links import MAX_LINK_LENGTH, HttpLink, S3Link, file_name_of, is_s3, parse_link
from tapeline.errors import ErrorCode, RowError


@pytest.mark.parametrize(
    ("link", "scheme", "host", "port", "path"),
    [
        ("https://m.example.com/images/I/61Bk.jpg", "https", "m.example.com", 443, "/images/I/61Bk.jpg"),
        ("http://example.com", "http", "example.com", 80, ""),
        ("HTTPS://Example.COM:443/A.jpg?x=1#y", "https", "example.com", 443, "/A.jpg"),
        ("http://example.com:443/a", "http", "example.com", 443, "/a"),
        ("http://[2606:4700::1111]/a", "http", "2606:4700::1111", 80, "/a"),
        ("http://2130706433/a", "http", "2130706433", 80, "/a"),
        ("https://bücher.example/ä.jpg", "https", "bücher.example", 443, "/ä.jpg"),
    ],
)
def test_http_links_are_taken_apart(link: str, scheme: str, host: str, port: int, path: str) -> None:
    assert parse_link(link) == HttpLink(url=link, scheme=scheme, host=host, port=port, path=path)


@pytest.mark.parametrize(
    ("link", "bucket", "key"),
    [
        ("s3://drop-1/a/b.jpg", "drop-1", "a/b.jpg"),
        ("S3://drop.eu/100%25?.jpg#1", "drop.eu", "100%25?.jpg#1"),
    ],
)
def test_s3_keys_are_literal(link: str, bucket: str, key: str) -> None:
    assert parse_link(link) == S3Link(bucket, key)


@pytest.mark.parametrize(
    "link",
    [
        "",
        " ",
        "picture.jpg",
        "/etc/passwd",
        "//example.com/a.jpg",
        "file:///etc/passwd",
        "ftp://example.com/a.jpg",
        "gopher://example.com:80/_GET",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "https:/example.com/a.jpg",
        "https://",
        "https:///a.jpg",
        "https://./a.jpg",
        "https://user@example.com/a.jpg",
        "https://user:secret@example.com/a.jpg",
        "https://@example.com/a.jpg",
        "https://example.com:8080/a.jpg",
        "https://example.com:0/a.jpg",
        "https://example.com:22/a.jpg",
        "https://example.com:99999/a.jpg",
        "https://example.com:port/a.jpg",
        "https://[::1/a.jpg",
        "https://[nonsense]/a.jpg",
        "https://exa%6dple.com/a.jpg",
        "https://[fe80::1%25eth0]/a.jpg",
        "https://example.com/a b.jpg",
        " https://example.com/a.jpg",
        "https://example.com/a.jpg\n",
        "https://exam\tple.com/a.jpg",
        "https://example.com/a\x00.jpg",
        "https://example.com/a\u00a0b.jpg",
        "https://example.com/a\u202eb.jpg",
        "https://example.com\\@127.0.0.1/a.jpg",
        "https://" + "a" * 254 + "/a.jpg",
        "https://example.com/" + "a" * MAX_LINK_LENGTH,
        "s3://",
        "s3://bucket",
        "s3://bucket/",
        "s3:///key",
        "s3://Bucket/key",
        "s3://b/key",
        "s3://key:secret@bucket/key",
        "s3://bucket/" + "ä" * 513,
    ],
)
def test_other_links_are_refused(link: str) -> None:
    with pytest.raises(RowError, match=r"^expected an image link .* received ") as caught:
        parse_link(link)
    assert caught.value.code is ErrorCode.BAD_LINK


def test_a_link_of_the_greatest_length_is_accepted() -> None:
    link = "https://example.com/".ljust(MAX_LINK_LENGTH, "a")
    assert isinstance(parse_link(link), HttpLink)


@pytest.mark.parametrize("link", ["https://user:secret@example.com/a", "s3://user:secret@bucket/a"])
def test_credentials_do_not_reach_the_message(link: str) -> None:
    with pytest.raises(RowError) as caught:
        parse_link(link)
    assert "secret" not in caught.value.message
    assert "***@" in caught.value.message


def test_messages_stay_short() -> None:
    with pytest.raises(RowError) as caught:
        parse_link("https://example.com/" + "a" * 100_000)
    assert len(caught.value.message) < 400


def test_extra_ports_are_accepted_besides_the_standard_ones() -> None:
    parsed = parse_link("http://127.0.0.1:8099/a", extra_ports={8099})
    assert isinstance(parsed, HttpLink)
    assert parsed.port == 8099
    with pytest.raises(RowError, match="port 8098"):
        parse_link("http://127.0.0.1:8098/a", extra_ports={8099})


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://m.example.com/images/I/61Bk.jpg", "61Bk.jpg"),
        ("https://m.example.com/61Bk%2BL._SL%201.jpg?width=3/4#x/y", "61Bk+L._SL 1.jpg"),
        ("https://m.example.com/a%20b.jpg", "a b.jpg"),
        ("http://m.example.com/a+b.jpg", "a+b.jpg"),
        ("https://m.example.com/a.jpg?b.jpg", "a.jpg"),
        ("https://m.example.com/%C3%A4.jpg", "ä.jpg"),
        ("https://m.example.com/ä.jpg", "ä.jpg"),
        ("https://m.example.com/a%2520b.jpg", "a%20b.jpg"),
        ("https://m.example.com/..a", "..a"),
        ("s3://drop/a/b%20c.jpg", "b%20c.jpg"),
        ("s3://drop/a/b.jpg?c=1#d", "b.jpg?c=1#d"),
        ("s3://drop/a%2Fb.jpg", "a%2Fb.jpg"),
        ("s3://drop/b.jpg", "b.jpg"),
    ],
)
def test_the_file_name_is_decoded_for_http_and_literal_for_s3(link: str, name: str) -> None:
    assert file_name_of(link) == name


@pytest.mark.parametrize(
    "link",
    [
        "https://m.example.com/images/",
        "https://m.example.com",
        "https://m.example.com?a.jpg",
        "s3://drop/a/",
        "https://m.example.com/a%2Fb.jpg",
        "https://m.example.com/..%2F..%2Fetc%2Fpasswd",
        "https://m.example.com/a%5Cb.jpg",
        "https://m.example.com/a.jpg%00",
        "https://m.example.com/.",
        "https://m.example.com/images/..",
        "https://m.example.com/%2E%2E",
        "s3://drop/a/..",
    ],
)
def test_a_link_that_ends_in_no_plain_name_has_none(link: str) -> None:
    assert file_name_of(link) == ""


@given(
    st.sampled_from(["https://m.example.com/", "s3://drop/"]),
    st.text("ab./\\%25cCfFeE0?#", max_size=12),
)
def test_a_file_name_never_leaves_its_folder(start: str, path: str) -> None:
    with suppress(RowError):
        name = file_name_of(start + path)
        assert PurePosixPath("folder", name).parts in {("folder",), ("folder", name)}
        assert name not in {".", ".."}


@pytest.mark.parametrize("link", ["file:///etc/passwd", "", "a.jpg", "https://m.example.com:8080/a.jpg"])
def test_only_links_have_a_file_name(link: str) -> None:
    with pytest.raises(RowError, match="expected an image link") as caught:
        file_name_of(link)
    assert caught.value.code is ErrorCode.BAD_LINK


def test_extra_ports_are_accepted_for_a_file_name_too() -> None:
    assert file_name_of("http://127.0.0.1:8099/a.jpg", extra_ports={8099}) == "a.jpg"


def test_is_s3_goes_by_the_scheme_alone() -> None:
    assert is_s3("S3://")
    assert not is_s3("https://s3://")
