"""Python objects over a socket between two processes, each within a deadline."""

import math
import pickle
import socket
import struct
import time
from typing import Any, Final

# Before each message: its length in bytes.
_LENGTH: Final = struct.Struct("!Q")

# Bytes of a message at most: a picture's file of 20 MiB with room to spare. A process that announces more is
# out of order. Chosen by hand.
_MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024

# Bytes that are received at a time at most. Chosen by hand.
_CHUNK_BYTES: Final = 1024 * 1024


class MessageChannel:
    """One end of a channel between a process and its child, which trust one another.

    Args:
        connection: A connected stream socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        # What has come of the next message, with its length.
        self._received = bytearray()

    def send(self, message: object, deadline: float = math.inf) -> None:
        """Send an object.

        Args:
            message: Anything that can be pickled.
            deadline: In seconds of :func:`time.monotonic`.

        Raises:
            TimeoutError: The deadline passed.
            OSError: The other end is closed.
        """
        body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._wait_until(deadline)
        self._socket.sendall(_LENGTH.pack(len(body)))
        self._wait_until(deadline)
        self._socket.sendall(body)

    def receive(self, deadline: float = math.inf) -> Any:
        """Return the next object; what came of it before a deadline is kept for the next call.

        Args:
            deadline: In seconds of :func:`time.monotonic`.

        Raises:
            TimeoutError: The deadline passed.
            EOFError: The other end is closed.
            OSError: The connection is broken, or what came isn't a message.
        """
        self._receive(_LENGTH.size, deadline)
        (length,) = _LENGTH.unpack_from(self._received)
        if length > _MAX_MESSAGE_BYTES:
            raise OSError(f"expected a message of at most {_MAX_MESSAGE_BYTES} bytes, received {length}")
        self._receive(_LENGTH.size + length, deadline)
        message, self._received = self._received, bytearray()
        return pickle.loads(memoryview(message)[_LENGTH.size :])  # noqa: S301 - from this program's own process

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _receive(self, length: int, deadline: float) -> None:
        """Receive until there are so many bytes of the next message."""
        while len(self._received) < length:
            self._wait_until(deadline)
            chunk = self._socket.recv(min(_CHUNK_BYTES, length - len(self._received)))
            if not chunk:
                raise EOFError("expected a message, received the end of the connection")
            self._received += chunk

    def _wait_until(self, deadline: float) -> None:
        if deadline == math.inf:
            self._socket.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline passed")
        self._socket.settimeout(left)
