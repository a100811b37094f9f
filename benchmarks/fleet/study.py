"""A scenario looked at from all sides, and whether what must be is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from benchmarks.fleet.figures import Setup
from benchmarks.fleet.findings import LINEAR, Point, bend, causes, curve, pull_all
from benchmarks.fleet.scenarios import HOSTS, Scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.fleet.model import World

USUAL_HOSTS = 100
"""Where levers are pulled for a scenario that asks for nothing."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one setup, where they bend, and the causes there; ``at_target`` those where the must is asked."""

    world: World
    points: Sequence[Point]
    bends: int | None
    at_bend: Sequence[tuple[str, float]]
    at_target: Sequence[tuple[str, float]]

    def point(self, hosts: int) -> Point:
        """The point of just so many hosts. Raises StopIteration where there is none."""
        return next(point for point in self.points if point.hosts == hosts)


@dataclass(frozen=True, slots=True)
class Study:
    """A scenario as things stand, and again with every lever pulled that is worth it on ``target`` hosts."""

    scenario: Scenario
    target: int
    now: Curve
    pulled: Sequence[tuple[str, float]]
    then: Curve


def study(scenario: Scenario, world: World, hosts: Sequence[int] = HOSTS) -> Study:
    """Run the scenario on all of ``hosts``, lift what can be lifted, pull what can be pulled."""
    target = scenario.linear_to or scenario.on or USUAL_HOSTS
    better, pulled = pull_all(scenario, world, target)
    return Study(
        scenario,
        target,
        _looked_at(scenario, world, hosts, target),
        pulled,
        _looked_at(scenario, better, hosts, target),
    )


def verdict(scenario: Scenario, seen: Curve) -> str:
    """What must be, and whether it is; empty where the scenario asks for nothing."""
    if scenario.linear_to:
        point = seen.point(scenario.linear_to)
        met = point.efficiency >= LINEAR
        asked = f"within 10 % of linear to {scenario.linear_to:,} hosts"
        told = f"{point.efficiency:.2f}"
    elif scenario.on:
        point = seen.point(scenario.on)
        met = point.seconds <= scenario.seconds
        asked = f"{scenario.seconds:.0f} s on {scenario.on} hosts"
        told = f"{point.seconds:.0f} s"
    else:
        return ""
    removed = f"; to remove: {seen.at_target[0][0]}" if not met and seen.at_target else ""
    return f"{'yes' if met else 'NO'}: {asked}, is {told}{removed}"


def changed(world: World) -> str:
    """What differs from the setup as things stand."""
    usual = Setup()
    values = {each.name: getattr(world.setup, each.name) for each in fields(Setup)}
    return ", ".join(f"`{name}` {value}" for name, value in values.items() if value != getattr(usual, name))


def _looked_at(scenario: Scenario, world: World, hosts: Sequence[int], target: int) -> Curve:
    points = curve(scenario, world, hosts)
    bends = bend(points)
    at_target = causes(scenario, world, target)
    at_bend = at_target if bends == target else causes(scenario, world, bends) if bends else []
    return Curve(world, points, bends, at_bend, at_target)
