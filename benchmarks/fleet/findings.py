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

MOST_PULLS = 6

LEVERS: dict[str, Callable[[Setup], Setup]] = {
    "twice the ranks": lambda setup: replace(
        setup, ranks=min(100, 2 * setup.ranks), unit_ranks=min(76, 2 * setup.unit_ranks)
    ),
    "four times the desk threads": lambda setup: replace(setup, desk_threads=min(64, 4 * setup.desk_threads)),
    "photos in four times the folders": lambda setup: replace(setup, folders=min(1600, 4 * setup.folders)),
    "keys of units in four times the parts": lambda setup: replace(setup, spread=min(4096, 4 * setup.spread)),
    "four times the shelves": lambda setup: replace(setup, shelves=min(512, 4 * setup.shelves)),
    "units half as large": lambda setup: replace(setup, unit_parts=min(4, 2 * setup.unit_parts)),
    "four times the copies of an assembly at once": lambda setup: replace(
        setup, copies=min(256, 4 * setup.copies)
    ),
    "an assembly sends and reads four times as many at once": lambda setup: replace(
        setup, sends=min(32, 4 * setup.sends), reads=min(256, 4 * setup.reads)
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
    one = scenario.run(world, 1).seconds
    found = [(count, scenario.run(world, count)) for count in hosts]
    return [Point(count, run.seconds, one / (count * run.seconds), run.cores) for count, run in found]


def bend(points: Sequence[Point]) -> int | None:
    """The hosts at which the curve is no longer linear; None where it is to its end."""
    return next((point.hosts for point in points if point.efficiency < LINEAR), None)


def causes(scenario: Scenario, world: World, hosts: int) -> list[tuple[str, float]]:
    """How many times faster it would be without each cause, the heaviest first; none that is not worth telling."""
    now = scenario.run(world, hosts).seconds
    gains = {
        cause: now / scenario.run(replace(world, lifted=world.lifted | {cause}), hosts).seconds
        for cause in CAUSES
    }
    return _worth(gains)


def levers(scenario: Scenario, world: World, hosts: int) -> list[tuple[str, float]]:
    """How many times faster it is with each lever pulled once, the strongest first; none that is not worth it."""
    now = scenario.run(world, hosts).seconds
    gains = {}
    for name, pull in LEVERS.items():
        pulled = pull(world.setup)
        if pulled != world.setup:
            gains[name] = now / scenario.run(replace(world, setup=pulled), hosts).seconds
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
