"""Who gets the next rank of this host, a job or a unit: neither a scan nor a heap of photos starves the other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

QUIET_SECONDS = 10.0
"""Without a job, after which units may have all ranks. The first photo after that waits for a unit to end, once."""


class Kind(Enum):
    """What a rank works on."""

    JOB = "job"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Load:
    """How many jobs and units are given to the world, and how many wait; ``quiet`` is seconds since the last job."""

    jobs: int
    units: int
    jobs_waiting: int
    units_waiting: int
    quiet: float


def next_kind(load: Load, ranks: int, kept: int) -> Kind | None:
    """What is to be given to a world of ``ranks`` next; ``kept`` of them are not for units while jobs come.

    Jobs go first, one more than there are ranks, so that none waits for this host; while units are there as well, one
    rank of several is left to them. A unit goes to a rank that has nothing to do.
    """
    given = load.jobs + load.units
    units_there = load.units + load.units_waiting > 0
    most_jobs = max(1, ranks - 1) if units_there else ranks + 1
    if load.jobs_waiting and load.jobs < most_jobs and given <= ranks:
        return Kind.JOB
    quiet = load.jobs + load.jobs_waiting == 0 and load.quiet >= QUIET_SECONDS
    most_units = ranks if quiet else max(1, ranks - kept)
    if load.units_waiting and load.units < most_units and given < ranks:
        return Kind.UNIT
    return None
