"""The processes of a local cloud's functions, as /proc shows them. Linux only."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Clock ticks in a second of the CPU times in /proc/PID/stat: proc_pid_stat(5).
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")

# What the names of the folders of MiniStack's functions begin with, on the command lines of their processes.
_FUNCTION_MARK: Final = "ministack-lambda-"

# What the command line of a worker's reading process has: tapeline.adapters.reading_process.
_READING_MARK: Final = "tapeline.adapters.reading_child"

# What the command line of the emulator has.
_EMULATOR_MARK: Final = "ministack.app"

EMULATOR: Final = "emulator"
READING: Final = "reading"


@dataclass(frozen=True, slots=True)
class Process:
    """A running process.

    Attributes:
        pid: Its number.
        parent: The number of the process that started it.
        kind: The function's logical id, ``reading`` for the process that reads pictures, ``emulator``, or
            empty for others.
    """

    pid: int
    parent: int
    kind: str

    @property
    def memory_megabytes(self) -> float:
        """Its resident memory; 0 once it has ended."""
        return self._status("VmRSS")

    @property
    def peak_megabytes(self) -> float:
        """The most that its resident memory has been, which the kernel keeps; 0 once it has ended."""
        return self._status("VmHWM")

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far; 0 once it has ended."""
        with suppress(OSError):
            # utime and stime are the 14th and 15th field (proc_pid_stat(5)).
            return sum(map(int, _stat(self.pid)[11:13])) / _TICKS_PER_SECOND
        return 0.0

    def _status(self, field: str) -> float:
        with suppress(OSError, IndexError):
            text = Path(f"/proc/{self.pid}/status").read_text()
            # In kB.
            return int(text.split(f"{field}:")[1].split()[0]) / 1024
        return 0.0


def processes(stack: str, variable: str, value: str) -> Iterator[Process]:
    """Yield the processes in whose environment a variable has a value, which they inherit.

    Those that have ended and that nobody has waited for aren't among them.

    Args:
        stack: The stack's name, with which the names of its functions begin.
        variable: The variable's name.
        value: Its value.
    """
    mark = f"{variable}={value}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            command = (folder / "cmdline").read_text()
            pid = int(folder.name)
            yield Process(pid, int(_stat(pid)[1]), _kind(command, stack))


def _kind(command: str, stack: str) -> str:
    if _READING_MARK in command:
        return READING
    if _EMULATOR_MARK in command:
        return EMULATOR
    _, mark, name = command.partition(f"{_FUNCTION_MARK}{stack}-")
    return name.split("-")[0] if mark else ""


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the 3rd on: the 2nd may hold spaces, in brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
