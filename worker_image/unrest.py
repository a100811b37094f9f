"""Whether jobs have been ending their processes of late, one after another."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MANY_DEATHS = 3
"""So many within UNREST_SECONDS are no accident."""

UNREST_SECONDS = 60.0


class Unrest:
    """Remembers the latest deaths. While they come this thick, it is cheaper to guard every job than to lose worlds.

    A guarded child costs milliseconds, a new world a second or two, and all its ranks wait for it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deaths: deque[float] = deque(maxlen=MANY_DEATHS)

    def note(self) -> None:
        """A job has ended its process, now."""
        self._deaths.append(self._clock())

    @property
    def lasts(self) -> bool:
        """Whether the last few deaths lie within a minute from now."""
        return len(self._deaths) == MANY_DEATHS and self._clock() - self._deaths[0] < UNREST_SECONDS
