"""The clock of this machine that nobody can step."""

from __future__ import annotations

import time


def boottime() -> float:
    """Seconds since this machine started, sleep included (CLOCK_BOOTTIME): the same for all of its processes."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
