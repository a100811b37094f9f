"""A fleet of alike hosts and the services it shares; photos and scans run through it.

The grain: hosts are alike and the queues deal evenly, so that what each host has (cores, ranks, desk, network) is one
pool of the fleet. Photos pass in thousands, scans in handfuls of units; each waits for the slowest of the services that
it uses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import simpy

from benchmarks.fleet.figures import Limits, Setup, UnitTimes
from benchmarks.fleet.pools import Ranks, Rate

if TYPE_CHECKING:
    from collections.abc import Callable

PHOTO, SCAN = "photo", "scan"

CAUSES = (
    "S3 prefix",
    "S3 first byte",
    "connection bandwidth",
    "table quota",
    "index shelf",
    "row of a job",
    "queue",
    "desk",
    "supervisor",
    "host network",
    "assembly",
    "stage hops",
    "unit size",
)
"""What can bend a curve. Each can be lifted from the model, and what that gains tells how much it costs.

Without stage hops all stages of a scan run at once; without unit size, a stage has a unit for each rank.
"""


@dataclass(frozen=True, slots=True)
class World:
    """All that a run depends on; ``lifted`` names the causes that are taken out of it."""

    times: UnitTimes = field(default_factory=UnitTimes.load)
    limits: Limits = field(default_factory=Limits)
    setup: Setup = field(default_factory=Setup)
    lifted: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if unknown := self.lifted - set(CAUSES):
            raise ValueError(f"These cannot be lifted: {', '.join(sorted(unknown))}.")


@dataclass(frozen=True, slots=True)
class JobServices:
    """The partition that holds a job's row, and the part of the bucket that holds its keys under ``work/``."""

    row: Rate
    gets: Rate
    puts: Rate


class Fleet:
    """``hosts`` hosts at time 0, warm and idle. ``done`` counts what has ended: photos, and units a stage of a scan.

    A fleet may be one ``slice_of`` several that are alike: then it has its part of what all share.
    """

    def __init__(self, world: World, hosts: int, slice_of: int = 1) -> None:
        self.world = world
        self.hosts = hosts
        self._slice_of = slice_of
        self.environment = simpy.Environment()
        limits, setup = world.limits, world.setup
        # a host holds twice its ranks' messages and two more
        held = 2 * setup.ranks + 2
        served = hosts if "queue" in world.lifted else min(hosts, limits.in_flight / slice_of / held)
        shares = {PHOTO: setup.photo_share, SCAN: 1 - setup.photo_share}
        self.unit_ranks = max(1, int(served * setup.unit_ranks))
        self.ranks = Ranks(
            self.environment, max(1, int(served * setup.ranks)), shares, most={SCAN: self.unit_ranks}
        )
        self.cores = Rate(self.environment, hosts * setup.cores)
        self.drops_get = self._shared(limits.s3_gets * setup.folders, "S3 prefix")
        self.results_put = self._shared(limits.s3_puts * setup.folders, "S3 prefix")
        self.inputs_get = self._shared(limits.s3_gets * setup.spread, "S3 prefix")
        self.work_get = self._shared(limits.s3_gets * setup.spread, "S3 prefix")
        self.work_put = self._shared(limits.s3_puts * setup.spread, "S3 prefix")
        self.table = self._shared(limits.table_writes, "table quota")
        self.index = self._shared(limits.table_writes, "table quota")
        self.shelves = self._shared(limits.partition_writes * setup.shelves, "index shelf")
        self.desk = self._rate(hosts * setup.desk_threads, "desk")
        self.unit_desk = self._rate(hosts * setup.desk_threads, "desk")
        # one interpreter a host
        self.supervisors = self._rate(hosts, "supervisor")
        self.network = self._rate(hosts * limits.host_bytes, "host network")
        self.done: dict[str, int] = {}

    @property
    def first_byte(self) -> float:
        """Seconds to the first byte of an S3 request."""
        return 0.0 if "S3 first byte" in self.world.lifted else self.world.limits.first_byte

    @property
    def connection_bytes(self) -> float:
        """Bytes a second of one connection to S3."""
        lifted = "connection bandwidth" in self.world.lifted
        return math.inf if lifted else self.world.limits.connection_bytes

    def job(self) -> JobServices:
        """What one job has: its keys, which begin alike, are never in more than one part of the bucket."""
        limits = self.world.limits
        return JobServices(
            self._rate(limits.partition_writes, "row of a job"),
            self._rate(limits.s3_gets, "S3 prefix"),
            self._rate(limits.s3_puts, "S3 prefix"),
        )

    def ended(self, what: str, count: int) -> None:
        """Count ``count`` more of ``what`` as done."""
        self.done[what] = self.done.get(what, 0) + count

    def computed(self, core_seconds: float, waiting: float, ranks: int, beside: float = 0.0) -> float:
        """The time at which as many ranks have computed ``core_seconds`` together and each has waited ``waiting``.

        Where more ranks compute than there are cores, they queue for them, and so does whoever computes ``beside`` them.
        """
        alone = self.environment.now + core_seconds / ranks + waiting
        return max(alone, self.cores.until(core_seconds + beside))

    def run(self, *work: Callable[[Fleet], simpy.events.ProcessGenerator]) -> float:
        """Let all ``work`` begin at once; the seconds until its last is done."""
        started = [self.environment.process(each(self)) for each in work]
        self.environment.run(self.environment.all_of(started))
        return float(self.environment.now)

    def _shared(self, per_second: float, cause: str) -> Rate:
        return self._rate(per_second / self._slice_of, cause)

    def _rate(self, per_second: float, cause: str) -> Rate:
        return Rate(self.environment, math.inf if cause in self.world.lifted else per_second)
