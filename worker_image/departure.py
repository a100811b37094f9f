"""Until when a host that has to go may do what: pure times, and the last resort that ends a host which hangs."""

from __future__ import annotations

import faulthandler
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker_image.host_notices import Notice

EXIT_SECONDS = 100.0
"""From the first notice to the exit, whatever happens: a spot host has two minutes, a container is killed after 110 s."""

HAND_BACK_SECONDS = 15.0
"""Of them for killing what is not done by then, and for handing it back: six at worst until a killed world is gone, the
rest for the services."""

LAST_RESORT_SECONDS = 3.0
"""Before the hundred are over a host that has not left by itself is ended."""

LONGEST_DRAIN = EXIT_SECONDS - HAND_BACK_SECONDS - LAST_RESORT_SECONDS
"""Seconds that what runs may have at most."""

DRAIN_SECONDS = 60.0
"""What it has where nobody says more or less."""


@dataclass(frozen=True, slots=True)
class Departure:
    """``work_until``: what runs by then is killed; ``wait_until``: what is not handed back by then is left to its lease.

    Both in seconds of boottime.
    """

    work_until: float
    wait_until: float

    def sooner(self, other: Departure) -> Departure:
        """The earlier of both, time by time: a second notice may press, and never lets a host stay longer."""
        return Departure(min(self.work_until, other.work_until), min(self.wait_until, other.wait_until))


def departure(notice: Notice, *, drain_seconds: float, boottime: float, now: float) -> Departure:
    """When a host that gets ``notice`` leaves; ``now`` is the time since the epoch at this ``boottime``."""
    left = drain_seconds if notice.until is None else notice.until - now - HAND_BACK_SECONDS
    work_until = boottime + max(0.0, min(left, LONGEST_DRAIN))
    return Departure(work_until, work_until + HAND_BACK_SECONDS)


def be_gone_in_time() -> None:
    """End this process EXIT_SECONDS from now, at the latest; the log then shows where each thread hung.

    Python's own watchdog does it: a thread that needs neither the interpreter nor its lock. The kernel ends the world
    with this process. To be called once, at the first notice.
    """
    faulthandler.dump_traceback_later(EXIT_SECONDS - LAST_RESORT_SECONDS / 2, exit=True)
