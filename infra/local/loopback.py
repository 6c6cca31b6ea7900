"""An HTTP server on a port of the loopback interface, which serves while it is entered."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self, override

# Seconds between two looks at whether the server is to end.
_POLL_SECONDS: Final = 0.05


class LoopbackServer(ThreadingHTTPServer):
    """A server with a thread for each request; a context manager that serves while entered.

    Args:
        handler: Answers requests.
        port: The port; 0 picks a free one.

    Raises:
        OSError: The port is taken.
    """

    daemon_threads = True
    # Clients that wait in the kernel's queue instead of being refused; the default is 5.
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), name="loopback", daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return f"http://127.0.0.1:{self.server_port}"

    @override
    def __enter__(self) -> Self:
        self._thread.start()
        return self

    @override
    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: clients may close their connections at any time."""
