"""Who of the processes on one host does which unit: each goes on below what it has just done.

So what a reader keeps serves the next unit, and the rows around a seam are decoded once. A process without a
neighbour to go on with begins in the middle of the longest run of units that nobody has begun, which splits the work
of the one that walks towards it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FREE, BEGUN, DONE = b"\0", b"\1", b"\2"


@dataclass(frozen=True, slots=True)
class Walk:
    """The units of a stage, a byte for each in a file that the processes share. Picklable."""

    path: Path

    def create(self, count: int) -> None:
        """Lay out ``count`` free units."""
        self.path.write_bytes(FREE * count)

    def units(self) -> Iterator[int]:
        """Claim one unit after the other until none is free; each counts as done when the next is asked for."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            last = None
            while (unit := _claim(descriptor, last)) is not None:
                yield unit
                os.pwrite(descriptor, DONE, unit)
                last = unit
        finally:
            os.close(descriptor)

    def mark(self, unit: int) -> None:
        """Note that a unit is done, for whoever does them all."""
        with self.path.open("r+b") as file:
            file.seek(unit)
            file.write(DONE)

    def stop(self) -> None:
        """Leave nothing to be begun."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            with _locked(descriptor):
                states = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
                os.pwrite(descriptor, states.replace(FREE, BEGUN), 0)
        finally:
            os.close(descriptor)

    def done(self) -> int:
        """How many are done."""
        return self.path.read_bytes().count(DONE)


def _claim(descriptor: int, last: int | None) -> int | None:
    with _locked(descriptor):
        states = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        unit = next_unit(states, last)
        if unit is not None:
            os.pwrite(descriptor, BEGUN, unit)
        return unit


@contextlib.contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)


def next_unit(states: bytes, last: int | None) -> int | None:
    """The unit to be done next by whoever has done ``last``; None if none is free."""
    if last is not None and states[last + 1 : last + 2] == FREE:
        return last + 1
    start, length = _longest_free_run(states)
    if not length:
        return None
    # somebody walks towards a run that something lies before
    return start + (length // 2 if start else 0)


def _longest_free_run(states: bytes) -> tuple[int, int]:
    best, start = (0, 0), 0
    for run in states.replace(DONE, BEGUN).split(BEGUN):
        if len(run) > best[1]:
            best = (start, len(run))
        start += len(run) + 1
    return best
