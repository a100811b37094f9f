"""Where the time of a rank goes: seconds by part of the work, each counted once however parts lie within each other.

Functions that are a part of the work are marked by :func:`timed`. As long as nobody watches, that costs them one look at
a variable.
"""

from __future__ import annotations

import functools
import os
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

P = ParamSpec("P")
T = TypeVar("T")

Part: TypeAlias = Literal["read", "decode", "kernels", "encode", "halve", "write", "scratch", "other"]
"""``scratch`` is what stages leave for each other, ``other`` what no function claims, as copies into place."""


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
    """Counts for one part at a time."""

    part: Part = "other"
    since: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def turn_to(self, part: Part) -> Part:
        """Count for ``part`` from now on; return the one that was counted for."""
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


def timed(part: Part) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark a function as a part of the work; what it calls of another part counts for that."""

    def marked(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            watch = _running.get()
            if watch is None:
                return function(*args, **kwargs)
            before = watch.turn_to(part)
            try:
                return function(*args, **kwargs)
            finally:
                watch.turn_to(before)

        return run

    return marked
