"""The Auto Scaling group and its hosts: they start, work, are taken back by the spot market, and go."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import simpy

from worker_image.membership import BUSY_LOOK_SECONDS, Protection

if TYPE_CHECKING:
    from collections.abc import Generator

    from benchmarks.scaling.work import Batch, Queues

READY_SECONDS: Final = 75.0
"""From the launch until a host takes work, in the median: docs/fleet.md has the time line, 67 to 81 seconds."""

READY_SPREAD: Final = 0.2
"""Of the logarithm."""

BATCH_SECONDS: Final = 5.0
"""Work is handed to a host in pieces of that much; they cost the simulation time, and nothing else."""

LOOK_SECONDS: Final = 2.0
"""How late an idle host sees a message, at most."""

NOTICE_SECONDS: Final = 120.0
"""From a spot notice until the host is gone; it hands back at once what it cannot finish."""


@dataclass(slots=True)
class Life:
    """What became of the hosts, in seconds summed over all of them."""

    paid: float = 0.0
    starting: float = 0.0
    working: float = 0.0
    ended_at_work: int = 0
    launched: int = 0
    spot_losses: int = 0
    capacities: list[tuple[float, int]] = field(default_factory=list)
    first_done: float | None = None
    last_done: float = 0.0


class Host:
    """One host; ``protected`` from scale-in by the worker's own rule: some seconds late, and for a minute longer than its work."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.launched = group.environment.now
        self.protected = False
        self.ready = False
        self.lease: tuple[Any, Batch] | None = None
        self.process = group.environment.process(self._live())
        group.environment.process(self._protect())

    def _live(self) -> Generator[Any, Any, None]:
        group = self.group
        try:
            seconds = READY_SECONDS * group.random.lognormvariate(0, READY_SPREAD)
            yield group.environment.timeout(seconds)
            self.ready = True
            group.life.starting += seconds
            while True:
                yield from self._work()
        except simpy.Interrupt:
            if not self.ready:
                group.life.starting += group.environment.now - self.launched
            if self.lease is not None:
                queue, batch = self.lease
                queue.hand_back(batch)

    def _work(self) -> Generator[Any, Any, None]:
        group, queues = self.group, self.group.queues
        # photos first: they want to be quick, and are short
        for queue in (queues.jobs, queues.units):
            batch = queue.take(BATCH_SECONDS)
            if batch is None:
                continue
            self.lease = (queue, batch)
            began, seconds = group.environment.now, batch.count * batch.seconds
            yield group.environment.timeout(batch.seconds)
            if group.life.first_done is None:
                group.life.first_done = group.environment.now
            yield group.environment.timeout(max(0.0, seconds - batch.seconds))
            self.lease = None
            queue.finish(batch)
            group.life.working += group.environment.now - began
            group.life.last_done = group.environment.now
            return
        yield group.environment.timeout(LOOK_SECONDS)

    def _protect(self) -> Generator[Any, Any, None]:
        """Look at whether it is busy, as often as a worker does."""
        environment = self.group.environment
        protection = Protection(lambda: environment.now)
        yield environment.timeout(self.group.random.uniform(0, BUSY_LOOK_SECONDS))
        while self in self.group.hosts:
            self.protected = protection.wanted(busy=self.lease is not None)
            yield environment.timeout(BUSY_LOOK_SECONDS)


class Group:
    """As many hosts as are desired, between ``minimum`` and ``maximum``; ``losses`` spot reclaims an hour and host."""

    def __init__(
        self,
        environment: simpy.Environment,
        queues: Queues,
        *,
        minimum: int,
        maximum: int,
        losses: float,
        seed: int,
    ) -> None:
        self.environment = environment
        self.queues = queues
        self.random = random.Random(seed)  # noqa: S311 - a simulation
        self.life = Life()
        self.hosts: list[Host] = []
        self.desired = minimum
        self._minimum = minimum
        self._maximum = maximum
        self._losses = losses

    @property
    def busy(self) -> int:
        """Hosts that are protected, as the group tells it."""
        return sum(host.protected for host in self.hosts)

    @property
    def in_service(self) -> int:
        """Hosts that the group counts: those that have said that they take work."""
        return sum(host.ready for host in self.hosts)

    def set_capacity(self, wanted: int) -> None:
        """Launch what misses; end what is too many, but none that is protected."""
        wanted = min(max(wanted, self._minimum), self._maximum)
        if wanted != self.desired:
            self.life.capacities.append((self.environment.now, wanted))
        self.desired = wanted
        while len(self.hosts) < wanted:
            self._launch()
        spare = [host for host in self.hosts if not host.protected]
        for host in spare[: max(0, len(self.hosts) - wanted)]:
            self._end(host)

    def _launch(self) -> None:
        host = Host(self)
        self.hosts.append(host)
        self.life.launched += 1
        if self._losses:
            self.environment.process(self._reclaim(host, self.random.expovariate(self._losses / 3600)))

    def _reclaim(self, host: Host, after: float) -> Generator[Any, Any, None]:
        yield self.environment.timeout(after)
        if host in self.hosts:
            self.life.spot_losses += 1
            self._end(host, by_scaling=False)
            self.life.paid += NOTICE_SECONDS
            self.set_capacity(self.desired)

    def _end(self, host: Host, *, by_scaling: bool = True) -> None:
        self.hosts.remove(host)
        self.life.paid += self.environment.now - host.launched
        self.life.ended_at_work += by_scaling and host.lease is not None
        host.process.interrupt()

    def watch_protected(self) -> Generator[Any, Any, None]:
        """End those that were protected when they should have gone, once they are not."""
        while True:
            yield self.environment.timeout(LOOK_SECONDS)
            if len(self.hosts) > self.desired:
                self.set_capacity(self.desired)

    def settle(self) -> None:
        """Count those that are still there as ending now."""
        for host in list(self.hosts):
            self.life.paid += self.environment.now - host.launched
