"""Where the time of a rank goes: seconds by part of the work, each counted once however parts lie within each other.

Functions that are a part of the work are marked by :func:`timed`. As long as nobody watches, that costs them one look at
a variable, and two bytes written that tell what the process is doing (:mod:`tilework.imaging.phase`).
"""

from __future__ import annotations

import functools
import os
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from tilework.imaging.phase import enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tilework.imaging.phase import Phase

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Profile:
    """Seconds by part that one rank, told by its process id, has worked; picklable."""

    rank: int
    seconds: Mapping[str, float]


def by_rank(profiles: Iterable[Profile]) -> tuple[Profile, ...]:
    """One profile for each rank, which is the sum of its own."""
    sums: dict[int, dict[str, float]] = {}
    for profile in profiles:
        seconds = sums.setdefault(profile.rank, {})
        for part, count in profile.seconds.items():
            seconds[part] = seconds.get(part, 0.0) + count
    return tuple(Profile(rank, seconds) for rank, seconds in sorted(sums.items()))


@dataclass(slots=True)
class Stopwatch:
    """Counts for one part at a time, the one that this process enters with it."""

    part: Phase = "other"
    since: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        enter(self.part)

    def turn_to(self, part: Phase) -> Phase:
        """Count for ``part`` from now on; return the one that was counted for."""
        enter(part)
        now, before = time.perf_counter(), self.part
        self.seconds[before] = self.seconds.get(before, 0.0) + now - self.since
        self.part, self.since = part, now
        return before

    def profile(self) -> Profile:
        """What has been counted so far in this process."""
        self.turn_to(self.part)
        return Profile(os.getpid(), dict(self.seconds))


_running: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


@contextmanager
def watched() -> Iterator[Stopwatch]:
    """A stopwatch that counts what this thread does within."""
    watch = Stopwatch()
    token = _running.set(watch)
    try:
        yield watch
    finally:
        _running.reset(token)


def timed(part: Phase) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark a function as a part of the work; what it calls of another part counts for that."""

    def marked(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            watch = _running.get()
            turn_to = enter if watch is None else watch.turn_to
            before = turn_to(part)
            try:
                return function(*args, **kwargs)
            finally:
                turn_to(before)

        return run

    return marked
