"""The blame slots: a memory-mapped file that says what each rank is doing, and says it still when the rank is dead.

A rank writes its slot, the starter of the world reads it. The order of writing is the point: the running flag goes up
after task and start are in place and comes down before the result is sent, so a dead rank whose flag is up died in
that very task.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.imaging.phase import PHASES

if TYPE_CHECKING:
    from pathlib import Path

    from tilework.imaging.phase import Phase

SLOT_BYTES = 64
"""One cache line a rank."""

_FIELDS = struct.Struct("IIQqqB")
_RUNNING = struct.Struct("I")
_RUNNING_AT = 4
_DEADLINE = struct.Struct("q")
_DEADLINE_AT = 24
_PHASE_AT = 32


@dataclass(frozen=True, slots=True)
class Slot:
    """What one rank is doing, since ``started``, and until when it may: ``deadline``, 0 where there is none.

    Both in nanoseconds of CLOCK_MONOTONIC: no clock step moves it, and a host that sleeps makes nothing overdue.
    ``phase`` is what the rank, or the guarded child that does its work, was at last.
    """

    pid: int = 0
    running: bool = False
    task: int = 0
    started: int = 0
    deadline: int = 0
    phase: Phase = "other"

    @property
    def allowed(self) -> float:
        """Seconds from its start to its deadline."""
        return (self.deadline - self.started) / 1e9

    def overdue(self, now: int) -> bool:
        """Whether the rank should have been done by ``now``."""
        return self.running and 0 < self.deadline < now

    def pack(self) -> bytes:
        """As it lies in the file: pid and running flag (u32 each), task (u64), start and deadline (i64 each), phase (u8)."""
        phase = PHASES.index(self.phase)
        fields = _FIELDS.pack(self.pid, self.running, self.task, self.started, self.deadline, phase)
        return fields.ljust(SLOT_BYTES, b"\0")

    @classmethod
    def unpack(cls, data: bytes) -> Slot:
        """The inverse of :meth:`pack`."""
        pid, running, task, started, deadline, phase = _FIELDS.unpack_from(data)
        return cls(pid, bool(running), task, started, deadline, PHASES[phase])


class SlotFile:
    """The slots of all ranks, rank 0 included; ``size`` of them where the file is to be made."""

    def __init__(self, path: Path, *, size: int | None = None) -> None:
        if size is not None:
            path.write_bytes(bytes(size * SLOT_BYTES))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def __len__(self) -> int:
        return len(self._map) // SLOT_BYTES

    def read(self, rank: int) -> Slot:
        """What ``rank`` is doing, or did when it died."""
        return Slot.unpack(self._map[rank * SLOT_BYTES : (rank + 1) * SLOT_BYTES])

    def arrive(self, rank: int, pid: int) -> None:
        """The rank is there, and idle."""
        self._map[rank * SLOT_BYTES : (rank + 1) * SLOT_BYTES] = Slot(pid=pid).pack()

    def begin(self, rank: int, task: int, seconds: float | None = None) -> None:
        """The rank begins ``task``, now, and has ``seconds`` for it (None: as many as it likes)."""
        here, now = rank * SLOT_BYTES, time.monotonic_ns()
        deadline = 0 if seconds is None else now + round(seconds * 1e9)
        slot = Slot(self.read(rank).pid, running=False, task=task, started=now, deadline=deadline)
        self._map[here : here + SLOT_BYTES] = slot.pack()
        _RUNNING.pack_into(self._map, here + _RUNNING_AT, 1)

    def allow(self, rank: int, seconds: float) -> None:
        """The rank has ``seconds`` for what is left of its task, from now on."""
        deadline = time.monotonic_ns() + round(seconds * 1e9)
        _DEADLINE.pack_into(self._map, rank * SLOT_BYTES + _DEADLINE_AT, deadline)

    def phase_byte(self, rank: int) -> memoryview:
        """Where the rank tells its phase. The file cannot be let go of any more."""
        return memoryview(self._map)[rank * SLOT_BYTES + _PHASE_AT :][:1]

    def end(self, rank: int) -> None:
        """The rank has ended its task, whatever came of it."""
        _RUNNING.pack_into(self._map, rank * SLOT_BYTES + _RUNNING_AT, 0)

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()
