"""How many ranks a machine has where nobody says it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tilework.guard.memory import SLACK

if TYPE_CHECKING:
    from tilework.imaging.limits import Limits

RANKS_A_CORE = 2
"""More ranks than cores, so that a core has work while a rank waits for S3, and a rank is free when a photo comes."""


def usual_ranks(cores: int, memory: int, limits: Limits) -> int:
    """Ranks of a host of ``memory`` bytes: RANKS_A_CORE, where each can have one image's working set, else fewer.

    Never fewer than ``cores``.
    """
    return max(cores, min(RANKS_A_CORE * cores, memory // (limits.working_set + SLACK)))


def ranks_here(limits: Limits) -> int:
    """The usual ranks of this machine."""
    return usual_ranks(cores_here(), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), limits)


def cores_here() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
