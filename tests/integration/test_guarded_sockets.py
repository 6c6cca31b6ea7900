"""The sockets under downloads: addresses, deadlines, bytes, connections and TLS."""

import gzip
import itertools
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tapeline.adapters.http_fetcher import HttpFetcher
from tapeline.download.addresses import AddressPolicy
from tapeline.download.limits import FetchLimits
from tapeline.errors import ErrorCode
from tests.integration.fetching import PATIENT, PICTURE, QUICK, failure, fetcher_for
from tests.integration.http_server import PictureServer, Reply, endlessly


class TestAddresses:
    def test_loopback_is_refused_unless_this_very_port_is_allowed(self, server: PictureServer) -> None:
        link = server.put("/cup.jpg", Reply(PICTURE))
        host, port = server.address
        elsewhere = HttpFetcher(AddressPolicy(allowed=[("127.0.0.2", port)]), QUICK)
        error = failure(elsewhere, link)
        assert error.code is ErrorCode.BLOCKED_ADDRESS
        assert host in error.message
        assert server.connections == 0

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "0x7f.1", "127.1",
            "0177.0.0.1", "0", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        ],
    )  # fmt: skip
    def test_every_spelling_of_loopback_is_refused(self, server: PictureServer, host: str) -> None:
        # The port is open for an address on which nothing listens: only the address stands in the way.
        _, port = server.address
        fetcher = HttpFetcher(AddressPolicy(allowed=[("127.0.0.9", port)]), QUICK)
        assert failure(fetcher, server.url("/cup.jpg", host=host)).code is ErrorCode.BLOCKED_ADDRESS
        assert server.connections == 0

    @pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "[fd00:ec2::254]", "100.64.0.1"])
    def test_addresses_inside_a_cloud_are_refused(self, host: str) -> None:
        assert failure(HttpFetcher(), f"http://{host}/latest/").code is ErrorCode.BLOCKED_ADDRESS

    def test_other_ports_are_no_links(self, server: PictureServer) -> None:
        assert failure(HttpFetcher(), server.url("/cup.jpg")).code is ErrorCode.BAD_LINK
        assert server.connections == 0

    def test_one_refused_address_refuses_the_name(self, server: PictureServer) -> None:
        fetcher = fetcher_for(server, resolve=lambda host, port: ["127.0.0.1", "10.0.0.1"])
        error = failure(fetcher, server.url("/cup.jpg", host="two.test"))
        assert error.code is ErrorCode.BLOCKED_ADDRESS
        assert "10.0.0.1" in error.message
        assert server.connections == 0

    def test_the_address_that_was_checked_is_the_one_connected_to(self, server: PictureServer) -> None:
        # A name that leads to the server when asked first and inside the network when asked again.
        answers = [["127.0.0.1"], ["10.0.0.1"]]
        asked: list[str] = []

        def resolve(host: str, port: int) -> list[str]:
            asked.append(host)
            return answers.pop(0)

        server.put("/cup.jpg", Reply(PICTURE, hang_up=True))
        fetcher = fetcher_for(server, resolve=resolve)
        link = server.url("/cup.jpg", host="rebind.test")
        assert fetcher.fetch(link) == PICTURE
        assert asked == ["rebind.test"]
        assert server.headers("/cup.jpg")[0]["host"] == f"rebind.test:{server.address[1]}"
        assert failure(fetcher, link).code is ErrorCode.BLOCKED_ADDRESS
        assert server.count("/cup.jpg") == 1

    def test_the_next_address_is_tried_where_one_does_not_answer(self, server: PictureServer) -> None:
        _, port = server.address
        policy = AddressPolicy(allowed=[("127.0.0.8", port), server.address])
        fetcher = HttpFetcher(policy, QUICK, resolve=lambda host, port: ["127.0.0.8", "127.0.0.1"])
        server.put("/cup.jpg", Reply(PICTURE))
        assert fetcher.fetch(server.url("/cup.jpg", host="two.test")) == PICTURE

    def test_a_name_that_does_not_resolve(self) -> None:
        def resolve(host: str, port: int) -> list[str]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        error = failure(HttpFetcher(resolve=resolve), "https://nowhere.test/a.jpg")
        assert error.code is ErrorCode.DNS_FAILURE
        assert "nowhere.test" in error.message

    def test_a_name_without_addresses(self) -> None:
        error = failure(HttpFetcher(resolve=lambda host, port: []), "https://empty.test/a.jpg")
        assert error.code is ErrorCode.DNS_FAILURE

    def test_a_name_server_that_does_not_answer(self) -> None:
        release = threading.Event()

        def resolve(host: str, port: int) -> list[str]:
            release.wait(5)
            return []

        started = time.monotonic()
        error = failure(HttpFetcher(limits=QUICK, resolve=resolve), "https://slow.test/a.jpg")
        release.set()
        assert error.code is ErrorCode.TIMEOUT
        assert time.monotonic() - started < 2

    @pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..test", "*.test", "127。0。0。1", "①②⑦.0.0.1"])
    def test_hosts_that_are_no_names(self, host: str) -> None:
        assert failure(HttpFetcher(), f"https://{host}/a.jpg").code in {
            ErrorCode.BAD_LINK,
            ErrorCode.DNS_FAILURE,
        }

    def test_nothing_listens(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            fetcher = HttpFetcher(AddressPolicy(allowed=[("127.0.0.1", port)]), PATIENT)
            error = failure(fetcher, f"http://127.0.0.1:{port}/a.jpg")
        assert error.code is ErrorCode.CONNECT_FAILURE
        assert "refused" in error.message


class TestTime:
    @pytest.mark.parametrize(
        "reply",
        [
            pytest.param(Reply(pieces=endlessly(b"x"), pause=0.05), id="body"),
            pytest.param(
                Reply(pieces=endlessly(b"1\r\nx\r\n"), pause=0.05, headers={"Transfer-Encoding": "chunked"}),
                id="chunks",
            ),
            pytest.param(
                Reply(pieces=endlessly(b"0"), pause=0.05, headers={"Transfer-Encoding": "chunked"}),
                id="length of a chunk",
            ),
            pytest.param(Reply(pieces=endlessly(b"H"), pause=0.05, raw=True), id="status line"),
            pytest.param(
                Reply(pieces=endlessly(b"HTTP/1.1 100 Continue\r\n\r\n"), pause=0.05, raw=True),
                id="continues",
            ),
        ],
    )
    def test_a_slow_drip_ends_with_the_total_deadline(self, server: PictureServer, reply: Reply) -> None:
        link = server.put("/cup.jpg", reply)
        started = time.monotonic()
        error = failure(fetcher_for(server), link)
        assert error.code is ErrorCode.TIMEOUT
        assert QUICK.total - 0.2 < time.monotonic() - started < QUICK.total + 0.7

    def test_silence_ends_with_the_read_deadline(self, server: PictureServer) -> None:
        link = server.put("/cup.jpg", Reply(b"", headers={"Content-Length": "10"}))
        started = time.monotonic()
        assert failure(fetcher_for(server), link).code is ErrorCode.TIMEOUT
        assert QUICK.read - 0.1 < time.monotonic() - started < QUICK.total

    def test_redirects_and_retries_share_the_total_deadline(self, server: PictureServer) -> None:
        # Several times as long as a try: on a busy machine a try may begin late.
        limits = FetchLimits(connect=1, read=0.4, total=2.4, retries=50, backoff=0.01)
        link = server.put("/cup.jpg", Reply(pieces=endlessly(b""), pause=0.05, raw=True))
        started = time.monotonic()
        assert failure(fetcher_for(server, limits=limits), link).code is ErrorCode.TIMEOUT
        assert time.monotonic() - started < 3.6
        assert 2 <= server.count("/cup.jpg") <= 7

    def test_a_connection_that_is_never_made(self) -> None:
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            address = full.getsockname()
            # One connection fills the queue of a socket that never accepts; the next ones hang.
            fillers = [socket.socket() for _ in range(3)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(address)
            time.sleep(0.1)
            error = failure(
                HttpFetcher(AddressPolicy(allowed=[address]), QUICK), f"http://127.0.0.1:{address[1]}/a.jpg"
            )
            for filler in fillers:
                filler.close()
        assert error.code is ErrorCode.TIMEOUT

    def test_a_tls_handshake_that_is_never_made(self, server: PictureServer) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            address = mute.getsockname()
            fetcher = HttpFetcher(AddressPolicy(allowed=[address]), QUICK)
            started = time.monotonic()
            error = failure(fetcher, f"https://127.0.0.1:{address[1]}/a.jpg")
        assert error.code is ErrorCode.TIMEOUT
        assert time.monotonic() - started < QUICK.total


class TestSize:
    def test_a_body_of_the_greatest_size_is_accepted(self, server: PictureServer) -> None:
        body = bytes(QUICK.max_bytes)
        assert fetcher_for(server).fetch(server.put("/cup.jpg", Reply(body))) == body

    def test_a_body_announced_as_larger_is_not_read(self, server: PictureServer) -> None:
        headers = {"Content-Length": str(QUICK.max_bytes + 1)}
        link = server.put("/cup.jpg", Reply(pieces=endlessly(b""), pause=0.05, headers=headers))
        started = time.monotonic()
        assert failure(fetcher_for(server), link).code is ErrorCode.TOO_LARGE
        assert time.monotonic() - started < QUICK.read

    @pytest.mark.parametrize("length", ["9" * 5000, "400001"])
    def test_lengths_beyond_all_numbers(self, server: PictureServer, length: str) -> None:
        link = server.put("/cup.jpg", Reply(headers={"Content-Length": length}))
        assert failure(fetcher_for(server), link).code is ErrorCode.TOO_LARGE

    @pytest.mark.parametrize(
        "reply",
        [
            pytest.param(Reply(pieces=endlessly(bytes(50_000))), id="body"),
            pytest.param(
                Reply(
                    pieces=endlessly(b"1000\r\n" + bytes(4096) + b"\r\n"),
                    headers={"Transfer-Encoding": "chunked"},
                ),
                id="chunks",
            ),
            pytest.param(
                Reply(
                    pieces=lambda: itertools.chain([b"0\r\n"], itertools.repeat(b"X: y\r\n" * 5000)),
                    headers={"Transfer-Encoding": "chunked"},
                ),
                id="trailers",
            ),
            pytest.param(
                Reply(pieces=endlessly(gzip.compress(b"") * 1000), headers={"Content-Encoding": "gzip"}),
                id="gzip of nothing",
            ),
        ],
    )
    def test_an_endless_answer_is_cut(self, server: PictureServer, reply: Reply) -> None:
        limits = FetchLimits(max_bytes=QUICK.max_bytes, retries=0)
        error = failure(fetcher_for(server, limits=limits), server.put("/cup.jpg", reply))
        assert error.code is ErrorCode.TOO_LARGE

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    def test_a_bomb_is_cut_by_what_it_unpacks_to(self, server: PictureServer, encoding: str) -> None:
        pack = gzip.compress if encoding == "gzip" else zlib.compress
        bomb = pack(bytes(200 * 1024 * 1024), 9)
        assert len(bomb) < QUICK.max_bytes
        headers = {"Content-Encoding": encoding}
        started = time.monotonic()
        error = failure(fetcher_for(server), server.put("/cup.jpg", Reply(bomb, headers=headers)))
        assert error.code is ErrorCode.TOO_LARGE
        assert time.monotonic() - started < 0.5

    def test_a_compressed_body_is_unpacked(self, server: PictureServer) -> None:
        reply = Reply(gzip.compress(PICTURE), headers={"Content-Encoding": "gzip"})
        assert fetcher_for(server).fetch(server.put("/cup.jpg", reply)) == PICTURE


class TestConnections:
    def test_a_connection_is_used_again(self, server: PictureServer) -> None:
        link = server.put("/cup.jpg", Reply(PICTURE))
        fetcher = fetcher_for(server)
        for _ in range(5):
            assert fetcher.fetch(link) == PICTURE
        assert server.connections == 1
        fetcher.close()
        assert fetcher.fetch(link) == PICTURE
        assert server.connections == 2

    def test_an_idle_connection_that_broke_is_replaced_without_counting_as_a_retry(
        self, server: PictureServer
    ) -> None:
        # The server takes the second request on the old connection, and breaks it instead of answering.
        link = server.put("/cup.jpg", Reply(PICTURE), Reply(pieces=lambda: [b""], raw=True), Reply(PICTURE))
        fetcher = fetcher_for(server, limits=QUICK)
        assert fetcher.fetch(link) == PICTURE
        assert fetcher.fetch(link) == PICTURE
        assert server.connections == 2

    def test_downloads_in_several_threads_do_not_mix(self, server: PictureServer) -> None:
        bodies = {server.put(f"/{number}", Reply(os.urandom(50_000))): number for number in range(40)}
        expected = {link: fetcher_for(server).fetch(link) for link in bodies}
        slow = server.put("/slow", Reply(pieces=endlessly(b"x"), pause=0.02))
        fetcher = HttpFetcher(AddressPolicy(allowed=[server.address]), QUICK, connections=8)
        before = server.connections
        with ThreadPoolExecutor(8) as pool:
            dripping = pool.submit(failure, fetcher, slow)
            arrived = dict(zip(expected, pool.map(fetcher.fetch, expected), strict=True))
            assert dripping.result().code is ErrorCode.TIMEOUT
        assert arrived == expected
        assert len(set(expected.values())) == 40
        assert server.connections - before <= 8


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with the key and the self-signed certificate of pictures.test."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the certificate is made with openssl, which isn't there")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    options = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=pictures.test"
    )
    extension = ["-addext", "subjectAltName=DNS:pictures.test"]
    subprocess.run(
        [openssl, *options.split(), *extension, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    both.write_text(key.read_text() + certificate.read_text())
    return both


class TestTLS:
    @pytest.fixture
    def names(self) -> list[str | None]:
        return []

    @pytest.fixture
    def secure(self, certificate: Path, names: list[str | None]) -> Iterator[PictureServer]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _, name, __: names.append(name)
        with PictureServer(tls=context) as server:
            server.put("/cup.jpg", Reply(PICTURE))
            server.put("/drip", Reply(pieces=endlessly(b"x"), pause=0.05))
            yield server

    def test_the_name_stays_for_sni_certificate_and_host(
        self, secure: PictureServer, certificate: Path, names: list[str | None]
    ) -> None:
        fetcher = fetcher_for(secure, resolve=lambda host, port: ["127.0.0.1"], ca_file=str(certificate))
        assert fetcher.fetch(secure.url("/cup.jpg", host="pictures.test")) == PICTURE
        assert names == ["pictures.test"]
        assert secure.headers("/cup.jpg")[0]["host"] == f"pictures.test:{secure.address[1]}"

    def test_another_name_than_the_certificate_s_is_refused(
        self, secure: PictureServer, certificate: Path
    ) -> None:
        fetcher = fetcher_for(secure, resolve=lambda host, port: ["127.0.0.1"], ca_file=str(certificate))
        error = failure(fetcher, secure.url("/cup.jpg", host="other.test"))
        assert error.code is ErrorCode.CONNECT_FAILURE
        assert "certificate" in error.message
        assert secure.total == 0

    def test_an_unknown_authority_is_refused(self, secure: PictureServer) -> None:
        fetcher = fetcher_for(secure, resolve=lambda host, port: ["127.0.0.1"])
        error = failure(fetcher, secure.url("/cup.jpg", host="pictures.test"))
        assert error.code is ErrorCode.CONNECT_FAILURE
        assert secure.total == 0

    def test_no_authority_joins_those_that_are_trusted(
        self, secure: PictureServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetcher = fetcher_for(secure, resolve=lambda host, port: ["127.0.0.1"], ca_file=str(certificate))
        loaded: list[object] = []
        monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *given: loaded.append(given))
        assert fetcher.fetch(secure.url("/cup.jpg", host="pictures.test")) == PICTURE
        assert loaded == []

    def test_a_slow_drip_ends_with_the_total_deadline(self, secure: PictureServer, certificate: Path) -> None:
        fetcher = fetcher_for(secure, resolve=lambda host, port: ["127.0.0.1"], ca_file=str(certificate))
        started = time.monotonic()
        assert failure(fetcher, secure.url("/drip", host="pictures.test")).code is ErrorCode.TIMEOUT
        assert QUICK.total - 0.2 < time.monotonic() - started < QUICK.total + 0.7

    def test_plain_http_on_a_port_for_tls(self, server: PictureServer) -> None:
        link = server.url("/cup.jpg").replace("http:", "https:")
        assert failure(fetcher_for(server), link).code is ErrorCode.CONNECT_FAILURE
