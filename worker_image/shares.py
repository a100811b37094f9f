"""Who gets the next rank of this host, a job or a unit: neither a scan nor a heap of photos starves the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

QUIET_SECONDS = 10.0
"""Without a job, after which units may have as many ranks as there are cores, where less than that are theirs always.
The first photo after that waits for a unit to end, once."""


class WorkKind(Enum):
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


def quarter(ranks: int) -> int:
    """How many of ``ranks`` are a kind's own."""
    return max(1, ranks // 4)


@dataclass(frozen=True, slots=True)
class Shares:
    """A world of ``ranks`` on ``cores``; ``kept`` ranks are no unit's.

    With more ranks than cores that is always so: a photo finds a rank at once, and the other ranks fill the cores. With
    fewer it is so while jobs come.
    """

    ranks: int
    kept: int
    cores: int

    def in_world_of(self, ranks: int) -> Shares:
        """Those of a world that has so many ranks, as other hosts are lost or back: all in proportion, none less than 1."""

        def part(number: int) -> int:
            return -(-number * ranks // self.ranks)

        return replace(self, ranks=ranks, kept=part(self.kept), cores=part(self.cores))

    @property
    def most_units(self) -> int:
        """Units that are ever worked on at once."""
        return max(self._units_beside_jobs, min(self.ranks, self.cores))

    def next_kind(self, load: Load) -> WorkKind | None:
        """What is to be given to the world next.

        Jobs go first, one more than there are ranks, so that none waits for this host; while units are there as well,
        a quarter of the ranks is left to them, of several at least one. A unit goes to a rank that has nothing to do.
        """
        given = load.jobs + load.units
        units_there = load.units + load.units_waiting > 0
        most_jobs = max(1, self.ranks - quarter(self.ranks)) if units_there else self.ranks + 1
        if load.jobs_waiting and load.jobs < most_jobs and given <= self.ranks:
            return WorkKind.JOB
        quiet = load.jobs + load.jobs_waiting == 0 and load.quiet >= QUIET_SECONDS
        most_units = self.most_units if quiet else self._units_beside_jobs
        if load.units_waiting and load.units < most_units and given < self.ranks:
            return WorkKind.UNIT
        return None

    @property
    def _units_beside_jobs(self) -> int:
        return max(1, self.ranks - self.kept)
