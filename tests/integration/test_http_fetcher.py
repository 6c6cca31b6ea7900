"""Downloads over HTTP: requests, statuses, redirects, retries, broken answers."""

import email.utils
import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tapeline
from tapeline.download.limits import FetchLimits
from tapeline.errors import ErrorCode
from tests.integration.fetching import PATIENT, PICTURE, failure, fetcher_for
from tests.integration.http_server import PictureServer, Reply, endlessly, redirect
from tests.integration.odd_replies import ODD_REPLIES


def test_the_body_arrives_whole(server: PictureServer) -> None:
    link = server.put("/cup.jpg?size=1", Reply(PICTURE))
    assert fetcher_for(server).fetch(link + "#top") == PICTURE
    assert server.count("/cup.jpg?size=1") == 1


def test_an_html_page_is_the_decoder_s_business(server: PictureServer) -> None:
    link = server.put("/page", Reply(b"<!doctype html>", content_type="text/html"))
    assert fetcher_for(server).fetch(link) == b"<!doctype html>"


def test_the_request_says_who_asks_and_no_more(server: PictureServer) -> None:
    link = server.put("/cup.jpg", Reply(PICTURE))
    fetcher_for(server).fetch(link)
    (headers,) = server.headers("/cup.jpg")
    assert headers == {
        "host": "{}:{}".format(*server.address),
        "user-agent": f"Tapeline/{tapeline.__version__}",
        "accept": "image/*",
        "accept-encoding": "identity",
    }


def test_proxies_and_netrc_of_the_environment_are_ignored(
    server: PictureServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    with PictureServer() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("NETRC", str(netrc))
        assert fetcher_for(server).fetch(server.put("/cup.jpg", Reply(PICTURE))) == PICTURE
        assert proxy.connections == 0
    assert "authorization" not in server.headers("/cup.jpg")[0]


def test_cookies_are_not_kept(server: PictureServer) -> None:
    server.put("/b.jpg", Reply(PICTURE, headers={"Set-Cookie": "seen=b; Path=/"}))
    link = server.put(
        "/a.jpg", Reply(status=302, headers={"Location": "/b.jpg", "Set-Cookie": "seen=a; Path=/"})
    )
    fetcher = fetcher_for(server)
    fetcher.fetch(link)
    fetcher.fetch(link)
    seen = server.headers("/a.jpg") + server.headers("/b.jpg")
    assert len(seen) == 4
    assert not any("cookie" in headers for headers in seen)


@pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 418])
def test_other_statuses_fail_at_once(server: PictureServer, status: int) -> None:
    link = server.put("/gone.jpg", Reply(status=status))
    error = failure(fetcher_for(server, limits=PATIENT), link)
    assert error.code is ErrorCode.HTTP_STATUS
    assert f"received {status}" in error.message
    assert server.count("/gone.jpg") == 1


def test_a_redirect_without_a_target_is_a_status(server: PictureServer) -> None:
    assert failure(fetcher_for(server), server.put("/a", Reply(status=302))).code is ErrorCode.HTTP_STATUS


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_followed(self, server: PictureServer, status: int) -> None:
        server.put("/dir/b.jpg", Reply(PICTURE))
        assert fetcher_for(server).fetch(server.put("/dir/a.jpg", redirect("b.jpg", status))) == PICTURE

    @pytest.mark.parametrize(
        ("location", "path"),
        [
            ("/a b.jpg", "/a%20b.jpg"),
            ("/é.jpg".encode().decode("latin-1"), "/%C3%A9.jpg"),
            ("/a%2Bb", "/a%2Bb"),
        ],
    )
    def test_targets_are_encoded_where_they_are_not(
        self, server: PictureServer, location: str, path: str
    ) -> None:
        server.put(path, Reply(PICTURE))
        assert fetcher_for(server).fetch(server.put("/a", redirect(location))) == PICTURE

    def test_three_are_followed_and_four_are_not(self, server: PictureServer) -> None:
        server.put("/4", Reply(PICTURE))
        links = [server.put(f"/{number}", redirect(f"/{number + 1}")) for number in range(4)]
        fetcher = fetcher_for(server, limits=PATIENT)
        assert fetcher.fetch(links[1]) == PICTURE
        assert server.count("/4") == 1
        assert failure(fetcher, links[0]).code is ErrorCode.TOO_MANY_REDIRECTS
        assert server.count("/4") == 1

    def test_a_redirect_to_another_loopback_address_reaches_nobody(self, server: PictureServer) -> None:
        with PictureServer("127.0.0.2", server.address[1]) as inside:
            link = server.put("/a.jpg", redirect(inside.put("/secret", Reply(PICTURE))))
            error = failure(fetcher_for(server, limits=PATIENT), link)
            assert inside.connections == 0
        assert error.code is ErrorCode.BLOCKED_ADDRESS
        assert server.count("/a.jpg") == 1

    def test_a_redirect_to_a_port_that_is_not_allowed_reaches_nobody(self, server: PictureServer) -> None:
        with PictureServer() as inside:
            link = server.put("/a.jpg", redirect(inside.put("/secret", Reply(PICTURE))))
            error = failure(fetcher_for(server, limits=PATIENT), link)
            assert inside.connections == 0
        assert error.code is ErrorCode.BLOCKED_ADDRESS
        assert link in error.message

    @pytest.mark.parametrize(
        "location",
        [
            "file:///etc/passwd", "s3://bucket/key", "ftp://example.com/a", "http://[::1/",
            "http://someone:secret@example.com/a", "http://169.254.169.254/latest/", "//10.0.0.1/a",
            "http://example.com\\@127.0.0.1/",
        ],
    )  # fmt: skip
    def test_targets_that_are_refused(self, server: PictureServer, location: str) -> None:
        error = failure(fetcher_for(server), server.put("/a.jpg", redirect(location)))
        assert error.code is ErrorCode.BLOCKED_ADDRESS
        assert "secret" not in error.message

    def test_https_may_lead_to_another_name_on_the_same_server(self, server: PictureServer) -> None:
        asked: list[str] = []

        def resolve(host: str, port: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"]

        server.put("/b.jpg", Reply(PICTURE))
        server.put("/a.jpg", redirect(server.url("/b.jpg", host="two.test")))
        assert fetcher_for(server, resolve=resolve).fetch(server.url("/a.jpg", host="one.test")) == PICTURE
        assert asked == ["one.test", "two.test"]
        assert server.headers("/b.jpg")[0]["host"].startswith("two.test:")


class TestRetries:
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_transient_failures_are_tried_again(self, server: PictureServer, status: int) -> None:
        link = server.put("/cup.jpg", Reply(status=status), Reply(status=status), Reply(PICTURE))
        assert fetcher_for(server, limits=PATIENT).fetch(link) == PICTURE
        assert server.count("/cup.jpg") == 3

    def test_they_are_tried_twice_again_and_no_more(self, server: PictureServer) -> None:
        link = server.put("/cup.jpg", Reply(status=503))
        error = failure(fetcher_for(server, limits=PATIENT), link)
        assert error.code is ErrorCode.HTTP_STATUS
        assert "503" in error.message
        assert server.count("/cup.jpg") == 3

    def test_a_timeout_is_tried_again(self, server: PictureServer) -> None:
        limits = FetchLimits(connect=1, read=0.2, total=5, retries=1, backoff=0.01)
        stuck = Reply(pieces=endlessly(b""), pause=0.05, raw=True)
        link = server.put("/cup.jpg", stuck, Reply(PICTURE))
        assert fetcher_for(server, limits=limits).fetch(link) == PICTURE

    def test_seconds_to_wait_are_honoured(self, server: PictureServer) -> None:
        link = server.put("/cup.jpg", Reply(status=429, headers={"Retry-After": "1"}), Reply(PICTURE))
        started = time.monotonic()
        assert fetcher_for(server, limits=PATIENT).fetch(link) == PICTURE
        assert 1.0 <= time.monotonic() - started < 2.0

    def test_a_date_to_wait_for_is_honoured(self, server: PictureServer) -> None:
        # HTTP dates have no fractions: two seconds ahead is a wait of more than one.
        date = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        link = server.put("/cup.jpg", Reply(status=503, headers={"Retry-After": date}), Reply(PICTURE))
        started = time.monotonic()
        assert fetcher_for(server, limits=PATIENT).fetch(link) == PICTURE
        assert 1.0 <= time.monotonic() - started < 3.0

    @pytest.mark.parametrize(
        "wait",
        [
            "3600",
            "1" + "0" * 30,
            "9" * 5000,
            "Fri, 31 Dec 2999 23:59:59 GMT",
            "Fri, 31 Dec 9999 23:59:59 -2359",
        ],
    )
    def test_a_wait_past_the_deadline_is_not_begun(self, server: PictureServer, wait: str) -> None:
        link = server.put("/cup.jpg", Reply(status=429, headers={"Retry-After": wait}))
        started = time.monotonic()
        assert failure(fetcher_for(server, limits=PATIENT), link).code is ErrorCode.HTTP_STATUS
        assert time.monotonic() - started < 1
        assert server.count("/cup.jpg") == 1

    @pytest.mark.parametrize(
        "wait",
        [
            "soon", "-5", "", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 99 Dec 1999", "²", "1e30", "inf", "nan",
            # A year, a day, an hour and a zone that don't fit C's integers.
            f"Fri, 31 Dec 1{'0' * 30} 23:59:59 GMT", f"Fri, 1{'0' * 30} Dec 2999 23:59:59 GMT",
            f"Mon, 1 Jan 2999 1{'0' * 30}:00 GMT", f"Fri, 31 Dec 2999 23:59:59 +1{'0' * 30}",
            # A date that leaves the calendar in UTC.
            "Mon, 01 Jan 0001 00:00:00 +2359", "(" * 60_000,
        ],
    )  # fmt: skip
    def test_a_wait_that_makes_no_sense_is_none(self, server: PictureServer, wait: str) -> None:
        wait = wait.encode().decode("latin-1")
        link = server.put("/cup.jpg", Reply(status=429, headers={"Retry-After": wait}), Reply(PICTURE))
        started = time.monotonic()
        assert fetcher_for(server, limits=PATIENT).fetch(link) == PICTURE
        assert time.monotonic() - started < 1


class TestBrokenAnswers:
    def test_a_body_that_ends_early(self, server: PictureServer) -> None:
        link = server.put("/cup.jpg", Reply(b"half", headers={"Content-Length": "8"}, hang_up=True))
        error = failure(fetcher_for(server, limits=PATIENT), link)
        assert error.code is ErrorCode.CONNECT_FAILURE
        assert "4 bytes" in error.message
        assert server.count("/cup.jpg") == 1

    def test_chunks_that_end_early(self, server: PictureServer) -> None:
        reply = Reply(
            b"8\r\nhalf", headers={"Transfer-Encoding": "chunked", "Content-Length": ""}, hang_up=True
        )
        assert failure(fetcher_for(server), server.put("/cup.jpg", reply)).code is ErrorCode.CONNECT_FAILURE

    @pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n"])
    def test_what_is_not_http(self, server: PictureServer, answer: bytes) -> None:
        link = server.put("/cup.jpg", Reply(pieces=lambda: [answer], raw=True))
        assert failure(fetcher_for(server), link).code is ErrorCode.CONNECT_FAILURE

    def test_endless_headers(self, server: PictureServer) -> None:
        head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(1000)) + b"\r\n"
        link = server.put("/cup.jpg", Reply(pieces=lambda: [head], raw=True))
        assert failure(fetcher_for(server), link).code is ErrorCode.CONNECT_FAILURE

    def test_a_compression_that_is_none(self, server: PictureServer) -> None:
        link = server.put("/cup.jpg", Reply(b"plain text", headers={"Content-Encoding": "gzip"}))
        assert failure(fetcher_for(server), link).code is ErrorCode.DECODE_FAILURE

    @pytest.mark.parametrize("name", ODD_REPLIES)
    def test_odd_replies_are_bodies_or_row_errors(
        self, server: PictureServer, caplog: pytest.LogCaptureFixture, name: str
    ) -> None:
        code, reply = ODD_REPLIES[name]
        caplog.set_level(logging.DEBUG, "urllib3")
        link = server.put("/cup.jpg", Reply(pieces=lambda: [reply], raw=True))
        limits = FetchLimits(connect=1, read=1, total=3, max_bytes=400_000, retries=1, backoff=0.01)
        started = time.monotonic()
        if code is None:
            assert fetcher_for(server, limits=limits).fetch(link) == b"hello"
        else:
            error = failure(fetcher_for(server, limits=limits), link)
            assert error.code == code
            assert error.message.isprintable()
            assert len(error.message) < 600
        assert time.monotonic() - started < 1
        assert not [record for record in caplog.records if len(record.getMessage()) > 600]
        # Whatever came, the next download is as good as ever.
        server.put("/next.jpg", Reply(PICTURE))
        assert fetcher_for(server).fetch(server.url("/next.jpg")) == PICTURE

    def test_a_reason_is_shown_printable_and_short(self, server: PictureServer) -> None:
        head = b"HTTP/1.1 404 \x1b[31mGone\x07 " + b"x" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n"
        error = failure(fetcher_for(server), server.put("/cup.jpg", Reply(pieces=lambda: [head], raw=True)))
        assert "received 404 \\x1b[31mGone\\x07 xxx" in error.message
        assert error.message.endswith("check that the link still leads to a picture")
        assert len(error.message) < 300
