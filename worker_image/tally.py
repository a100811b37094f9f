"""What this host has done since it last told: sums, from all of its threads."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.jobs.messages import Notice


@dataclass(frozen=True, slots=True)
class Sums:
    """``ends`` of jobs by state, ``failures`` by code, ``seconds`` by phase, ``events`` by name; ``pixels`` of what is DONE."""

    ends: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    events: Counter[str] = field(default_factory=Counter)
    pixels: Counter[str] = field(default_factory=Counter)


class Tally:
    """Counts; every method may be called by any thread."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._sums = Sums()
        self._ended = 0

    @property
    def count(self) -> int:
        """Jobs that have ended since this host started; nothing takes it back."""
        return self._ended

    def ended(self, notice: Notice) -> None:
        """A job has ended, as ``notice`` tells."""
        state, code = notice.facts.get("state", ""), notice.facts.get("code", "")
        with self._changing:
            self._ended += 1
            self._sums.ends[state] += 1
            if state == "FAILED":
                self._sums.failures[code] += 1
            self._sums.pixels[state] += round(notice.amounts.get("pixels", 0.0))

    def worked(self, seconds: Mapping[str, float]) -> None:
        """A rank has worked, so many seconds on each phase."""
        with self._changing:
            for phase, spent in seconds.items():
                self._sums.seconds[phase] += spent

    def happened(self, event: str) -> None:
        """Count an event."""
        with self._changing:
            self._sums.events[event] += 1

    def take(self) -> Sums:
        """What has been counted, and begin anew."""
        with self._changing:
            sums, self._sums = self._sums, Sums()
        return sums
