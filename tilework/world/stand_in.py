"""Stands in, as mpiexec's child, for a rank that is forked from the fork server: ends as that ends, and takes it along.

Run as a program (``python stand_in.py ADDRESS COMMAND…``) it hands its environment and descriptors over to the fork server at
ADDRESS, an abstract socket. Where nobody answers there it becomes COMMAND, which starts the rank anew. It needs nothing
but the standard library, and starts the faster for it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import struct
import sys

LENGTH = struct.Struct("I")
"""Of the environment, before it."""

STATUS = struct.Struct("i")
"""How the rank ended: its exit status, or the number of the signal that ended it, negative."""

LOST = 1
"""Exit status where the fork server itself has gone: as an mpiexec's that was told to end, so that nobody is suspect."""


def hand_over(address: str) -> int | None:
    """Have the rank forked, and wait for its end: its status as :data:`STATUS` has it; None where nobody answers."""
    with socket.socket(socket.AF_UNIX) as fork_server:
        try:
            fork_server.connect(f"\0{address}")
            # anybody may have taken the name of one that is gone; struct ucred (unix(7)): pid, uid, gid
            _, owner, _ = struct.unpack(
                "3i", fork_server.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            )
            if owner != os.geteuid():
                return None
            environment = json.dumps(dict(os.environ)).encode()
            socket.send_fds(fork_server, [LENGTH.pack(len(environment))], [0, 1, 2])
            fork_server.sendall(environment)
        except OSError:
            return None
        try:
            told = fork_server.recv(STATUS.size)
        except OSError:
            told = b""
    status: int = STATUS.unpack(told)[0] if told else LOST
    return status


def end_as(status: int) -> None:
    """End this process as the rank has ended."""
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        if -status not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    # mpiexec tells the survivors of a death to end; the rank's own end counts
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ended = hand_over(sys.argv[1])
    if ended is None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - becoming the rank is what is left
    end_as(ended)
