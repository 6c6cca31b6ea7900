"""What a hostile or broken web server may send: malformed framing, headers, statuses and redirects."""

from collections.abc import Iterator
from typing import Final

from tapeline.errors import ErrorCode

_OK: Final = b"HTTP/1.1 200 OK\r\n"
_BODY: Final = b"Content-Length: 5\r\n\r\nhello"


def _chunks() -> Iterator[tuple[bytes, ErrorCode | None]]:
    """Lengths of a chunk whose body is ``hello``."""
    yield from ((size, None) for size in (b"5", b"+5", b"0x5", b" 5", b"5 "))
    for size in (b"-5", b"-1", b"--1", b"-" + b"9" * 40, b"1_0", b"", b"zz", b"1e3", b"\xff", b"\xc2\xb2"):
        yield size, ErrorCode.CONNECT_FAILURE
    yield b"f" * 70_000, ErrorCode.CONNECT_FAILURE
    yield b"5;" + b"x" * 70_000, ErrorCode.CONNECT_FAILURE


def _heads() -> Iterator[tuple[bytes, ErrorCode | None]]:
    """Headers between the status line and the body ``hello``."""
    for length in (b"-1", b"+5", b"abc", b"\xb2", b"1e30", b"", b"0x5", b"\xd9\xa5"):
        yield b"Content-Length: " + length + b"\r\n", None
    yield b"Content-Length: 5, 6\r\n", ErrorCode.CONNECT_FAILURE
    yield b"Content-Length: 1_0\r\n", ErrorCode.CONNECT_FAILURE
    yield b"Content-Length: " + b"9" * 30 + b"\r\n", ErrorCode.TOO_LARGE
    yield b"Content-Encoding: " + b"gzip," * 50 + b"gzip\r\n", ErrorCode.DECODE_FAILURE
    yield b"Content-Encoding: " + b"," * 60_000 + b"\r\n", None
    yield b"nonsense\r\nX: y\r\n", None
    yield b"nonsense" * 8000 + b"\r\nX: y\r\n", None
    yield b"\xff\xfe\xfd: \x00\x01\r\n", None
    yield b": x\r\n", None
    yield b" leading\r\nX: y\r\n", None
    yield b"From x y\r\nX: y\r\n", None
    yield b"A: b\rC: d\r\n", None
    yield b"Content-Type: multipart/mixed; boundary=x\r\n" * 90, None
    yield b'Content-Type: text/plain; charset="x\x00"\r\nContent-Transfer-Encoding: base64\r\n', None
    yield b"X: =?utf-8?q?" + b"=41" * 20_000 + b"?=\r\n", None
    yield b"X: y\r\n" * 50_000, ErrorCode.CONNECT_FAILURE
    yield b"X: y\r\n" + b" folded\r\n" * 50_000, ErrorCode.CONNECT_FAILURE
    yield b"X: " + b"a" * 70_000 + b"\r\n", ErrorCode.CONNECT_FAILURE
    yield (b"X: " + b"a" * 65_000 + b"\r\n") * 90, ErrorCode.TOO_LARGE
    yield (b"Set-Cookie: " + b"a=b;" * 15_000 + b"\r\n") * 90, ErrorCode.TOO_LARGE


def _statuses() -> Iterator[tuple[bytes, ErrorCode | None]]:
    """Status lines of an answer that goes on as it should."""
    yield b"HTTP/1.1 100 Continue\r\n\r\n" * 200 + b"HTTP/1.1 200 OK", None
    for status in (
        b"404 " + b"A" * 60_000,
        b"500 " + b"\xff" * 60_000,
        b"404 \x1b[31mred\x07\x00",
        b"404 a\rb",
    ):
        yield b"HTTP/1.1 " + status, ErrorCode.HTTP_STATUS
    for line in (b"HTTP/9.9 200 OK", b"HTTP/2 200", b"ICY 200 OK", b"\r\n\r\nHTTP/1.1 200 OK"):
        yield line, ErrorCode.CONNECT_FAILURE
    for status in (b"99999", b"-200", b"099", b"\xb2\xb2\xb2", b"1e2", b"9" * 5000, b"200 " + b"A" * 70_000):
        yield b"HTTP/1.1 " + status, ErrorCode.CONNECT_FAILURE


def _locations() -> Iterator[tuple[bytes, ErrorCode | None]]:
    """Targets of a redirect."""
    for target in (
        b"http://[", b"http://a:b:c/", b"http://" + b"a" * 60_000, b"/" + b"a" * 60_000, b"http://\xff\xfe/",
        b"http://a%00b/", b"?" * 60_000, b"http://:80/", b"http://127.0.0.1:99999/", b"http://127.0.0.1:-1/",
        b"http://" + b"." * 300, b"http://a\x7fb/", b"http://\xe2\x84\x80/", b"javascript:alert(1)",
        b"http://\xef\xbc\x8f/", b"/;" * 30_000, b"../" * 20_000, b"/" + b"\xe2\x80\xae" * 2000,
    ):  # fmt: skip
        yield target, ErrorCode.BLOCKED_ADDRESS
    for target in (b"\x00", b"%", b"%zz", b"\xe2\x80\xae", b"\x1b[31mred"):
        yield target, ErrorCode.HTTP_STATUS
    for target in (b"//", b"HTTP://", b"#top"):
        yield target, ErrorCode.TOO_MANY_REDIRECTS


def _replies() -> Iterator[tuple[str, bytes, ErrorCode | None, bytes]]:
    """Kind, what is odd, code, and the whole reply."""
    chunked = _OK + b"Transfer-Encoding: chunked\r\n"
    for size, code in _chunks():
        yield "chunk", size, code, chunked + b"\r\n" + size + b"\r\nhello\r\n0\r\n\r\n"
    for head, code in _heads():
        yield "head", head, code, _OK + head + b"\r\nhello"
    for status, code in _statuses():
        yield "status", status, code, status + b"\r\n" + _BODY
    for target, code in _locations():
        head = b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n"
        yield "location", target, code, head
    trailers = chunked + b"\r\n5\r\nhello\r\n0\r\n" + b"x" * 70_000 + b"\r\n\r\n"
    yield "trailer", b"", ErrorCode.CONNECT_FAILURE, trailers
    compressed = chunked + b"Content-Encoding: gzip\r\n\r\n-5\r\nhello\r\n"
    yield "compressed chunk", b"-5", ErrorCode.CONNECT_FAILURE, compressed


# Name of a case -> the code of the row's error, or None where the body is ``hello``; and the whole reply.
ODD_REPLIES: Final = {
    f"{number} {kind} {odd[:20]!r}": (code, reply)
    for number, (kind, odd, code, reply) in enumerate(_replies())
}
