"""Units that end at the same time on one host are added to their row by one write.

Whoever marks a unit while a write to the same set is under way joins the next one, so that alone nobody waits, and a row
that takes no more writes takes more units in each. All who joined get the row as it is then: each goes on as if it had
written alone.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tilework.jobs.job import Job


class Place(NamedTuple):
    """A set of done units: of a job, in an epoch, in the stage of that label."""

    job: str
    epoch: int
    stage: str


@dataclass(slots=True)
class _Round:
    """Units of one write that has not begun, and the row that it will find."""

    units: set[int] = field(default_factory=set)
    row: Future[Job | None] = field(default_factory=Future)


@dataclass(slots=True, weakref_slot=True)
class _Turn:
    """Held by whoever writes."""

    lock: threading.Lock = field(default_factory=threading.Lock)


class Marks:
    """``write`` adds units to a set, and returns the row, or None where its job no longer runs there."""

    def __init__(self, write: Callable[[Place, Collection[int]], Job | None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._next: dict[Place, _Round] = {}
        self._turns: WeakValueDictionary[Place, _Turn] = WeakValueDictionary()

    def add(self, place: Place, unit: int) -> Job | None:
        """Add ``unit``, alone or with others; the row as it is then, or None. Raises as ``write`` does."""
        with self._lock:
            first = place not in self._next
            joined = self._next.setdefault(place, _Round())
            joined.units.add(unit)
            turn = self._turns.setdefault(place, _Turn())
        if first:
            with turn.lock:
                with self._lock:
                    # whoever comes now joins the next round
                    del self._next[place]
                self._carry_out(place, joined)
        return joined.row.result()

    def joining(self, place: Place) -> Collection[int]:
        """Units that wait for the write that is under way."""
        with self._lock:
            waiting = self._next.get(place)
            return set(waiting.units) if waiting is not None else set()

    def _carry_out(self, place: Place, joined: _Round) -> None:
        try:
            joined.row.set_result(self._write(place, joined.units))
        except BaseException as error:  # noqa: BLE001 - whoever joined is waiting for it
            joined.row.set_exception(error)
