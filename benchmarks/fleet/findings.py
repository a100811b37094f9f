"""What the model finds: how a curve goes, where it bends, what bends it, and which lever moves it.

A cause is found by lifting it out of the model: the one whose absence gains most is the one. A lever is found by
pulling it: a setup with one thing changed, run again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.fleet.model import CAUSES, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.fleet.figures import Setup
    from benchmarks.fleet.scenarios import Scenario

LINEAR = 0.9
"""Efficiency from which on a curve counts as linear: within 10 %."""

WORTH = 1.02
"""Gain below which nothing is called a cause, nor pulled."""

MOST_PULLS = 10

LEVERS: dict[str, Callable[[Setup], Setup]] = {
    "twice the ranks": lambda setup: replace(setup, ranks=min(2 * setup.ranks, int(4 * setup.cores))),
    "four times the desk threads": lambda setup: replace(setup, desk_threads=min(64, 4 * setup.desk_threads)),
    "drops in four times the prefixes": lambda setup: replace(setup, input_prefixes=4 * setup.input_prefixes),
    "results in four times the prefixes": lambda setup: replace(
        setup, result_prefixes=4 * setup.result_prefixes
    ),
    "work/ in four times the prefixes": lambda setup: replace(setup, work_prefixes=4 * setup.work_prefixes),
    "four times the shelves": lambda setup: replace(setup, shelves=min(256, 4 * setup.shelves)),
    "done units out of the index": lambda setup: replace(setup, marks_in_index=False),
    "ten marks in a write": lambda setup: replace(setup, marks_at_once=10),
    "units half as large": lambda setup: replace(setup, unit_seconds=max(0.3, setup.unit_seconds / 2)),
    "units twice as large": lambda setup: replace(setup, unit_seconds=2 * setup.unit_seconds),
    "twice the overview levels in a stage": lambda setup: replace(
        setup, levels_a_stage=min(16, 2 * setup.levels_a_stage)
    ),
    "reducing four times as many at once": lambda setup: replace(
        setup, reduce_fan_in=min(256, 4 * setup.reduce_fan_in)
    ),
    "twice the requests of a unit at once": lambda setup: replace(
        setup, unit_connections=min(8, 2 * setup.unit_connections)
    ),
    "assembly in four times the connections": lambda setup: replace(
        setup, assembly_connections=min(1024, 4 * setup.assembly_connections)
    ),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One run: ``efficiency`` against linear from one host, ``cores`` the share of them that computes."""

    hosts: int
    seconds: float
    efficiency: float
    cores: float


def curve(scenario: Scenario, world: World, hosts: Sequence[int]) -> list[Point]:
    """A point for each of ``hosts``; linear is what one host of the same setup takes, divided."""
    one = scenario.run(world, 1).environment.now
    points = []
    for count in hosts:
        fleet = scenario.run(world, count)
        seconds = fleet.environment.now
        cores = fleet.cores.served / (seconds * fleet.hosts * world.setup.cores)
        points.append(Point(count, seconds, one / (count * seconds), cores))
    return points


def bend(points: Sequence[Point]) -> int | None:
    """The hosts at which the curve is no longer linear; None where it is to its end."""
    return next((point.hosts for point in points if point.efficiency < LINEAR), None)


def causes(scenario: Scenario, world: World, hosts: int) -> list[tuple[str, float]]:
    """How many times faster it would be without each cause, the heaviest first; none that is not worth telling."""
    now = scenario.run(world, hosts).environment.now
    gains = {
        cause: now / scenario.run(replace(world, lifted=world.lifted | {cause}), hosts).environment.now
        for cause in CAUSES
    }
    return _worth(gains)


def levers(scenario: Scenario, world: World, hosts: int) -> list[tuple[str, float]]:
    """How many times faster it is with each lever pulled once, the strongest first; none that is not worth it."""
    now = scenario.run(world, hosts).environment.now
    gains = {}
    for name, pull in LEVERS.items():
        pulled = pull(world.setup)
        if pulled != world.setup:
            gains[name] = now / scenario.run(replace(world, setup=pulled), hosts).environment.now
    return _worth(gains)


def pull_all(scenario: Scenario, world: World, hosts: int) -> tuple[World, list[tuple[str, float]]]:
    """Pull the strongest lever, again and again, until none is worth it: the world then, and what was pulled."""
    pulled: list[tuple[str, float]] = []
    while len(pulled) < MOST_PULLS and (found := levers(scenario, world, hosts)):
        name, _ = found[0]
        world = replace(world, setup=LEVERS[name](world.setup))
        pulled.append(found[0])
    return world, pulled


def _worth(gains: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(((name, gain) for name, gain in gains.items() if gain > WORTH), key=lambda each: -each[1])
