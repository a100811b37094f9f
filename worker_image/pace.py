"""How fast this host takes work: more slowly while the services throttle it, not at all while its disk is full."""

from __future__ import annotations

import logging
import random
import shutil
import threading
import time
from typing import TYPE_CHECKING

from tilework.imaging.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
"""Seconds without a receive after a service has throttled."""

LONGEST_PAUSE = 60.0
"""What it doubles up to while that goes on."""

LEAST_ROOM = 64 * MIB
"""Free bytes of disk below which nothing is taken: a world's own files need as much, and logs."""

ROOM_SECONDS = 5.0
"""Between two looks at a disk that is full."""


def room_in(folder: Path) -> Callable[[], bool]:
    """Whether the disk that ``folder`` lies on has room for work."""
    return lambda: shutil.disk_usage(folder).free >= LEAST_ROOM


class Pace:
    """What all that takes work asks before it does. Thread-safe; ``clock`` in seconds from any time on.

    The pause doubles with each throttling that follows one, and is halved by each job that ends well. What fails within
    a pause was under way before it, and counts with the failure that began it: many ranks are throttled at once.
    """

    def __init__(self, has_room: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._has_room = has_room
        self._clock = clock
        self._changing = threading.Lock()
        self._pause = 0.0
        self._until = 0.0
        self._was_full = False

    def throttled(self) -> None:
        """A service wants fewer requests."""
        with self._changing:
            if self._clock() < self._until:
                return
            self._pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * self._pause))
            # jitter, so that a fleet does not come back as one
            self._until = self._clock() + self._pause * random.uniform(0.5, 1.0)  # noqa: S311
        log.warning("The services throttle this host: it takes nothing for up to %.0f s.", self._pause)

    def eased(self) -> None:
        """Something has ended well."""
        if self._pause:
            with self._changing:
                self._pause = self._pause / 2 if self._pause > FIRST_PAUSE else 0.0

    def hold(self) -> float:
        """Seconds to wait, and then to ask again, before anything is taken; 0: take."""
        if self._is_full():
            return ROOM_SECONDS
        with self._changing:
            return max(0.0, self._until - self._clock())

    def _is_full(self) -> bool:
        full = not self._has_room()
        if full and not self._was_full:
            log.error(
                "The disk has less than %d MiB left: nothing is taken until there is room.", LEAST_ROOM // MIB
            )
        self._was_full = full
        return full
