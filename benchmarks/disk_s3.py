"""As much of S3 as FanOut and Reducer call, over HTTP on loopback, with its objects as files.

``python -m benchmarks.disk_s3 FOLDER`` prints its port and serves until it is ended. Each request waits for
as long as S3 takes to answer one, so that what a function waits for is measured too.
"""

import os
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

# Seconds that a request takes S3 at about the median. Chosen by hand.
_SECONDS: Final = 0.02

# Keys in one page of a listing, as S3 has them.
_PAGE: Final = 1000

_COPIED_BYTES: Final = 1024 * 1024


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet where the body is small.
    wbufsize = 256 * 1024
    disable_nagle_algorithm = True
    folder = Path()

    def do_GET(self) -> None:
        path, query = self._target()
        if "list-type" in query:
            self._answer(200, _listing(path, query))
        elif not path.is_file():
            self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>")
        else:
            with path.open("rb") as file:
                self._head(200, os.fstat(file.fileno()).st_size)
                while piece := file.read(_COPIED_BYTES):
                    self.wfile.write(piece)

    def do_HEAD(self) -> None:
        path, _ = self._target()
        self._head(200 if path.is_file() else 404, 0)

    def do_PUT(self) -> None:
        path, _ = self._target()
        path.parent.mkdir(parents=True, exist_ok=True)
        left = int(self.headers["Content-Length"])
        if self.headers.get("Expect") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        with path.open("wb") as file:
            while left:
                piece = self.rfile.read(min(left, _COPIED_BYTES))
                file.write(piece)
                left -= len(piece)
        self._answer(200, b"")

    def handle_expect_100(self) -> bool:
        return True

    def log_message(self, *_: object) -> None:
        pass

    def _target(self) -> tuple[Path, dict[str, str]]:
        time.sleep(_SECONDS)
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        return self.folder / urllib.parse.unquote(parts.path).strip("/"), query

    def _head(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _answer(self, status: int, body: bytes) -> None:
        self._head(status, len(body))
        self.wfile.write(body)


def _listing(bucket: Path, query: dict[str, str]) -> bytes:
    """Return a page of keys: those of one folder, which is all that the functions list."""
    prefix, after = query["prefix"], query.get("continuation-token", "")
    folder = bucket / prefix
    names = sorted(entry.name for entry in os.scandir(folder)) if folder.is_dir() else []
    left = [name for name in names if name > after]
    page = left[:_PAGE]
    following = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if len(left) > _PAGE else ""
    return (
        f"<ListBucketResult><IsTruncated>{str(bool(following)).lower()}</IsTruncated>{following}"
        + "".join(f"<Contents><Key>{escape(prefix + name)}</Key></Contents>" for name in page)
        + "</ListBucketResult>"
    ).encode()


def main() -> None:
    """Serve the folder of the command line."""
    _Handler.folder = Path(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
