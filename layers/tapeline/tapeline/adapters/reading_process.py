"""Answers pictures in a process of its own, which a picture may end or keep busy without harm to the worker.

The process is started with :mod:`subprocess`, and not forked: the worker has threads and connections by then.
Of :mod:`multiprocessing` nothing is used, whose queues and pools need the shared memory that Lambda lacks.
"""

import math
import os
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping
from typing import Any, Final

from tapeline.adapters.message_channel import MessageChannel
from tapeline.adapters.reading_child import ChildOptions, Loaded, Reply, Request
from tapeline.answers import PictureAnswers, PictureQuery, failed
from tapeline.errors import DeadlineError, ErrorCode, ReadingProcessError, RowError

# Seconds that a picture may take, from its bytes to its answers. Chosen by hand: ten times the slowest of the
# pictures that were measured, on a busy machine.
MAX_PICTURE_SECONDS: Final = 60.0

# Seconds that are waited for a process to load its models, in all. Time that passes while nobody waits isn't
# counted: downloads may take minutes, and Lambda stops all processes between two events. Chosen by hand: many
# times what was measured, since the first start after a deployment reads the image over the network.
_START_SECONDS: Final = 120.0

# Seconds that a process has to end by itself after its last message. Chosen by hand.
_END_SECONDS: Final = 5.0

# Not -m: the process's messages are then of the same classes as here.
_COMMAND: Final = "from tapeline.adapters.reading_child import main; main()"

# Environment variables by which a CPU is taken for a lesser one: what models return would change with them.
# Source: oneDNN's documentation, "CPU Dispatcher Control"; the second name is the older one.
_ISA_VARIABLES: Final = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")

# glibc's settings of malloc: blocks of up to 32 MiB, the most that it allows, come from the heap, and 128 MiB
# of it stay when they are freed. A picture's buffers are megabytes each, and would otherwise be new pages,
# which the kernel clears. Measured: decoding has 60 page faults, not 1,200, and takes 0.5 (alone) to 0.85 of
# the time (between readings). Source: mallopt(3).
_MALLOC: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024 * 1024),
}

# Processes that a picture may end before it is to blame: the first may have been ended by something else.
_TRIES: Final = 2


def child_environment() -> dict[str, str]:
    """Return the environment of a reading process that is started from this process."""
    kept = {name: value for name, value in os.environ.items() if name not in _ISA_VARIABLES}
    return _MALLOC | kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


class ReadingProcess:
    """Answers pictures in a child process; implements :class:`tapeline.answers.PictureAnswerer`.

    The process is started at once, loads its models while the caller does other things, and is started anew
    where a picture ended it. For one thread at a time.

    Args:
        factory: ``module:function``, which returns the answerer in the process.
        arguments: Its keyword arguments; JSON.
        memory_megabytes: Memory that the process may write to.
        picture_seconds: Seconds that a picture may take.
    """

    def __init__(
        self,
        factory: str,
        arguments: Mapping[str, Any],
        *,
        memory_megabytes: int,
        picture_seconds: float = MAX_PICTURE_SECONDS,
    ) -> None:
        self._factory = factory
        self._arguments = arguments
        self._memory_megabytes = memory_megabytes
        self._picture_seconds = picture_seconds
        self._model_hashes: Mapping[str, str] | None = None
        self._child: _Child | None = self._start()

    @property
    def model_hashes(self) -> Mapping[str, str]:
        """File name -> SHA-256 of each model file in use; waits until they are loaded.

        Raises:
            ModelFileError: A model file isn't what it should be.
            ReadingProcessError: The process didn't start.
        """
        # A process that is started anew loads the same files, and isn't waited for.
        if self._model_hashes is None:
            return self._loaded(math.inf).model_hashes
        return self._model_hashes

    @property
    def pid(self) -> int | None:
        """The process's number; None while there is none."""
        return self._child.process.pid if self._child else None

    def answer(self, query: PictureQuery, body: bytes, deadline: float = math.inf) -> PictureAnswers:
        """Answer a picture.

        Returns:
            The answers; ``timeout_reading`` where it took longer than a picture may, ``worker_died`` where it
            ended the process, twice.

        Raises:
            DeadlineError: The deadline passed; the process was ended, unless it was still loading its models.
            ModelFileError: A model file isn't what it should be.
            ReadingProcessError: The process didn't start.
        """
        ended = ""
        for _ in range(_TRIES):
            child = self._loaded(deadline)
            limit = min(deadline, time.monotonic() + self._picture_seconds)
            try:
                reply = child.exchange(Request(query, body), limit)
            except TimeoutError as error:
                self.close()
                if limit == deadline:
                    raise _too_late(deadline) from error
                return failed(query, self._too_slow())
            except (EOFError, OSError):
                ended = self._end()
                continue
            except BaseException:
                # Such as a MemoryError here: this picture's reply may still come, and isn't the next one's.
                self.close()
                raise
            if reply.worn:
                self.close()
                self._child = self._start()
            if isinstance(reply.content, PictureAnswers):
                return reply.content
            message = f"answering failed: {reply.content}; please report this picture"
            return failed(query, RowError(ErrorCode.INTERNAL, message))
        return failed(query, self._died(ended))

    def close(self) -> None:
        """End the process; the next picture starts another one."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _start(self) -> "_Child":
        return _Child(self._factory, self._arguments, self._memory_megabytes)

    def _loaded(self, deadline: float) -> "_Child":
        """Return the process with its models loaded."""
        if self._child is None:
            self._child = self._start()
        child = self._child
        if child.is_loaded:
            return child
        limit = min(deadline, time.monotonic() + _START_SECONDS - child.waited)
        try:
            error = child.wait(limit)
        except TimeoutError as timeout:
            if limit == deadline:
                # It goes on loading, for the next picture.
                raise _too_late(deadline) from timeout
            self.close()
            raise _not_started(f"nothing within {_START_SECONDS:.0f} seconds") from timeout
        except (EOFError, OSError) as broken:
            raise _not_started(f"its end ({self._end()})") from broken
        if error is not None:
            self.close()
            raise error
        self._model_hashes = child.model_hashes
        return child

    def _end(self) -> str:
        """Wait for the end of a process that closed its channel, and say how it ended."""
        child, self._child = self._child, None
        return "" if child is None else child.wait_for_end()

    def _too_slow(self) -> RowError:
        return RowError(
            ErrorCode.TIMEOUT_READING,
            f"expected a picture that can be read within {self._picture_seconds:.0f} seconds, "
            "which weren't enough: link to a smaller or simpler picture",
        )

    def _died(self, ended: str) -> RowError:
        return RowError(
            ErrorCode.WORKER_DIED,
            f"expected a picture that can be read within {self._memory_megabytes} MB of memory, "
            f"received one that ended the process that reads it ({ended}), {_TRIES} times: "
            "replace the picture",
        )


class _Child:
    """A running process; it is ended with this object."""

    def __init__(self, factory: str, arguments: Mapping[str, Any], memory_megabytes: int) -> None:
        self.waited = 0.0
        self.model_hashes: Mapping[str, str] = {}
        self.is_loaded = False
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        options = ChildOptions(theirs.fileno(), read_end, factory, arguments, memory_megabytes)
        try:
            self.process = subprocess.Popen(  # noqa: S603 - this program's own module
                [sys.executable, "-P", "-c", _COMMAND, options.dump()],
                env=child_environment(),
                stdin=subprocess.DEVNULL,
                # What belongs to stdout is the parent's: some runtimes read it.
                stdout=2,
                pass_fds=(theirs.fileno(), read_end),
            )
        except BaseException:
            ours.close()
            os.close(write_end)
            raise
        finally:
            theirs.close()
            os.close(read_end)
        self._channel = MessageChannel(ours)
        self.end = weakref.finalize(self, _end, self.process, self._channel, write_end)

    def wait(self, deadline: float) -> Exception | None:
        """Wait until the models are loaded; return why they can't be."""
        begin = time.monotonic()
        try:
            loaded: Loaded = self._channel.receive(deadline)
        finally:
            self.waited += time.monotonic() - begin
        self.model_hashes = loaded.model_hashes
        self.is_loaded = loaded.error is None
        return loaded.error

    def exchange(self, request: Request, deadline: float) -> Reply:
        """Send a picture, and return what comes back."""
        self._channel.send(request, deadline)
        reply: Reply = self._channel.receive(deadline)
        return reply

    def wait_for_end(self) -> str:
        """Wait until the process has ended, which it is about to; say how it ended."""
        try:
            code = self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        self.end()
        return f"exit code {code}" if code >= 0 else f"signal {-code}, {signal.Signals(-code).name}"


def _end(process: "subprocess.Popen[bytes]", channel: MessageChannel, lifeline: int) -> None:
    process.kill()
    process.wait()
    channel.close()
    os.close(lifeline)


def _too_late(deadline: float) -> DeadlineError:
    late = time.monotonic() - deadline
    return DeadlineError(f"expected to answer the picture before the deadline, which passed {late:.1f} s ago")


def _not_started(received: str) -> ReadingProcessError:
    return ReadingProcessError(
        f"expected the process that answers pictures to load its models, received {received}: "
        "see its messages in the worker's log, and give the worker more memory where it ran out"
    )
