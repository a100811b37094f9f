"""Closes the launcher's doors to the network.

Open MPI 5.0's mpiexec listens on all interfaces for daemons of other hosts, also where there are none, and no option
confines it to the loopback interface (open-mpi/ompi#14441). So its starter, which may hold its descriptors, moves the
listening sockets while it is stopped for a moment: a socket that is shut down can be bound and listen anew.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

_PIDFD_GETFD = 438  # asm-generic/unistd.h: the same number on every architecture
_LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


def confine_to_loopback(pid: int, pidfd: int) -> int:
    """Move every TCP socket that process ``pid``, our child, listens on to the loopback interface.

    Returns how many were moved. Where the system does not let us (a strict ptrace scope, a container's filter) they
    stay as they are, and the log says so. Raises ProcessLookupError where the process has ended.
    """
    moved = 0
    signal.pidfd_send_signal(pidfd, signal.SIGSTOP)
    _await_stop(pidfd)
    try:
        for door in _listening(pid, pidfd):
            with door:
                if not ip_address(door.getsockname()[0]).is_loopback:
                    door.shutdown(socket.SHUT_RDWR)
                    door.bind((_LOOPBACK[door.family], 0))
                    door.listen()
                    moved += 1
    except OSError as error:
        log.info("mpiexec's port stays open to the network, as this system forbids to close it: %s", error)
    finally:
        signal.pidfd_send_signal(pidfd, signal.SIGCONT)
    return moved


def _await_stop(pidfd: int) -> None:
    """Until all threads of the process have stopped.

    The signal alone only asks for it: a thread that still ran would see its socket shut down, and complain.
    """
    state = os.waitid(os.P_PIDFD, pidfd, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    if state is None or state.si_code != os.CLD_STOPPED:
        raise ProcessLookupError("mpiexec has ended")


def _listening(pid: int, pidfd: int) -> Iterator[socket.socket]:
    """The sockets of any IP family that the process listens on, as descriptors of ours."""
    for entry in sorted(Path(f"/proc/{pid}/fd").iterdir()):
        with contextlib.suppress(FileNotFoundError):
            if str(entry.readlink()).startswith("socket:"):
                found = socket.socket(fileno=_duplicate(pidfd, int(entry.name)))
                if found.family in _LOOPBACK and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    yield found
                else:
                    found.close()


def _duplicate(pidfd: int, descriptor: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    ours: int = libc.syscall(_PIDFD_GETFD, pidfd, descriptor, 0)
    if ours < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return ours
