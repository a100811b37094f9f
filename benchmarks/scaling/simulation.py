"""One trace through one template."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import simpy

from benchmarks.scaling.cloudwatch import Metrics, Policies
from benchmarks.scaling.hosts import Group
from benchmarks.scaling.work import Queues
from master.fleet_steps import step
from tilework.aws.fleet_size import Fleet

if TYPE_CHECKING:
    from collections.abc import Generator

    from benchmarks.scaling.hosts import Life
    from benchmarks.scaling.template import Numbers
    from benchmarks.scaling.traces import Trace

SAMPLE_SECONDS: Final = 10.0

WAKER_PHASE: Final = 17.0
"""Seconds of the minute at which the waker looks: nobody drops by its clock."""

SPOT_LOSSES: Final = 0.02
"""An hour and host: a seventh of all hosts in seven hours, far more than AWS's Spot advisor tells of the usual kinds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was there at a moment (seconds)."""

    time: float
    outstanding: int
    hosts: int


@dataclass(slots=True)
class Outcome:
    """What came of it; ``left`` messages and ``hosts_left`` are those at the end."""

    trace: Trace
    numbers: Numbers
    life: Life
    left: int
    hosts_left: int
    samples: list[Sample] = field(default_factory=list)

    @property
    def first_drop(self) -> float:
        """When the first message came."""
        return next(sample.time for sample in self.samples if sample.outstanding)

    @property
    def first_result_seconds(self) -> float:
        """From the first drop to the first result."""
        if self.life.first_done is None:
            raise ValueError(f"{self.trace.name}: nothing was done")
        return self.life.first_done - self.first_drop

    @property
    def sleeps(self) -> int:
        """How often the fleet went to no hosts."""
        return sum(wanted == 0 for _, wanted in self.life.capacities)

    @property
    def awake_for_more(self) -> float:
        """Seconds that the last host of each waking waited for somebody, as the idle time asks for."""
        return self.sleeps * self.numbers.idle_seconds

    @property
    def wasted(self) -> float:
        """The share of what is paid that is neither work nor those idle minutes: starts, gaps, hosts to spare."""
        return 1 - (self.life.working + self.awake_for_more) / self.life.paid

    @property
    def idle_minutes_a_host(self) -> float:
        """Paid, started, and without work, for each host that was launched."""
        life = self.life
        return (life.paid - life.working - life.starting) / life.launched / 60

    @property
    def flaps(self) -> int:
        """How often fewer hosts were wanted, and more again within ten minutes."""
        changes = self.life.capacities
        downs = [when for (_, before), (when, after) in pairwise(changes) if 0 < after < before]
        ups = [when for (_, before), (when, after) in pairwise([(0.0, 0), *changes]) if after > before > 0]
        return sum(any(0 < up - down < 600 for up in ups) for down in downs)


def simulate(numbers: Numbers, trace: Trace, *, seed: int = 1, losses: float = SPOT_LOSSES) -> Outcome:
    """Run ``trace`` over a group that starts at no hosts; ``losses`` are spot reclaims an hour and host."""
    environment, queues = simpy.Environment(), Queues()
    group = Group(
        environment, queues, minimum=numbers.minimum, maximum=numbers.maximum, losses=losses, seed=seed
    )
    metrics = Metrics(environment, queues, lambda: group.in_service)
    policies = Policies(environment, numbers, metrics, lambda: group.desired, group.set_capacity)
    samples: list[Sample] = []
    for process in (
        trace.fill(environment, queues, lambda: _asked(group)),
        metrics.run(),
        policies.run(),
        group.watch_protected(),
        _wake(environment, queues, group, numbers),
        _sample(environment, queues, group, samples),
    ):
        environment.process(process)
    environment.run(until=trace.hours * 3600)
    hosts_left = len(group.hosts)
    group.settle()
    return Outcome(trace, numbers, group.life, queues.outstanding, hosts_left, samples)


def _asked(group: Group) -> None:
    """Somebody asks for an upload: the master wants a host at once."""
    if group.desired == 0:
        group.set_capacity(1)


def _wake(environment: Any, queues: Queues, group: Group, numbers: Numbers) -> Generator[Any, Any, None]:
    """The waker: the function that decides is the master's own."""
    idle_since = None
    yield environment.timeout(WAKER_PHASE)
    while True:
        fleet = Fleet(group.desired, numbers.maximum, group.busy, idle_since)
        waiting = queues.jobs.visible + queues.units.visible
        taken = step(fleet, waiting, queues.outstanding - waiting, environment.now, numbers.idle_seconds)
        idle_since = taken.idle_since
        if taken.hosts is not None:
            group.set_capacity(taken.hosts)
        yield environment.timeout(numbers.look_seconds)


def _sample(
    environment: Any, queues: Queues, group: Group, samples: list[Sample]
) -> Generator[Any, Any, None]:
    while True:
        samples.append(Sample(environment.now, queues.outstanding, len(group.hosts)))
        yield environment.timeout(SAMPLE_SECONDS)
