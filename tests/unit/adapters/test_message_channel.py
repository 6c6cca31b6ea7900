"""Messages between a worker and its reading process: whole, in order, and in time."""

import pickle
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tapeline.adapters.message_channel import MessageChannel


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, MessageChannel]]:
    """A socket, and the channel at its other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, MessageChannel(theirs)


def framed(message: object) -> bytes:
    body = pickle.dumps(message)
    return struct.pack("!Q", len(body)) + body


def test_messages_arrive_whole_and_in_order(ends: tuple[socket.socket, MessageChannel]) -> None:
    sender, receiver = MessageChannel(ends[0]), ends[1]
    messages = [{"number": 1}, b"x" * 100_000, None]
    for message in messages:
        sender.send(message)
    assert [receiver.receive() for _ in messages] == messages


@pytest.mark.parametrize("first", [0, 3, 8, 20])
def test_what_came_before_a_deadline_is_kept(ends: tuple[socket.socket, MessageChannel], first: int) -> None:
    message = framed("a message of some length")
    ends[0].sendall(message[:first])
    with pytest.raises(TimeoutError):
        ends[1].receive(time.monotonic() + 0.05)
    ends[0].sendall(message[first:] + framed("another"))
    assert [ends[1].receive(time.monotonic() + 5) for _ in range(2)] == [
        "a message of some length",
        "another",
    ]


def test_the_end_of_the_connection_is_an_error(ends: tuple[socket.socket, MessageChannel]) -> None:
    ends[0].sendall(framed("cut short")[:-1])
    ends[0].close()
    with pytest.raises(EOFError, match="received the end of the connection"):
        ends[1].receive()


def test_a_message_that_claims_to_be_huge_is_refused(ends: tuple[socket.socket, MessageChannel]) -> None:
    ends[0].sendall(struct.pack("!Q", 1 << 40))
    with pytest.raises(OSError, match="at most 67108864 bytes, received 1099511627776"):
        ends[1].receive()
