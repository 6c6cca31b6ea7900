"""What a local cloud takes of this machine: a port, space for files, and processes, which it gives back."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tapeline.errors import LocalCloudError, PortTakenError

# Bytes that a local cloud's folder may need: the functions' code, their scratch, the log. Chosen by hand:
# several times what the examples need. On a full disk functions fail without saying why, and a run would wait
# for them.
_SPACE_BYTES: Final = 64 * 2**20

# Seconds to end after SIGTERM, then after SIGKILL. Chosen by hand: MiniStack ends its workers within one.
_STOP_SECONDS: Final = 5

# Seconds between two checks whether all its processes have ended. Chosen by hand.
_STOP_POLL_SECONDS: Final = 0.02


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """End a process that leads a group, and then whatever it left of the group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    deadline = time.monotonic() + _STOP_SECONDS
    # Until the group is empty: what still runs could write into the folder while that is removed.
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, signal.SIGKILL)
            process.poll()
            if not _runs(process.pid):
                break
            time.sleep(_STOP_POLL_SECONDS)
    # Its main thread may have ended, and so look like that, some time before its others.
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)


def _runs(group: int) -> bool:
    """Say whether a process of a group runs; those that nobody waits for, in containers, don't."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # Behind the name, which may hold spaces and brackets: state, parent, group.
            state, _, its_group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in {"Z", "X"}:
                return True
    return False


def check_space(folder: Path) -> None:
    """Check that a new local cloud's folder has room to grow.

    Raises:
        LocalCloudError: It hasn't.
    """
    free = shutil.disk_usage(folder).free
    if free < _SPACE_BYTES:
        raise LocalCloudError(
            f"expected {_SPACE_BYTES // 2**20} MiB of space at {folder.parent}, received "
            f"{free // 2**20} MiB: free some, or set TMPDIR to a folder with more"
        )


def check_port(address: str, port: int) -> int:
    """Return a port that nobody listens at: the given one, or any where it is 0.

    Raises:
        PortTakenError: The given port is taken.
    """
    with socket.socket() as probe:
        # Connections that ended lately don't take a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise PortTakenError(
                f"expected port {port} of {address} to be free, received: {os.strerror(error.errno or 0)}: "
                "say another one with --port"
            ) from error
        return int(probe.getsockname()[1])
