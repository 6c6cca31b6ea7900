"""The reading process: holds the models, and answers the pictures that its parent sends, one at a time.

:class:`tapeline.adapters.reading_process.ReadingProcess` starts it and has the other end of its channel. It
may end at any picture, by its own limit of memory, by a signal or by its parent, without harm to the parent.
"""

import contextlib
import faulthandler
import fcntl
import importlib
import json
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from tapeline.adapters.message_channel import MessageChannel
from tapeline.answers import PictureAnswerer, PictureAnswers, PictureQuery

# The part of the memory between its loaded models and its limit that a process may keep from one picture to
# the next; beyond it, it is replaced, since a later picture would find too little. Chosen by hand.
_WORN_SHARE: Final = 0.75

# The process that Linux ends first where memory runs out. Source: proc_pid_oom_score_adj(5).
_OOM_FIRST: Final = "1000"

_MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ChildOptions:
    """What a reading process is started with.

    Attributes:
        channel: The file descriptor of its end of the channel.
        lifeline: The file descriptor of a pipe that the parent holds open while it lives.
        factory: ``module:function``, which returns a :class:`~tapeline.answers.PictureAnswerer`.
        arguments: The keyword arguments of the factory; JSON.
        memory_megabytes: Memory that it may write to, its libraries' and its models' included.
    """

    channel: int
    lifeline: int
    factory: str
    arguments: Mapping[str, Any]
    memory_megabytes: int

    def dump(self) -> str:
        """Return the options as a command's argument."""
        return json.dumps(asdict(self))


class Loaded(NamedTuple):
    """The first message: the models are loaded, or why they aren't."""

    model_hashes: Mapping[str, str]
    error: Exception | None = None


class Request(NamedTuple):
    """A message to the process: a picture."""

    query: PictureQuery
    body: bytes


class Reply(NamedTuple):
    """The message about a picture.

    Attributes:
        kind: ``answers``; or ``error`` for an exception that isn't the picture's.
        content: The answers, or the exception's text.
        worn: Whether the process ends now, since it holds much memory.
    """

    kind: Literal["answers", "error"]
    content: PictureAnswers | str
    worn: bool = False


def main() -> None:
    """Run the process; its only argument is what :meth:`ChildOptions.dump` returns."""
    # Ctrl-C in a terminal reaches all processes: the parent decides what becomes of this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s")
    serve(ChildOptions(**json.loads(sys.argv[1])))


def serve(options: ChildOptions) -> None:
    """Answer pictures until the parent closes the channel."""
    channel = MessageChannel(socket.socket(fileno=options.channel))
    _die_with_the_parent(options.lifeline)
    _end_quietly()
    _limit_memory(options.memory_megabytes)
    try:
        answerer = _load(options)
        loaded = Loaded(dict(answerer.model_hashes))
    except Exception as error:
        logging.getLogger(__name__).exception("the models couldn't be loaded")
        channel.send(Loaded({}, error))
        return
    fresh = _measure_memory().resident
    worn_beyond = fresh + _WORN_SHARE * (options.memory_megabytes - fresh)
    worn = False
    # The parent may end at any time, and then needs no message.
    with contextlib.suppress(EOFError, ConnectionError):
        channel.send(loaded)
        while not worn:
            request: Request = channel.receive()
            _limit_memory(options.memory_megabytes)
            reply = _reply(answerer, request)
            del request
            worn = _measure_memory().resident > worn_beyond
            channel.send(reply._replace(worn=worn))


def _reply(answerer: PictureAnswerer, request: Request) -> Reply:
    try:
        return Reply("answers", answerer.answer(request.query, request.body))
    except MemoryError:
        # What is left of this process may lack more than this picture's memory: the next one is a fresh one.
        raise
    except Exception as error:
        logging.getLogger(__name__).exception("answering %s failed", request.query.image_link)
        return Reply("error", repr(error))


def _load(options: ChildOptions) -> PictureAnswerer:
    module, _, function = options.factory.partition(":")
    answerer: PictureAnswerer = getattr(importlib.import_module(module), function)(**options.arguments)
    return answerer


def _die_with_the_parent(lifeline: int) -> None:
    """Let the kernel end this process as soon as its parent has ended, whatever it is doing.

    Nothing is ever written to the lifeline: that its other end is closed is its only event. SIGIO tells it,
    whose default action is to end the process. Source: fcntl(2), F_SETOWN and O_ASYNC; signal(7).
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


class _Memory(NamedTuple):
    """The memory of this process in MB.

    Attributes:
        resident: What it has written to or read, its libraries included.
        data: What counts towards ``RLIMIT_DATA``: all that it may write to, whether it has or not.
    """

    resident: float
    data: float


def _end_quietly() -> None:
    """Leave no core file, and be the first to end where the worker's memory runs out."""
    # A process that crashes would leave a file as large as its memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_FIRST, encoding="ascii")


def _limit_memory(megabytes: int) -> None:
    """Limit what is mapped from now on to what is left of the process's memory.

    OpenVINO maps a block for the code of each kernel, of which it writes a seventh: after 60 pictures 1.3 GB
    were mapped and 0.2 written. So what is mapped but isn't written to doesn't count, apart from what the
    picture at hand adds.
    """
    # RLIMIT_DATA, not RLIMIT_AS: the address space has libraries and reserved areas too, gigabytes in all.
    memory = _measure_memory()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = round((memory.data + max(megabytes - memory.resident, 0)) * _MEGABYTE)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _measure_memory() -> _Memory:
    """Return the memory of this process. Source: proc_pid_statm(5), the fields ``resident`` and ``data``."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    resident, data = (int(fields[number]) * resource.getpagesize() / _MEGABYTE for number in (1, 5))
    return _Memory(resident, data)
