"""Ties a process to its parent: when the parent ends, however it ends, the kernel kills the process.

Run as a program (``python parent_death.py PARENT COMMAND…``), it ties itself to PARENT and becomes COMMAND, under the same
process id: the tie outlives the exec. So the starter of a world needs no code of its own between fork and exec, where
a process with threads may do next to nothing.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

LAUNCHER_VARIABLE = "TILEWORK_WORLD_LAUNCHER"
"""Tells the ranks the process id of their mpiexec."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with(parent: int) -> None:
    """Be killed when the parent ends; exit at once where it is not (or no longer) ``parent``.

    The kernel watches the *thread* that made this process, so a world must be started from a thread that lives as long
    as its process: the main thread.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    os.environ[LAUNCHER_VARIABLE] = str(os.getpid())
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - becoming the command is what this program is for
