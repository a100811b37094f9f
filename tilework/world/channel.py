"""The starter's end of the channel to rank 0, for which it never waits: a process that is stopped neither reads nor writes.

Rank 0 has a :class:`multiprocessing.connection.Connection` at its end, so messages are framed as that frames them.
"""

from __future__ import annotations

import logging
import os
import pickle
import selectors
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

log = logging.getLogger(__name__)

READ_BYTES = 1 << 18
"""That are taken at once: as many as a socket holds."""

_SIZE = struct.Struct("!i")
_LARGE = struct.Struct("!Q")
_MOST = (1 << 31) - 1  # a larger message has -1 for its size, and then its size


class Channel:
    """Messages to and from rank 0 by ``peer``, which belongs to this from now on."""

    def __init__(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        self._peer = peer
        self._outgoing = bytearray()
        self._incoming = bytearray()

    def fileno(self) -> int:
        """To wait for."""
        return self._peer.fileno()

    @property
    def interest(self) -> int:
        """What to wait for: messages, and room where some of what was sent has had none."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)

    def send(self, message: object) -> None:
        """Send as much as there is room for, the rest by :meth:`flush`. Not by two threads at once."""
        data = pickle.dumps(message)
        size = len(data)
        self._outgoing += _SIZE.pack(size) if size <= _MOST else _SIZE.pack(-1) + _LARGE.pack(size)
        self._outgoing += data
        self.flush()

    def flush(self) -> None:
        """Send what had no room before; nothing where rank 0 is gone, as its pidfd tells."""
        try:
            while self._outgoing:
                del self._outgoing[: os.write(self.fileno(), self._outgoing)]
        except BlockingIOError:
            pass
        except OSError:
            log.debug("rank 0 does not listen any more")
            self._outgoing.clear()

    def receive(self) -> list[Any]:
        """The messages that are complete by what can be read now.

        Raises EOFError or OSError where there will be no more, of them BlockingIOError where there is nothing yet.
        """
        read = os.read(self.fileno(), READ_BYTES)
        if not read:
            raise EOFError
        self._incoming += read
        messages = []
        while (frame := self._frame()) is not None:
            begin, end = frame
            with memoryview(self._incoming)[begin:end] as data:
                messages.append(pickle.loads(data))  # noqa: S301 - from rank 0, which has proven that it is ours
            del self._incoming[:end]
        return messages

    def _frame(self) -> tuple[int, int] | None:
        """Where the first message begins and ends, once all of it is there."""
        begin, there = _SIZE.size, len(self._incoming)
        if there < begin:
            return None
        (size,) = _SIZE.unpack_from(self._incoming)
        if size < 0:
            begin += _LARGE.size
            if there < begin:
                return None
            (size,) = _LARGE.unpack_from(self._incoming, _SIZE.size)
        return (begin, begin + size) if begin + size <= there else None

    def close(self) -> None:
        """Let go of it."""
        self._peer.close()
