"""How many ranks a machine has, and where their world lies: as its environment says, or where that says nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tilework.environment import number
from tilework.guard.memory import SLACK

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    return usual_ranks(cores_here(), machine_memory(), limits)


def ranks_of(environ: Mapping[str, str], limits: Limits) -> int:
    """Those that TILEWORK_RANKS names, else the usual ones. Raises SettingsError."""
    return int(number(environ, "TILEWORK_RANKS", ranks_here(limits), 1, 1024))


def folder_of(environ: Mapping[str, str]) -> Path:
    """Where a host leaves all that it leaves on disk: TILEWORK_DIRECTORY, else a folder in the working one."""
    return Path(environ.get("TILEWORK_DIRECTORY", "tilework-world")).absolute()


def machine_memory() -> int:
    """Bytes of memory that this process's machine, or its container, has."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        allowed = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return physical
    return min(physical, int(allowed)) if allowed.isdigit() else physical


def cores_here() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
