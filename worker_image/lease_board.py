"""A board on which the supervisor posts until when each lease holds, and the ranks read it before they store.

A memory-mapped file of one double a lease, in seconds of CLOCK_BOOTTIME: a clock that all processes of the host share,
that no clock step moves, and that runs on while the machine sleeps. So a rank of a supervisor that was stopped beyond
its lease does not store, although nobody could tell it anything.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

from tilework.boottime import boottime
from tilework.world.spread.bulletin import FRESH_SECONDS, fresh_bulletin

if TYPE_CHECKING:
    from pathlib import Path

_ENTRY = struct.Struct("d")


def board_path(directory: Path) -> Path:
    """Where a host's lease board lies, below its own directory."""
    return directory / "leases"


class LeaseBoard:
    """``places`` leases, numbered from 0, in the file ``path``; the supervisor creates it, the ranks open it."""

    def __init__(self, path: Path, places: int, *, create: bool = False) -> None:
        if create:
            path.write_bytes(bytes(_ENTRY.size * places))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _ENTRY.size * places)

    def post(self, place: int, until: float) -> None:
        """Let the lease in ``place`` hold until ``until`` (seconds of boottime; 0: it holds no more)."""
        # an aligned double is written in one piece
        _ENTRY.pack_into(self._map, _ENTRY.size * place, until)

    def holds(self, place: int) -> bool:
        """Whether the lease in ``place`` holds now."""
        (until,) = _ENTRY.unpack_from(self._map, _ENTRY.size * place)
        return bool(boottime() < until)

    def left(self) -> bytes:
        """The seconds for which each lease still holds, for hosts with another boottime: a double each."""
        now = boottime()
        return b"".join(_ENTRY.pack(max(0.0, until - now)) for (until,) in _ENTRY.iter_unpack(self._map[:]))

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()


class AwayBoard:
    """The board as ranks on another host than the supervisor's see it, in the ``folder`` of their world there.

    They ask for the seconds that are left, and count them from the moment before they asked: however long the answer was
    on its way, a lease never seems to last longer than it does. Where no answer comes within
    ``patience`` seconds, no lease holds.
    """

    def __init__(self, folder: Path, patience: float = FRESH_SECONDS) -> None:
        self._folder = folder
        self._patience = patience

    def holds(self, place: int) -> bool:
        """Whether the lease in ``place`` holds now."""
        found = fresh_bulletin(self._folder, self._patience)
        if found is None:
            return False
        asked, left = found
        (seconds,) = _ENTRY.unpack_from(left, _ENTRY.size * place)
        return bool(boottime() < asked + seconds)
