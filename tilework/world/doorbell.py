"""Bells that wake a rank: MPI itself can only wait by polling, which costs either a core or milliseconds.

Each rank sleeps in the kernel until its bell rings, then looks into MPI. Who posts a message rings the receiver's bell
*after* posting, and who hears his bell silences it *before* looking; so no message is overlooked. A bell is an
AF_UNIX datagram socket with an abstract name: nothing on disk, nothing left by a killed process.

mpi4py.futures polls with a back-off instead. Measured on two cores with two computing ranks: at its default of 1 ms an
idle world takes 7.5 % of a core, and a rank waits 2.3 ms for its next task; at 20 ms it takes 1.7 %, a rank waits 34 ms,
and a task for an idle world 64 ms. With bells it is 0.05 %, 1 ms and 1 ms.
"""

from __future__ import annotations

import contextlib
import socket


class Doorbell:
    """The bell of ``rank`` in the world that is named by ``token``, and the clappers of all others."""

    def __init__(self, token: str, rank: int) -> None:
        self._token = token
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(self._name(rank))

    def _name(self, rank: int) -> str:
        return f"\0tilework-{self._token}-{rank}"

    def fileno(self) -> int:
        """Readable while the bell rings."""
        return self._socket.fileno()

    def ring(self, rank: int) -> None:
        """Ring the bell of ``rank``. One that is full of rings is ringing already; one that is gone needs no ring."""
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self._socket.sendto(b"!", self._name(rank))

    def silence(self) -> None:
        """Stop the ringing so far."""
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(1):
                pass

    def close(self) -> None:
        """Take the bell down."""
        self._socket.close()
