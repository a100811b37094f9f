"""The world of a command: begun before there is anything to do, replaced when it dies, ended with the command.

What it imports is little, for the command imports the rest while the ranks start.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from tilework.errors import HostsError
from tilework.world.launch import START_SECONDS, Launch, Plan, launched
from tilework.world.messages import Initializer
from tilework.world.world import World

if TYPE_CHECKING:
    from types import TracebackType

    from tilework.imaging.limits import Limits
    from tilework.world.spread.hosts import Hosts

STARTS = 3
"""Worlds in a row that may lose a host while they start."""


class LivingWorld:
    """A world of ``ranks`` ranks that are ready for images, or of all those of ``hosts``. For the main thread."""

    def __init__(self, ranks: int, limits: Limits, extra_operations: str, hosts: Hosts | None = None) -> None:
        self.ranks = ranks
        self.hosts = hosts
        self._limits = limits
        self._extra_operations = extra_operations
        self._place = TemporaryDirectory(prefix="tilework-")
        self._launch: Launch | None = None
        self._world: World | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.end()
        finally:
            self._place.cleanup()

    @property
    def wanted(self) -> bool:
        """Whether there is to be a world at all: one rank on this host is this process as well."""
        return self.ranks > 1 or self.hosts is not None

    @property
    def outgrown(self) -> bool:
        """Whether a world that begins now has a host more."""
        return self.hosts is not None and self.hosts.missed

    @property
    def other_hosts(self) -> tuple[str, ...]:
        """The machine names of the hosts that its ranks are on, beside this one."""
        return () if self.hosts is None else self.hosts.hostnames

    def begin(self) -> None:
        """Start one, and do not wait for it; nothing where there is one. Raises SetupError."""
        if self._launch is None and (self._world is None or not self._world.alive):
            self.end()
            first_call = Initializer("tilework.cli.ranks:start_rank", (self._extra_operations, self._limits))
            place = Path(self._place.name) / "world"
            seconds = self._limits.fetch_seconds
            plan = Plan(self.ranks, place, first_call, {}, START_SECONDS, False, seconds, hosts=self.hosts)
            self._launch = launched(plan)
            self.ranks = self._launch.ranks

    def get(self) -> World:
        """The one that lives, or a larger one in its place. Raises SetupError."""
        if self.outgrown:
            self.end()
        for _ in range(STARTS - 1):
            try:
                return self._get()
            except HostsError:
                # a host was lost meanwhile, and the next world does without
                continue
        return self._get()

    def _get(self) -> World:
        self.begin()
        if self._launch is not None:
            launch, self._launch = self._launch, None
            # an interrupt waits for all that was handed out: let that be no more than the ranks work on
            self._world = World(launch.ready(), self.ranks)
        if self._world is None:
            raise RuntimeError("a world that was begun is there")
        return self._world

    def end(self) -> None:
        """Kill it, which is quicker than to let it leave in order: what it has done is done."""
        if self._launch is not None:
            self._launch.abandon()
        elif self._world is not None:
            self._world.kill()
            self._world.shutdown(wait=True)
        self._launch = self._world = None
